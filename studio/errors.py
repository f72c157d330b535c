"""Everything a person can be told went wrong, each with a next step.

    StudioError
    ├── RecipeError     the recipe file or a value in it
    ├── ModelError      the base model: missing, no model, broken, no tokenizer
    ├── DataError       the data: missing, empty, broken, mixed, not fitting the task
    ├── MethodError     a method that does not fit the model, the task or the machine
    ├── HardwareError   a device that is missing or out of memory
    ├── DiskError       too little room, no right to write
    ├── HubError        a hub that cannot be reached, or says no
    ├── RunError        a run folder: damaged, still running, nothing to resume
    ├── ExportError     an export: folder not empty, method cannot be merged
    └── EngineError     the engine process ended or answered in a way nobody expected

Texts are English templates, marked for translation; they are filled in and translated when shown.
A check returns `Problem`s, all of them at once; an action raises one `StudioError`.
"""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from studio.words import mark, paragraph, tr


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, as data: which field, one sentence, a next step."""

    field: str
    text: str
    next_step: str = ""
    values: dict[str, object] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep only what a JSON file can hold, since problems travel in events and replies."""
        object.__setattr__(self, "values", plain(self.values))

    def sentence(self) -> str:
        """Return the sentence in the person's language."""
        return tr(self.text, **self.values)

    def step(self) -> str:
        """Return the next step in the person's language, or nothing."""
        return tr(self.next_step, **self.values) if self.next_step else ""

    def __str__(self) -> str:
        """Join sentence and next step, as the terminal prints them."""
        return paragraph(self.sentence(), self.step())


class StudioError(Exception):
    """Something the person can understand and act upon."""

    def __init__(self, text: str, next_step: str = "", **values: object) -> None:
        self.problem = Problem("", text, next_step, values)
        super().__init__(text)

    def sentence(self) -> str:
        """Return the sentence in the person's language."""
        return self.problem.sentence()

    def step(self) -> str:
        """Return the next step in the person's language, or nothing."""
        return self.problem.step()

    def __str__(self) -> str:
        """Join sentence and next step."""
        return str(self.problem)


class RecipeError(StudioError):
    """The recipe, with every problem found in it."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        super().__init__(first.text, first.next_step, **first.values)
        self.problems = problems

    def __str__(self) -> str:
        """List every problem, one a line."""
        return "\n".join(str(problem) for problem in self.problems)


class ModelError(StudioError):
    """The base model cannot be used."""


class DataError(StudioError):
    """The data cannot be used."""


class MethodError(StudioError):
    """The method does not fit."""


class HardwareError(StudioError):
    """The machine cannot do this."""


class DiskError(StudioError):
    """The disk is full or may not be written to."""


class HubError(StudioError):
    """The hub cannot be reached or refuses."""


class RunError(StudioError):
    """The run folder cannot be used."""


class ExportError(StudioError):
    """The export cannot be written."""


class EngineError(StudioError):
    """The engine process failed."""


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values with texts in place of paths, exceptions and whatever else is no JSON."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> object:
    """Return a value that JSON knows; lists keep their items."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)


def suggest(name: str, known: Collection[str]) -> tuple[str, dict[str, object]]:
    """Return a next step, as a template with values: the nearest known name, or all of them."""
    lowered = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    if near:
        return mark("Did you mean {near}?"), {"near": lowered[near[0]]}
    return mark("Known: {known}."), {"known": ", ".join(known)}
