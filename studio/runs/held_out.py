"""The held-out rows of a run: kept beside it, so that trying and comparing need no data files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.errors import RunError
from studio.rows import Message, Row
from studio.runs.folder import RunFolder
from studio.tasks.shelf import task
from studio.tasks.task import Question
from studio.words import mark


def save_rows(rows: Sequence[Row], file: Path, at_most: int = 512) -> None:
    """Write canonical rows as JSON lines, for trying and comparing later."""
    with open(file, "w", encoding="utf-8") as out:
        for row in rows[:at_most]:
            out.write(json.dumps(_plain(row), ensure_ascii=False) + "\n")


def load_saved(file: Path) -> list[Row]:
    """Read back what `save_rows` wrote."""
    if not file.is_file():
        return []
    lines = file.read_text("utf-8").splitlines()
    return [_row(json.loads(line)) for line in lines if line]


def _plain(row: Row) -> dict[str, Any]:
    """Return the parts of a row that are set."""
    turns = [{"role": turn.role, "content": turn.content} for turn in row.messages]
    parts = {"messages": turns, "text": row.text, "label": row.label}
    return {name: value for name, value in parts.items() if value}


def _row(values: dict[str, Any]) -> Row:
    """Return the row of its parts."""
    turns = tuple(Message(turn["role"], turn["content"]) for turn in values.get("messages", ()))
    return Row(turns, values.get("text", ""), values.get("label"))


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
    """Return the held-out rows as prompts with their references; raises RunError."""
    chosen = task(task_of(folder))
    found = (chosen.question(row) for row in load_saved(folder.held_out))
    return [question for question in found if question]
