"""The held-out rows of a run: kept beside it, so that trying and comparing need no data files."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.errors import RunError
from studio.rows import Message, Row
from studio.runs.folder import RunFolder
from studio.tasks.shelf import task
from studio.tasks.task import Question
from studio.words import mark

_TEXTS = ("text", "passage", "positive", "negative")
_LISTS = ("tokens", "tags")


def save_rows(rows: Sequence[Row], file: Path, at_most: int = 512) -> None:
    """Write canonical rows as JSON lines, for trying and comparing later."""
    with open(file, "w", encoding="utf-8") as out:
        for row in rows[:at_most]:
            out.write(json.dumps(_plain(row), ensure_ascii=False) + "\n")


def load_saved(file: Path) -> list[Row]:
    """Read back what `save_rows` wrote, but for lines that are damaged: the others are of use."""
    if not file.is_file():
        return []
    lines = file.read_text("utf-8", errors="replace").split("\n")  # texts may hold other ends
    found = (_read(line) for line in lines if line)
    return [row for row in found if row is not None]


def _read(line: str) -> Row | None:
    """Return the row of a line, None where it was cut short or is no row."""
    try:
        return _row(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _plain(row: Row) -> dict[str, Any]:
    """Return the parts of a row that are set; no labels at all is a part, as no answers are."""
    parts = {
        "messages": [{"role": turn.role, "content": turn.content} for turn in row.messages],
        **{name: getattr(row, name) for name in _TEXTS},
        **{name: list(getattr(row, name)) for name in _LISTS},
        "label": row.label,
        "answers": [list(answer) for answer in row.answers],
        "image": str(Path(row.image).absolute()) if row.image else "",
    }
    found = {name: value for name, value in parts.items() if value}
    return found if row.labels is None else {**found, "labels": list(row.labels)}


def _row(values: dict[str, Any]) -> Row:
    """Return the row of its parts."""
    turns = values.get("messages", ())
    parts: dict[str, Any] = {
        **{name: values.get(name, "") for name in (*_TEXTS, "image")},
        **{name: tuple(values.get(name, ())) for name in _LISTS},
        "messages": tuple(Message(turn["role"], turn["content"]) for turn in turns),
        "label": values.get("label"),
        "labels": tuple(values["labels"]) if "labels" in values else None,
        "answers": tuple((text, start) for text, start in values.get("answers", ())),
    }
    return Row(**parts)


def task_of(folder: RunFolder) -> str:
    """Return the name of the task that a run's result was trained for.

    Raises RunError when there is no result yet.
    """
    try:
        return str(json.loads((folder.adapter / "studio.json").read_text("utf-8"))["task"])
    except (OSError, ValueError, KeyError) as reason:
        raise RunError(
            mark("The run {run} has no result yet."),
            mark("Let it finish, or stop it and keep what was learnt."),
            run=folder.name,
        ) from reason


def questions(folder: RunFolder) -> list[Question]:
    """Return the held-out rows as prompts with references and candidates; raises RunError."""
    chosen, rows = task(task_of(folder)), load_saved(folder.held_out)
    near = chosen.candidates(rows)
    found = (chosen.question(row) for row in rows)
    return [replace(question, candidates=near) for question in found if question]
