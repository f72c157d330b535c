"""Read presets/methods: one TOML file is one method. No torch, no PEFT.

A file holds the fields of Method, and its texts under their names, Chinese ones with `_zh`. Knobs
are fields of PEFT's config, but for those that `optimizer` or `start` uses up. What is the same in
another file is not written again:

- `like = "lora"` takes over that method's family, peft, targets, size, drawing, docs, fixed and
  knobs; a knob that the file fixes, or sets to false, is left out;
- `[knobs]` with `r = "lora"`, or `[knobs.r]` with `like = "lora"` and what differs, takes over that
  one knob (`like = "lora.lora_alpha"`: one of another name). A `default` of its own goes before
  the other's `by_size`.

`order` is the place in the gallery: 1 to 9 the usual ones, then from 10 the LoRA family, from 40
other matrices, 50 orthogonal, 60 scales, 70 prompts, 80 adapters, 90 the whole model.
"""

import functools
import tomllib
from dataclasses import dataclass, field
from typing import Any, Literal

from studio.errors import MethodError, suggest
from studio.models.facts import ModelFacts
from studio.paths import PRESETS
from studio.recipe import Recipe
from studio.words import language, mark

_Tables = dict[str, dict[str, Any]]

FAMILIES = {
    "lora": mark("LoRA family"),
    "matrix": mark("Other matrices"),
    "orthogonal": mark("Orthogonal"),
    "scaling": mark("Scales and biases"),
    "prompt": mark("Prompts"),
    "adapter": mark("Adapters"),
    "full": mark("Whole model"),
}


@dataclass(frozen=True)
class Knob:
    """One setting of a method: a field of PEFT's config, with what a form needs."""

    key: str
    kind: Literal["int", "float", "bool", "choice", "text"]
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
    """A fine-tuning method as its file describes it.

    `fixed` are fields of PEFT's config that make the method what it is. `targets` are the layers
    that it changes unless a knob says otherwise, under Llama's names, for the estimate. `size`
    says how many parameters are trained: see methods/size.py. `optimizer` and `start` name what
    the engine does besides (engine/optimizers.py, engine/starts.py), "" for nothing. `drawing`
    is one of the page's drawings.
    """

    key: str
    order: int
    family: str
    peft: str
    quantization: Literal["none", "int8", "nf4"]
    learning_rate: float
    texts: dict[str, str]
    knobs: dict[str, Knob] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    size: dict[str, str] = field(default_factory=dict)
    optimizer: str = ""
    start: str = ""
    drawing: str = ""
    paper: str = ""
    docs: str = ""

    def text(self, name: str) -> str:
        """Return name, summary, when, when_not or documents in the person's language."""
        return _in_language(self.texts, name)

    @property
    def name(self) -> str:
        """The method's name for people."""
        return self.text("name")


def _in_language(texts: dict[str, str], name: str) -> str:
    """Return the Chinese text where Chinese is spoken and there is one."""
    chinese = texts.get(f"{name}_zh") if language() == "zh_CN" else None
    return chinese or texts.get(name, "")


@functools.lru_cache(maxsize=1)
def methods() -> dict[str, Method]:
    """Return every method by key, in the order of the gallery."""
    files = {file.stem: file for file in sorted((PRESETS / "methods").glob("*.toml"))}
    tables = {key: tomllib.loads(file.read_text("utf-8")) for key, file in files.items()}
    found = [_read(key, _whole(key, tables)) for key in tables]
    return {method.key: method for method in sorted(found, key=lambda m: (m.order, m.key))}


def _whole(key: str, tables: _Tables) -> dict[str, Any]:
    """Return a file's values with what it takes over from others (see the top of this file)."""
    own = dict(tables[key])
    base = _whole(own.pop("like"), tables) if "like" in own else {}
    inherited = {name: base[name] for name in _INHERITED if name in base}
    fixed = {**base.get("fixed", {}), **own.get("fixed", {})}
    changed = {name: _taken_over(name, one, tables) for name, one in own.get("knobs", {}).items()}
    knobs = {**base.get("knobs", {}), **changed}
    own["knobs"] = {name: one for name, one in knobs.items() if one and name not in fixed}
    return {**inherited, **own, "fixed": fixed}


def _taken_over(name: str, entry: Any, tables: _Tables) -> Any:
    """Return a knob's table with what it takes from the knob of that name in another file."""
    own = {"like": entry} if isinstance(entry, str) else dict(entry or {})
    if "like" not in own:
        return entry
    file, _, knob = own.pop("like").partition(".")
    other = dict(_whole(file, tables)["knobs"][knob or name])
    if "default" in own:
        other.pop("by_size", None)
    return {**other, **own}


def _read(key: str, values: dict[str, Any]) -> Method:
    """Make a method of a file's values."""
    values = dict(values)
    knobs = {name: _knob(name, dict(entry)) for name, entry in values.pop("knobs", {}).items()}
    texts = {k: values.pop(k) for k in list(values) if k.removesuffix("_zh") in _TEXTS}
    values["targets"] = tuple(values.get("targets", ()))
    return Method(key=key, knobs=knobs, texts=texts, **values)


_INHERITED = ("family", "peft", "targets", "size", "drawing", "docs")
_TEXTS = ("name", "summary", "when", "when_not", "documents")


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
    if isinstance(rank, int):
        sensible |= {key: 2 * rank for key in ("lora_alpha", "alpha") if key in sensible}
    return {**sensible, **recipe.method.knobs}


def quantization(recipe: Recipe) -> str:
    """Return how the base model is held: as the recipe says, or else as the method is defined."""
    named = recipe.model.quantization
    return method(recipe.method.name).quantization if named == "auto" else named
