"""Read presets/guide.toml: the questions, rules and measures that the guide weighs. No torch."""

import functools
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.paths import PRESETS
from studio.words import language, tr

_GIGABYTE = 1 << 30


def spoken(texts: Mapping[str, Any], name: str) -> str:
    """Return a text in the person's language."""
    chinese = texts.get(f"{name}_zh") if language() == "zh_CN" else None
    return str(chinese or texts.get(name, ""))


@dataclass(frozen=True)
class Asked:
    """A question of the guide; each choice has a key, an upper bound (0: none) and two texts."""

    key: str
    texts: dict[str, str]
    answers: tuple[tuple[str, float, str, str], ...]

    @property
    def title(self) -> str:
        """The question in the person's language."""
        return spoken(self.texts, "title")

    @property
    def choices(self) -> dict[str, str]:
        """The answers by key, in the person's language."""
        chinese = language() == "zh_CN"
        return {key: zh if chinese else en for key, _, en, zh in self.answers}

    def answer(self, value: float) -> str:
        """Return the key of the choice that a number falls into, or "" for 0 (unknown)."""
        fitting = (key for key, bound, *_ in self.answers if not bound or value < bound)
        return next(fitting, "") if value else ""


@dataclass(frozen=True)
class Situation:
    """What the guide is asked about; 0 and "" are unknown.

    `goal`: a key of the first question's choices. `task`: a task's name. `family`: the model's
    type as transformers names it. `limit`: bytes of memory that there are, `needs`: estimated
    bytes by method. `bits`: how the recipe holds the model, "auto" for as the method does.
    """

    goal: str = "general"
    task: str = ""
    parameters: int = 0
    rows: int = 0
    family: str = ""
    limit: int = 0
    on_card: bool = False
    four_bit: bool = True
    bits: str = "auto"
    needs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """What a document advises, and what contradicts it; see the head of the file."""

    favours: dict[str, float]
    doubts: dict[str, float]
    texts: dict[str, str]
    conditions: dict[str, Any]
    match: str = "all"
    source: tuple[str, str] = ("", "")
    doubt_source: tuple[str, str] = ("", "")

    def applies(self, asked: Situation) -> bool:
        """Say whether the rule speaks about this situation."""
        held = [_CONDITIONS[name](asked, value) for name, value in self.conditions.items()]
        return any(held) if self.match == "any" else all(held)


@dataclass(frozen=True)
class Measure:
    """A measured figure held against LoRA's; see the table's head in the file."""

    of: str
    scale: str
    weights: dict[str, float]
    least: float
    most: float
    texts: dict[str, str]
    beyond: float = 0.0
    near: float = 0.0

    def weight(self, goal: str) -> float:
        """Return the weight for a goal; 0 where the figure does not matter to it."""
        return self.weights.get(goal, self.weights.get("else", 0.0))


@dataclass(frozen=True)
class Book:
    """The whole file."""

    questions: tuple[Asked, ...]
    rules: tuple[Rule, ...]
    measures: tuple[Measure, ...]
    families: dict[str, dict[str, Any]]
    works: dict[str, dict[str, list[str]]]
    sources: dict[str, dict[str, str]]

    def cite(self, source: tuple[str, str]) -> str:
        """Return where something is written: title and heading."""
        name, heading = source
        title = spoken(self.sources[name], "title") if name else ""
        return tr("{title}: {heading}", title=title, heading=heading) if heading else title


@functools.lru_cache(maxsize=1)
def book() -> Book:
    """Return the guide's file."""
    values = tomllib.loads((PRESETS / "guide.toml").read_text("utf-8"))
    return Book(
        questions=tuple(_question(entry) for entry in values["questions"]),
        rules=tuple(_rule(entry) for entry in values["rules"]),
        measures=tuple(_measure(entry) for entry in values["measures"]),
        families=values["families"],
        works=values["works"],
        sources=values["sources"],
    )


def _question(entry: dict[str, Any]) -> Asked:
    """Read a question."""
    answers = tuple((key, float(bound), en, zh) for key, bound, en, zh in entry["choices"])
    return Asked(entry["key"], {k: v for k, v in entry.items() if "title" in k}, answers)


def _rule(entry: dict[str, Any]) -> Rule:
    """Read a rule; what is neither condition, weights nor source is one of its texts."""
    rest = dict(entry)
    conditions = {name: rest.pop(name) for name in list(rest) if name in _CONDITIONS}
    favours, doubts = rest.pop("favours", {}), rest.pop("doubts", {})
    match = rest.pop("match", "all")
    source = tuple(rest.pop("source", ("", "")))
    doubt_source = tuple(rest.pop("doubt_source", ("", "")))
    return Rule(favours, doubts, rest, conditions, match, source, doubt_source)


def _measure(entry: dict[str, Any]) -> Measure:
    """Read a measure."""
    rest = dict(entry)
    names = ("of", "scale", "weights", "least", "most", "beyond", "near")
    values = {name: rest.pop(name) for name in names if name in rest}
    return Measure(texts=rest, **values)


def works(asked: Situation) -> set[str]:
    """Return what the documents would call the work: generation, classification, code, ..."""
    return {
        name
        for name, told in book().works.items()
        if asked.task in told.get("tasks", ()) or asked.goal in told.get("goals", ())
    }


def _goals(asked: Situation, names: list[str]) -> bool:
    return asked.goal in names


def _works(asked: Situation, names: list[str]) -> bool:
    return bool(works(asked) & set(names))


def _size_above(asked: Situation, bound: float) -> bool:
    return asked.parameters >= bound


def _size_below(asked: Situation, bound: float) -> bool:
    return 0 < asked.parameters < bound


def _rows_above(asked: Situation, bound: int) -> bool:
    return asked.rows > bound


def _rows_below(asked: Situation, bound: int) -> bool:
    return 0 < asked.rows < bound


def _memory_below(asked: Situation, bound: float) -> bool:
    return 0 < asked.limit < bound * _GIGABYTE


def _card(asked: Situation, wanted: bool) -> bool:
    return asked.on_card is wanted


_CONDITIONS: dict[str, Callable[[Situation, Any], bool]] = {
    "goals": _goals,
    "works": _works,
    "size_above": _size_above,
    "size_below": _size_below,
    "rows_above": _rows_above,
    "rows_below": _rows_below,
    "memory_below": _memory_below,
    "card": _card,
}
