"""Tags: the first token of each word, runs of words, seqeval's figures."""

import copy
from typing import Any

import pytest

from studio.rows import Row, RowError
from studio.tasks.task import IGNORED, Question, Setting
from studio.tasks.token_cls import NOTHING, TASK, named, spaced_places, spans
from tests.helpers.facts import BERT
from tests.tasks.conftest import Outputs, Says

_WORDS = ("The", "red", "boat", "is", "number")
_TAGS = ("O", "B-COLOUR", "B-THING", "O", "O")
_LABELS = ("O", "B-COLOUR", "B-THING")


def _row(words: tuple[str, ...] = _WORDS, tags: tuple[str, ...] = _TAGS) -> Row:
    return Row(tokens=words, tags=tags)


def test_labels() -> None:
    """Nothing marked first, then by alphabet."""
    assert TASK.labels([_row()]) == _LABELS
    assert TASK.labels([_row(tags=("X", "B-A", "O", "O", "O"))]) == ("O", "B-A", "X")


def test_problems() -> None:
    """No tag, one tag, a tag a word, a model that cannot."""
    many = tuple(str(number) for number in range(600))
    cases = [
        ([Row(text="x")], BERT, "have no tags"),
        ([_row(tags=("O",) * 5)], BERT, "the same tag, O."),
        ([_row(many, many)], BERT, "There are 600 different tags."),
        ([_row()], type(BERT)("x", "x", "folder", "vit"), "cannot be made to mark words"),
    ]
    for rows, facts, said in cases:
        (problem,) = TASK.problems(rows, facts)
        assert said in problem.sentence()
        assert problem.step()
    assert TASK.problems([_row()], BERT) == []


def test_the_first_token_of_a_word_has_its_tag(bert: Any, llama: Any) -> None:
    """Others are read and not trained."""
    (found,) = TASK.encode(_row(), bert, Setting(16, labels=_LABELS))
    assert found.labels.tolist() == [IGNORED, 0, 1, 2, 0, 0, IGNORED]
    row = _row(("zebra", "red"), ("O", "B-COLOUR"))
    (parted,) = TASK.encode(row, llama, Setting(16, labels=_LABELS))
    known = [int(label) for label in parted.labels if label != IGNORED]
    assert known == [0, 1]
    assert len(parted.ids) > 2
    assert parted.labels[0] == 0


def test_words_are_read_as_they_are_written(bert: Any, llama: Any) -> None:
    """With the blank before each where the tokenizer knows it, and the tag at the word."""
    (found,) = TASK.encode(_row(), llama, Setting(32, labels=_LABELS))
    assert found.ids.tolist() == llama("The red boat is number")["input_ids"]
    tagged = {llama.decode([at]): int(tag) for at, tag in zip(found.ids, found.labels, strict=True)}
    assert (tagged[" red"], tagged[" boat"], tagged[" is"]) == (1, 2, 0)
    (same,) = TASK.encode(_row(), bert, Setting(16, labels=_LABELS))
    assert same.ids.tolist() == bert(list(_WORDS), is_split_into_words=True)["input_ids"]


def test_a_word_never_shares_a_token(llama: Any) -> None:
    """Where one token would run over two characters, each is read by itself."""
    tokenizer = copy.deepcopy(llama)
    tokenizer.add_tokens(["北京"])
    row = _row(("我", "在", "北", "京"), ("O", "O", "B-PLACE", "I-PLACE"))
    setting = Setting(32, labels=("O", "B-PLACE", "I-PLACE"))
    (found,) = TASK.encode(row, tokenizer, setting)
    assert [int(tag) for tag in found.labels if tag != IGNORED] == [0, 0, 1, 2]
    assert tokenizer.decode(found.ids) == "我在北京"


def test_long_sentences_are_cut(bert: Any) -> None:
    """At the longest length, and told."""
    (cut,) = TASK.encode(_row(), bert, Setting(5, labels=_LABELS))
    assert cut.cut
    assert cut.labels.tolist() == [IGNORED, 0, 1, 2, IGNORED]
    assert cut.ids[-1] == bert.sep_token_id


@pytest.mark.parametrize("row", [_row(tags=("O", "B-X", "O", "O", "O")), _row(tags=("O",)), Row()])
def test_rows_that_do_not_fit(bert: Any, row: Row) -> None:
    """A tag of no trained row, too few tags, no words."""
    with pytest.raises(RowError):
        TASK.encode(row, bert, Setting(16, labels=_LABELS))


def test_batch_and_loss(bert: Any) -> None:
    """The sum over tagged words by the items; learnt tokens in front do not count."""
    import torch
    from torch.nn.functional import cross_entropy

    setting = Setting(16, labels=_LABELS)
    short = _row(("red", "boat"), ("B-COLOUR", "B-THING"))
    examples = [one for row in (_row(), short) for one in TASK.encode(row, bert, setting)]
    batch = TASK.collator(bert)(examples)
    labels = batch["labels"]
    assert labels[1].tolist() == [IGNORED, 1, 2, *[IGNORED] * 4]
    assert batch["attention_mask"].sum(1).tolist() == [7, 4]
    logits = torch.randn(2, 7, 3)
    wanted = cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum") / 7
    longer = torch.cat([torch.randn(2, 3, 3), logits], 1)
    for given in (logits, longer):
        assert torch.allclose(TASK.loss(Outputs({"logits": given}), labels, 7), wanted)


def test_figures() -> None:
    """A run of words is right where its whole extent and its label are."""
    import torch

    labels = ("O", "B-A", "I-A")
    true = torch.tensor([[0, 1, 2, 0, 1], [1, IGNORED, 0, 0, IGNORED]])
    said = torch.tensor([[0, 1, 2, 0, 0], [1, 2, 0, 1, 0]])
    logits = torch.nn.functional.one_hot(said, 3).float()
    gathered = TASK.metrics(Outputs({"logits": logits}), true, [])
    found = TASK.summarise(gathered, Setting(16, labels=labels))
    # marked: 3 in the data, 3 said, 2 of them right; words: 6 of 8 right
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(2 / 3)
    assert found["accuracy"] == pytest.approx(6 / 8)


def test_figures_of_tags_without_places() -> None:
    """Neighbours with one tag are one run, and nothing warns."""
    gathered = {"true": [[1, 1, 0]], "predicted": [[1, 1, 0]]}
    found = TASK.summarise(gathered, Setting(16, labels=("O", "NAME")))
    assert found == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "accuracy": 1.0}
    gathered = {"true": [[1, 0]], "predicted": [[0, 0]]}
    assert TASK.summarise(gathered, Setting(16, labels=("O", "NAME")))["f1"] == 0.0


def test_spans() -> None:
    """Runs of words, as B, I, E and S mark them or without such places."""
    places = spaced_places(["a", "bb", "c", "d"])
    assert places == [(0, 1), (2, 4), (5, 6), (7, 8)]
    assert spans(places, ("B-X", "I-X", "B-X", "O")) == [(0, 4, "X"), (5, 6, "X")]
    assert spans(places, ("I-X", "I-Y", "E-Y", "S-Y")) == [(0, 1, "X"), (2, 6, "Y"), (7, 8, "Y")]
    assert spans(places, ("X", "X", "O", "X")) == [(0, 4, "X"), (7, 8, "X")]


def _tagger(bert: Any) -> Says:
    """Return a model that marks the word red as a colour."""
    import torch

    red = bert.convert_tokens_to_ids("red")

    def outputs(batch: dict[str, Any]) -> dict[str, Any]:
        chosen = (batch["input_ids"] == red).long()
        front = torch.zeros(1, 2, 3)  # what a prompt method lays before the words
        return {"logits": torch.cat([front, torch.nn.functional.one_hot(chosen, 3).float()], 1)}

    return Says(outputs)


def test_prediction(bert: Any) -> None:
    """With the characters that are marked, and whether it is what the data says."""
    setting = Setting(16, labels=_LABELS)
    found = TASK.predict(_tagger(bert), bert, Question("A red, red boat.", ""), setting)
    assert found.spans == ((2, 5, "COLOUR"), (7, 10, "COLOUR"))
    assert found.words == "COLOUR: red; COLOUR: red"
    assert found.right is None
    asked = TASK.question(_row(tags=("O", "B-COLOUR", "O", "O", "O")))
    assert asked is not None
    assert (asked.prompt, asked.reference) == ("The red boat is number", "COLOUR: red")
    assert TASK.predict(_tagger(bert), bert, asked, setting).right is True
    other = TASK.question(_row())
    assert other is not None
    assert TASK.predict(_tagger(bert), bert, other, setting).right is False
    plain = TASK.predict(_tagger(bert), bert, Question("boat", ""), setting)
    assert (plain.words, plain.spans) == (NOTHING, ())


def test_numbers_as_tags(bert: Any) -> None:
    """0 is what marks nothing, in figures, references and predictions."""
    setting = Setting(16, labels=("0", "3", "7"))
    asked = TASK.question(_row(tags=("0", "3", "0", "0", "0")))
    assert asked is not None
    assert asked.reference == "3: red"
    found = TASK.predict(_tagger(bert), bert, asked, setting)
    assert (found.spans, found.right) == (((4, 7, "3"),), True)
    gathered = {"true": [[0, 1, 0, 2]], "predicted": [[0, 1, 0, 0]]}
    assert TASK.summarise(gathered, setting)["recall"] == 0.5
    assert named(("0", "B-X")) == ("0", "B-X")
