"""Answers in passages: windows, where the answer is, figures over windows, predictions."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from studio.rows import Row, RowError
from studio.tasks.question_answering import TASK
from studio.tasks.squad import NOTHING
from studio.tasks.task import Question, Setting
from tests.helpers.facts import BERT, LLAMA_3B
from tests.tasks.conftest import Outputs, Says

_PASSAGE = "The red boat is number 3. The blue house is number 9. The green lamp is number 10."
_SETTING = Setting(64, kind="some")


def _row(answer: str = "house", question: str = "What is it") -> Row:
    answers = ((answer, _PASSAGE.index(answer)),) if answer else ()
    return Row(text=question, passage=_PASSAGE, answers=answers)


def _pointed(example: Any) -> str:
    """Return the words that an example's labels point at."""
    first, last = example.labels.tolist()
    places = example.extra["places"]
    return str(example.extra["passage"][places[first, 0] : places[last, 1]])


def test_models_and_rows() -> None:
    """Encoders and causal models that transformers has the class for; rows with answers."""
    assert TASK.problems([_row()], BERT) == []
    assert TASK.fits_model(LLAMA_3B)
    (problem,) = TASK.problems([_row()], type(BERT)("x", "x", "folder", "gemma2"))
    assert "cannot be made to find answers" in problem.sentence()
    (problem,) = TASK.problems([_row("")], BERT)
    assert "None of the rows has an answer" in problem.sentence()
    assert TASK.kind([_row(), _row("")]) == "some"
    assert TASK.kind([_row()]) == "every"


@pytest.mark.parametrize("answer", ["house", "red boat", "The", "10", "blue house is number 9"])
def test_labels_point_at_the_answer(bert: Any, llama: Any, answer: str) -> None:
    """Whatever the tokenizer, the pointed tokens are the answer's."""
    for tokenizer in (bert, llama):
        (found,) = TASK.encode(_row(answer), tokenizer, Setting(128))
        assert _pointed(found).strip() == answer
        first, last = found.labels
        assert found.extra["inside"][first]
        assert found.extra["inside"][last]


def test_no_answer(bert: Any, llama: Any) -> None:
    """[CLS] is pointed at, or a token that is laid behind where there is none."""
    (found,) = TASK.encode(_row(""), bert, _SETTING)
    assert found.labels.tolist() == [0, 0]
    assert found.ids[0] == bert.cls_token_id
    (other,) = TASK.encode(_row(""), llama, Setting(128))
    assert other.labels.tolist() == [len(other.ids) - 1] * 2
    assert other.ids[-1] == llama.eos_token_id
    assert not other.extra["inside"][-1]


def test_long_passages_are_read_in_windows(bert: Any) -> None:
    """They overlap by a quarter; the answer is pointed at where it is whole."""
    longest = 17  # with one to spare for a token behind the window
    examples = TASK.encode(_row(), bert, Setting(longest, kind="some"))
    assert len(examples) > 1
    assert all(len(one.ids) <= longest for one in examples)
    held = [one.extra["places"][one.extra["inside"]] for one in examples]
    for before, after in pairwise(held):
        assert (before[-4:] == after[:4]).all()
    assert held[-1][-1][1] == len(_PASSAGE)
    pointed = [_pointed(one) for one in examples if one.labels[0] != one.extra["nowhere"]]
    assert pointed
    assert set(pointed) == {"house"}
    for one in examples:
        start = _PASSAGE.index("house")
        whole = [start, start + 5] in one.extra["places"].tolist()
        assert (one.labels[0] != one.extra["nowhere"]) == whole


def test_long_questions_are_cut(bert: Any) -> None:
    """At half of the longest length, and told; with no room for the passage the row is refused."""
    row = Row(text="What is it " * 20, passage=_PASSAGE)
    examples = TASK.encode(row, bert, Setting(32, kind="some"))
    assert all(one.cut for one in examples)
    assert all(one.extra["inside"].sum() >= 8 for one in examples[:-1])
    with pytest.raises(RowError):
        TASK.encode(row, bert, Setting(16, kind="some"))
    for empty in (Row(text="x"), Row(passage="x"), Row()):
        with pytest.raises(RowError):
            TASK.encode(empty, bert, _SETTING)


def test_loss(bert: Any) -> None:
    """The mean over both ends; padding and learnt tokens in front have no part in it."""
    import torch
    from torch.nn.functional import cross_entropy

    short = Row(text="What", passage="red boat", answers=(("boat", 4),))
    examples = [one for row in (_row(), short) for one in TASK.encode(row, bert, _SETTING)]
    batch = TASK.collator(bert)(examples)
    assert batch["labels"].shape == (2, 2)
    mask = batch["attention_mask"]
    starts, ends = torch.randn(2, *mask.shape)
    wanted = sum(
        cross_entropy(logits[row][: len(one.ids)], torch.tensor(int(one.labels[side])))
        for side, logits in enumerate((starts, ends))
        for row, one in enumerate(examples)
    )
    front = torch.randn(2, 3)
    for before in (front[:, :0], front):
        both = [torch.cat([before, logits], 1) for logits in (starts, ends)]
        given = {"start_logits": both[0], "end_logits": both[1], "attention_mask": mask}
        assert torch.allclose(TASK.loss(Outputs(given), batch["labels"], 4), wanted / 4)


def _outputs(batch: dict[str, Any], found: Any) -> dict[str, Any]:
    """Return scores that point at a token wherever it stands, and else at the first token."""
    import torch

    hit = (batch["input_ids"] == found).float() * 9
    none = torch.zeros_like(hit)
    none[:, 0] = 4
    return {"start_logits": hit + none, "end_logits": hit + none}


def _points_at(word: str, tokenizer: Any) -> Says:
    found = tokenizer.convert_tokens_to_ids(word)
    return Says(lambda batch: _outputs(batch, found))


def test_figures_over_windows(bert: Any) -> None:
    """Each row counts once, against the best of its answers."""
    setting = Setting(16, kind="some")
    right, other = _row("house"), _row("lamp", "What")
    two = Row(text="What", passage="The red boat", answers=(("red boat", 4), ("boat", 8)))
    model, gathered = _points_at("house", bert), []
    for row in (right, other):
        examples = TASK.encode(row, bert, setting)
        batch = TASK.collator(bert)(examples)
        outputs = Outputs({**_outputs(batch, bert.convert_tokens_to_ids("house")),
                           "attention_mask": batch["attention_mask"]})  # fmt: skip
        gathered += TASK.metrics(outputs, batch["labels"], examples)["windows"]
    assert len(gathered) > 2
    assert TASK.summarise({"windows": gathered}, setting) == {"exact_match": 0.5, "f1": 0.5}
    asked = TASK.question(two)
    assert asked is not None
    assert TASK.predict(_points_at("boat", bert), bert, asked, setting).right is True
    assert TASK.predict(model, bert, asked, setting).right is False


def test_prediction(bert: Any) -> None:
    """The answer, its place in the passage, and whether the data says so."""
    asked = TASK.question(_row("house"))
    assert asked == Question("What is it", "house", passage=_PASSAGE)
    found = TASK.predict(_points_at("house", bert), bert, asked, Setting(16, kind="some"))
    assert (found.words, found.right) == ("house", True)
    ((start, end, _label),) = found.spans
    assert _PASSAGE[start:end] == "house"
    assert found.scores[0][0] == "house"
    typed = Question("What is it", "", passage=_PASSAGE)
    assert TASK.predict(_points_at("house", bert), bert, typed, _SETTING).right is None


def test_prediction_of_no_answer(bert: Any) -> None:
    """Where the data has such rows; otherwise some words are always said."""
    asked = TASK.question(_row(""))
    assert asked is not None
    assert asked.reference == NOTHING
    found = TASK.predict(_points_at("stone", bert), bert, asked, _SETTING)
    assert (found.words, found.spans, found.right) == (NOTHING, (), True)
    always = TASK.predict(_points_at("stone", bert), bert, asked, Setting(64, kind="every"))
    assert always.words != NOTHING


def test_ids_are_whole_numbers(bert: Any) -> None:
    """As all tasks' examples."""
    (found,) = TASK.encode(_row(), bert, _SETTING)
    assert found.ids.dtype == found.labels.dtype == np.int32
