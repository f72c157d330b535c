"""The shelf of layouts: what each must do, and which one is found."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.errors import DataError
from studio.formats.detect import detect, load_rows
from studio.formats.layout import Format
from studio.formats.pairs import Pairs
from studio.formats.shelf import layout, layout_title, layouts
from studio.rows import Message, RowError
from studio.words import use_language

_CHAT = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
_EXAMPLES: dict[str, dict[str, Any]] = {
    "messages": {"messages": _CHAT},
    "text": {"text": "running text"},
    "labelled": {"text": "good", "label": "positive"},
}


def _example(known: Format) -> dict[str, Any]:
    """Return a row of a layout; those of column names alone make their own."""
    if not isinstance(known, Pairs):
        return _EXAMPLES[known.name]
    columns = (known.prompt, known.extra, known.completion)
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
    assert detect([_write(tmp_path / "a.jsonl", [raw])]).name == known.name
    row = known.row(raw)
    assert row.raw == raw
    filled = {
        "messages": bool(row.messages),
        "text": bool(row.text),
        "label": row.label is not None,
    }
    assert filled[known.gives]
    for wrong in ({}, {"other": 1}, dict.fromkeys(raw), {column: [] for column in raw}):
        assert not known.fits(wrong)
        with pytest.raises(RowError):
            known.row(wrong)


@pytest.mark.parametrize("name", list(layouts()))
def test_every_layout_has_words(name: str) -> None:
    """A name in both languages and its columns."""
    known = layout(name)
    assert known.columns
    assert known.gives in ("messages", "text", "label")
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


@pytest.mark.parametrize("label", [0, True, "x", -1])
def test_labels_are_texts(label: object) -> None:
    """Whatever the file has."""
    assert layout("labelled").row({"Sentence": "t", "Category": label}).label == str(label)


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
