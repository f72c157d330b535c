"""The shelf of layouts: what each must do, and which one is found."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.errors import DataError
from studio.formats.alike import Alike
from studio.formats.detect import detect, load_rows
from studio.formats.layout import Format
from studio.formats.pairs import Pairs
from studio.formats.shelf import layout, layout_title, layouts
from studio.rows import PARTS, Message, Row, RowError
from studio.words import use_language

_CHAT = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
_EXAMPLES: dict[str, dict[str, Any]] = {
    "messages": {"messages": _CHAT},
    "text": {"text": "running text"},
    "labelled": {"text": "good", "label": "positive"},
    "squad": {
        "question": "Who?",
        "context": "It was Wick.",
        "answers": {"text": ["Wick"], "answer_start": [7]},
    },
    "tagged": {"tokens": ["Wick", "sleeps"], "tags": ["B-CAT", "O"]},
    "images": {"image": "dark/1.png", "label": "dark"},
    "translation": {"translation": {"en": "Good day", "zh": "你好"}},
}
_FILLED: dict[str, Callable[[Row], bool]] = {
    "span": lambda row: bool(row.text and row.passage and row.answers),
    "tags": lambda row: len(row.tags) == len(row.tokens) > 0,
    "image": lambda row: bool(row.image and row.label),
    "messages": lambda row: bool(row.messages),
    "pair": lambda row: bool(row.text and row.positive),
    "label": lambda row: bool(row.text and row.label),
    "text": lambda row: bool(row.text),
}


def _example(known: Format) -> dict[str, Any]:
    """Return a row of a layout; those of column names alone make their own."""
    if isinstance(known, Alike):
        columns = (known.anchor, known.positive, known.negative)
    elif isinstance(known, Pairs):
        columns = (known.prompt, known.extra, known.completion)
    else:
        return _EXAMPLES[known.name]
    return {column: f"in {column}" for column in columns if column}


def _write(file: Path, rows: list[dict[str, Any]]) -> str:
    """Write JSON lines."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(file)


@pytest.mark.parametrize("known", layouts().values(), ids=list(layouts()))
def test_every_layout(known: Format, tmp_path: Path) -> None:
    """Found by its own rows, reads them, refuses rows that are not its own with a sentence."""
    raw = _example(known)
    assert known.fits(raw)
    found = detect([_write(tmp_path / "a.jsonl", [raw])], [known.gives])
    assert found.name == known.name
    row = known.row(raw)
    assert row.raw == raw
    assert _FILLED[known.gives](row)
    for wrong in ({}, {"other": 1}, dict.fromkeys(raw), {column: [] for column in raw}):
        assert not known.fits(wrong)
        with pytest.raises(RowError):
            known.row(wrong)


@pytest.mark.parametrize("name", list(layouts()))
def test_every_layout_has_words(name: str) -> None:
    """A name in both languages and its columns."""
    known = layout(name)
    assert known.columns
    assert known.gives in PARTS
    assert layout_title(name) == known.title
    use_language("zh_CN")
    assert layout_title(name)


def test_unknown_layout() -> None:
    """With the nearest one."""
    with pytest.raises(DataError, match=r"There is no layout alpacca\. Did you mean alpaca\?"):
        layout("alpacca")


def test_sharegpt_names() -> None:
    """from and value, parts of a turn, a system column."""
    raw = {
        "conversations": [
            {"from": "human", "value": [{"type": "text", "text": "Q"}]},
            {"from": "gpt", "value": "A"},
        ],
        "system": "S",
    }
    turns = layout("messages").row(raw).messages
    assert turns == (Message("system", "S"), Message("user", "Q"), Message("assistant", "A"))


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ([{"role": "wizard", "content": "x"}], "A turn has the unknown role wizard."),
        ([{"role": "user", "content": None}], "A turn of the conversation holds no text."),
        (["hello"], "A turn of the conversation is not an object."),
        ([{"role": "user", "content": "x"}], "The conversation has no answer."),
        ([{"role": "assistant", "content": "x"}], "The conversation has no question."),
        ([{"role": "user", "content": [{}]}], "A turn of the conversation holds no text."),
    ],
)  # fmt: skip
def test_conversations_that_do_not_fit(turns: list[Any], said: str) -> None:
    """Each with its reason."""
    with pytest.raises(RowError) as found:
        layout("messages").row({"messages": turns})
    assert found.value.text.format(**found.value.values) == said


def test_alpaca_joins_the_input() -> None:
    """Below the instruction, when there is one; numbers are texts."""
    alpaca = layout("alpaca")
    row = alpaca.row({"instruction": "Add", "input": "1 and 2", "output": 3})
    assert [turn.content for turn in row.messages] == ["Add\n\n1 and 2", "3"]
    row = alpaca.row({"instruction": "Hi", "input": "", "output": "Ho"})
    assert row.messages[0].content == "Hi"
    with pytest.raises(RowError, match="is empty"):
        alpaca.row({"instruction": "Hi", "output": "  "})


@pytest.mark.parametrize("label", [0, True, "x", -1, 2.5])
def test_labels_are_texts(label: object) -> None:
    """Whatever the file has."""
    assert layout("labelled").row({"Sentence": "t", "Category": label}).label == str(label)


@pytest.mark.parametrize(
    ("given", "labels"), [([], ()), (["a", "b", "a"], ("a", "b")), ([3, 7], ("3", "7"))]
)
def test_several_labels(given: list[Any], labels: tuple[str, ...]) -> None:
    """Each once; an empty list is no label at all, which is an answer too."""
    raw = {"text": "t", "labels": given}
    assert layout("labelled").fits(raw)
    row = layout("labelled").row(raw)
    assert (row.label, row.labels) == (None, labels)


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("labelled", {"text": "t", "label": None}, "The row has no label."),
        ("labelled", {"text": "t", "label": " "}, "The row has no label."),
        ("labelled", {"text": "t", "label": math.nan}, "The row has no label."),
        ("labelled", {"text": " ", "label": "x"}, "The text is empty."),
        (
            "labelled",
            {"text": "t", "label": [None]},
            "The list of labels holds something that is no label.",
        ),
        ("labelled", {"text": "t", "label": [0, 1, 0]}, "The labels are numbers for every class"),
        ("images", {"image": "a.pdf", "label": "x"}, "a.pdf is no picture that can be read"),
        ("images", {"image": "a.png", "label": ""}, "The row has no label."),
        ("tagged", {"tokens": ["a"], "tags": ["O", "O"]}, "The row has 1 words and 2 tags."),
        (
            "tagged",
            {"tokens": ["a", 1], "tags": [0, 0]},
            "The column tokens holds no list of texts.",
        ),
        ("tagged", {"tokens": ["a"], "tags": [None]}, "The column tags holds no list of texts."),
        ("tagged", {"tokens": [], "tags": []}, "The row has no words."),
        ("translation", {"translation": {"en": "a"}}, "The translation is not of two texts"),
        (
            "translation",
            {"translation": {"en": "a", "zh": ""}},
            "A text of the translation is empty.",
        ),
        ("anchor_positive", {"anchor": "a", "positive": " "}, "A text of the pair is empty."),
        (
            "sentence_pairs",
            {"sentence1": "a", "sentence2": "b", "label": 0},
            "The column label judges the pair",
        ),
        (
            "sentence_pairs",
            {"sentence1": "a", "sentence2": "b", "Gold_Label": "contradiction"},
            "The column Gold_Label judges the pair",
        ),
    ],
)
def test_rows_that_do_not_fit(name: str, raw: dict[str, Any], said: str) -> None:
    """Each with its reason."""
    with pytest.raises(RowError) as found:
        layout(name).row(raw)
    assert found.value.text.format(**found.value.values).startswith(said)


@pytest.mark.parametrize("judge", ["Label", "gold_label", "is_duplicate", "similarity_score"])
def test_judged_pairs_are_no_pairs_that_mean_the_same(judge: str) -> None:
    """Whatever the judgement is called: a contradiction would be learnt as a likeness."""
    raw = {"sentence1": "a", "sentence2": "b"}
    assert layout("sentence_pairs").fits(raw)
    assert not layout("sentence_pairs").fits({**raw, judge: 0})


def test_tags_may_be_numbers() -> None:
    """They are taken as digits; of several columns of tags, names come first."""
    raw = {"tokens": ["a", "b"], "pos_tags": [4, 5], "ner_tags": [0, 1]}
    assert layout("tagged").row(raw).tags == ("0", "1")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({"text": "a", "summary": "b"}, "text_summary"),
        ({"title": "a", "body": "b"}, "title_body"),
        ({"title": "a", "body": "b", "category": "c"}, "labelled"),
        ({"headline": "a", "body": "b", "topic": "c"}, "headline_body"),
        ({"question": "a", "answer": "b"}, "question_answer"),
        ({"question": "a", "context": "Not in it.", "answer": "b"}, "question_answer"),
        ({"question": "a", "context": "b is here.", "answer": "b"}, "squad"),
        ({"tokens": ["a"], "tags": ["O"], "text": "a", "label": "x"}, "tagged"),
        ({"text": "a", "tags": ["x", "y"]}, "text"),
    ],
)
def test_columns_that_more_than_one_layout_has(
    raw: dict[str, Any], name: str, tmp_path: Path
) -> None:
    """The one that makes most of them is taken."""
    assert detect([_write(tmp_path / "a.jsonl", [raw])]).name == name


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (("pair",), "question_answer_pair"),
        (("messages", "text"), "question_answer"),
        (("span",), "squad"),
        (("image",), "squad"),
    ],
)
def test_wanted_parts_come_first(wanted: tuple[str, ...], name: str, tmp_path: Path) -> None:
    """Where none is there, the rows are read as they would be without a wish."""
    raw = {"question": "a", "context": "b is here.", "answer": "b"}
    assert load_rows([_write(tmp_path / "a.jsonl", [raw])], wanted=wanted).layout == name


def test_mixed_rows_go_with_the_most(tmp_path: Path) -> None:
    """The others are told one by one, with their numbers."""
    rows = [{"prompt": "p", "completion": "c"}] * 5 + [{"text": "t"}, {"prompt": "p"}]
    found = load_rows([_write(tmp_path / "a.jsonl", rows)])
    assert (found.layout, len(found.good)) == ("prompt_completion", 5)
    assert [bad.number for bad in found.bad] == [6, 7]
    assert found.bad[1].values == {"column": "completion"}


def test_missing_column(tmp_path: Path) -> None:
    """A layout that was chosen and that no row has: the column and the row are named."""
    name = _write(tmp_path / "a.jsonl", [{"prompt": "p"}, {"prompt": "q"}])
    with pytest.raises(DataError) as found:
        load_rows([name], "prompt_completion")
    assert found.value.sentence() == "The column completion is missing."
    assert "row 1" in found.value.step()
    assert "prompt_completion" in found.value.step()


def test_unknown_columns(tmp_path: Path) -> None:
    """They are named."""
    with pytest.raises(DataError, match="its columns are foo, bar"):
        detect([_write(tmp_path / "a.jsonl", [{"foo": 1, "bar": 2}])])


def test_files_of_different_layouts(tmp_path: Path) -> None:
    """Both are named."""
    files = [
        _write(tmp_path / "a.jsonl", [{"text": "t"}]),
        _write(tmp_path / "b.jsonl", [{"messages": _CHAT}]),
    ]
    with pytest.raises(DataError, match=r"a\.jsonl: text, .*b\.jsonl: messages"):
        load_rows(files)


@pytest.mark.parametrize("name", ["auto", "text"])
def test_no_files(name: str) -> None:
    """Whether or not a layout was chosen."""
    with pytest.raises(DataError, match="No data is chosen"):
        load_rows([], name)


def test_at_most(tmp_path: Path) -> None:
    """So many rows and not one more."""
    name = _write(tmp_path / "a.jsonl", [{"text": str(n)} for n in range(9)])
    assert [row.text for row in load_rows([name, name], "auto", 11).good][-2:] == ["0", "1"]
