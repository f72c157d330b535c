"""Read presets/methods: one TOML file is one method. No torch, no PEFT."""

import functools
import tomllib
from dataclasses import dataclass, field
from typing import Any, Literal

from studio.errors import MethodError, suggest
from studio.models.facts import ModelFacts
from studio.paths import PRESETS
from studio.recipe import Recipe
from studio.words import language, mark

FAMILIES = {
    "lora": mark("LoRA family"),
    "scaling": mark("Scaling"),
    "prompt": mark("Prompt"),
    "full": mark("Whole model"),
}


@dataclass(frozen=True)
class Knob:
    """One setting of a method: a field of PEFT's config, with what a form needs."""

    key: str
    kind: Literal["int", "float", "bool", "choice"]
    texts: dict[str, str]
    default: Any = None
    low: float | None = None
    high: float | None = None
    choices: tuple[tuple[str, str, str], ...] = ()
    by_size: tuple[tuple[float, float], ...] = ()
    tier: str = "basic"

    @property
    def title(self) -> str:
        """The knob's name in the person's language."""
        return _in_language(self.texts, "title")

    @property
    def help(self) -> str:
        """What it does, in the person's language."""
        return _in_language(self.texts, "help")

    def captions(self) -> list[tuple[str, str]]:
        """Return (value, caption) of each choice."""
        chinese = language() == "zh_CN"
        return [(key, zh if chinese else en) for key, en, zh in self.choices]

    def value_for(self, parameters: int) -> Any:
        """Return the sensible value for a model of so many parameters (0: unknown)."""
        for limit, value in self.by_size:
            if not limit or parameters < limit:
                return value
        return self.default


@dataclass(frozen=True)
class Method:
    """A fine-tuning method as its file describes it."""

    key: str
    order: int
    family: str
    peft: str
    quantization: Literal["none", "int8", "nf4"]
    merges: bool
    packs: bool
    learning_rate: float
    texts: dict[str, str]
    knobs: dict[str, Knob] = field(default_factory=dict)
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    paper: str = ""
    docs: str = ""

    def text(self, name: str) -> str:
        """Return name, summary, when or when_not in the person's language."""
        return _in_language(self.texts, name)

    @property
    def name(self) -> str:
        """The method's name for people."""
        return self.text("name")

    def suits(self, task: str) -> bool:
        """Say whether the method can do the task."""
        return not self.tasks or task in self.tasks


def _in_language(texts: dict[str, str], name: str) -> str:
    """Return the Chinese text where Chinese is spoken and there is one."""
    chinese = texts.get(f"{name}_zh") if language() == "zh_CN" else None
    return chinese or texts.get(name, "")


@functools.lru_cache(maxsize=1)
def methods() -> dict[str, Method]:
    """Return every method by key, in the order of the gallery."""
    files = sorted((PRESETS / "methods").glob("*.toml"))
    found = [_read(file.stem, tomllib.loads(file.read_text("utf-8"))) for file in files]
    return {method.key: method for method in sorted(found, key=lambda m: (m.order, m.key))}


def _read(key: str, values: dict[str, Any]) -> Method:
    """Make a method of a file's values."""
    knobs = {name: _knob(name, entry) for name, entry in values.pop("knobs", {}).items()}
    texts = {k: values.pop(k) for k in list(values) if k.removesuffix("_zh") in _TEXTS}
    values["tasks"] = tuple(values.get("tasks", ()))
    return Method(key=key, knobs=knobs, texts=texts, **values)


_TEXTS = ("name", "summary", "when", "when_not")


def _knob(key: str, values: dict[str, Any]) -> Knob:
    """Make a knob of a table's values."""
    texts = {k: values.pop(k) for k in list(values) if k.removesuffix("_zh") in ("title", "help")}
    values["choices"] = tuple(tuple(choice) for choice in values.get("choices", ()))
    values["by_size"] = tuple((size, value) for size, value in values.get("by_size", ()))
    return Knob(key=key, texts=texts, **values)


def method(key: str) -> Method:
    """Return one method; raises MethodError for an unknown name."""
    known = methods()
    if key not in known:
        step, values = suggest(key, known)
        raise MethodError(mark("There is no method {name}."), step, name=key, **values)
    return known[key]


def knobs_for(recipe: Recipe, facts: ModelFacts | None) -> dict[str, Any]:
    """Return the method's settings: sensible ones for this model, the recipe's laid over."""
    chosen = method(recipe.method.name)
    parameters = facts.parameters if facts else 0
    sensible = {key: knob.value_for(parameters) for key, knob in chosen.knobs.items()}
    rank = recipe.method.knobs.get("r")
    if "lora_alpha" in sensible and isinstance(rank, int):
        sensible["lora_alpha"] = 2 * rank
    return {**sensible, **recipe.method.knobs}


def quantization(recipe: Recipe) -> str:
    """Return how the base model is held: as the recipe says, or else as the method is defined."""
    named = recipe.model.quantization
    return method(recipe.method.name).quantization if named == "auto" else named
