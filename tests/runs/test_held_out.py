"""Held-out rows: whatever a row holds is there again, and old files are still read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.rows import Message, Row
from studio.runs.held_out import load_saved, save_rows

_ROWS = [
    Row(messages=(Message("user", "Q"), Message("assistant", "A"))),
    Row(text="plain\u2028text"),
    Row(text="t", label="warm"),
    Row(text="t", label="0"),
    Row(text="t", labels=("a", "b")),
    Row(text="t", labels=()),
    Row(tokens=("Wick", "sleeps"), tags=("B-CAT", "O")),
    Row(text="Who?", passage="Wick sleeps.", answers=(("Wick", 0), ("sleeps", 5))),
    Row(text="Who?", passage="Nobody sleeps.", answers=()),
    Row(text="a", positive="b", negative="c"),
    Row(image=str(Path("/pictures/a.png").absolute()), label="dark"),
]


def test_every_part_is_kept(tmp_path: Path) -> None:
    """A row of each kind."""
    file = tmp_path / "held_out.jsonl"
    save_rows(_ROWS, file)
    assert load_saved(file) == _ROWS


def test_pictures_are_kept_with_their_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that they are found from wherever the run is looked at."""
    monkeypatch.chdir(tmp_path)
    save_rows([Row(image="a.png", label="x")], tmp_path / "rows.jsonl")
    (row,) = load_saved(tmp_path / "rows.jsonl")
    assert row.image == str(tmp_path / "a.png")


@given(st.lists(st.builds(Row, text=st.text(), passage=st.text(), label=st.text(min_size=1))))
def test_any_text_is_kept(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    """Whatever ends of lines or characters it holds."""
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    save_rows(rows, file)
    assert load_saved(file) == rows


def test_old_files(tmp_path: Path) -> None:
    """They know messages, text and label alone."""
    file = tmp_path / "rows.jsonl"
    file.write_text(
        '{"messages": [{"role": "user", "content": "Q"}]}\n{"text": "t", "label": "x"}\n', "utf-8"
    )
    assert load_saved(file) == [Row(messages=(Message("user", "Q"),)), Row(text="t", label="x")]
    assert load_saved(tmp_path / "none.jsonl") == []


def test_at_most(tmp_path: Path) -> None:
    """No more than asked for."""
    save_rows(_ROWS, tmp_path / "rows.jsonl", at_most=3)
    assert load_saved(tmp_path / "rows.jsonl") == _ROWS[:3]


@pytest.mark.parametrize(
    "damaged",
    ['{"text": "cut sh', "[1, 2]", "7", "null", '{"messages": [{"role": "user"}]}', '{"tags": 3}'],
)
def test_damaged_lines_are_left_out(tmp_path: Path, damaged: str) -> None:
    """The rows around them are read."""
    file = tmp_path / "rows.jsonl"
    save_rows(_ROWS[:2], file)
    first, second, _end = file.read_text("utf-8").split("\n")
    file.write_text(f"{first}\n{damaged}\n{second}\n{damaged}", "utf-8")
    assert load_saved(file) == _ROWS[:2]


def test_a_letter_cut_in_half(tmp_path: Path) -> None:
    """A full disk ends a file anywhere."""
    file = tmp_path / "rows.jsonl"
    save_rows([Row(text="a"), Row(text="\u4e2d")], file)
    file.write_bytes(file.read_bytes().partition(b"\xe4")[0] + b"\xe4")
    assert load_saved(file) == [Row(text="a")]
