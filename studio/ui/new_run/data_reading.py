"""Reading the data off the GUI thread: rows, their lengths, and what should be looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from studio.errors import Problem, StudioError
from studio.formats.shelf import layout_title
from studio.models.sample import SAMPLE
from studio.recipe import Recipe
from studio.rows import Row
from studio.survey import DataSurvey, survey_data, tokens_of
from studio.words import tr, trn

Key = tuple[object, ...]


@dataclass(frozen=True)
class Reading:
    """What was read, the tokens of each trained row (estimated), and rows with empty answers."""

    survey: DataSurvey
    sizes: list[int]
    silent: int

    def longer(self, longest: int) -> int:
        """Return how many rows are longer than so many tokens, by the estimate."""
        return sum(size > longest for size in self.sizes)


def read(recipe: Recipe, known: DataSurvey | None = None) -> Reading:
    """Read a recipe's data, or only measure rows that were read already; raises DataError."""
    survey = known or survey_data(recipe)
    return Reading(survey, [tokens_of(row) for row in survey.rows], _silent(survey.rows))


def _silent(rows: Sequence[Row]) -> int:
    """Count the rows of which an answer is empty."""
    return sum(
        any(turn.role == "assistant" and not turn.content.strip() for turn in row.messages)
        for row in rows
    )


def key_of(recipe: Recipe) -> Key:
    """Return what a reading depends on."""
    chosen = recipe.data
    files, held = tuple(chosen.files), tuple(chosen.eval_files)
    task = recipe.task.name  # a task that is named decides which layouts are looked for
    return (files, chosen.layout, held, chosen.eval_share, chosen.max_rows, task)


def files_words(files: Sequence[str]) -> str:
    """Return the files' names in a few words."""
    if not files:
        return ""
    first = tr("sample chats") if files[0].startswith(SAMPLE) else PurePath(files[0]).name
    if len(files) == 1:
        return first
    return trn("{first} and {n} more", "{first} and {n} more", len(files) - 1, first=first)


def survey_words(recipe: Recipe, survey: DataSurvey) -> str:
    """Return files, rows and layout in one line."""
    total = len(survey.rows) + len(survey.held_out) + len(survey.bad)
    rows = trn("{n} row", "{n} rows", total)
    return f"{files_words(recipe.data.files)} · {rows} · {layout_title(survey.layout).lower()}"


def as_problem(error: StudioError) -> Problem:
    """Return an error as the problem of the field that names the files."""
    return replace(error.problem, field="data.files")
