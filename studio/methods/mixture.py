"""The finished adapters that a mixture names: found, LoRA, different, of the recipe's base model.

A base model has several names: a hub's, a folder's, that of the folder it was fetched to. So an
adapter is refused only where its base can be held against the recipe's, and is another one.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.errors import Problem, RecipeError, StudioError
from studio.methods.catalogue import Method
from studio.models.facts import ModelFacts, from_config
from studio.models.inspect import kind_of
from studio.recipe import Recipe, adapter_folders, read_mapping
from studio.words import mark

_CONFIG = "adapter_config.json"


def needs_adapters(one: Method) -> bool:
    """Say whether a method mixes adapters that must be there already."""
    return "adapters" in one.knobs


def adapter_problems(recipe: Recipe, chosen: Method, model: ModelFacts | None) -> list[Problem]:
    """Refuse folders whose adapters cannot be mixed, and fewer than two different ones."""
    named = recipe.method.knobs.get("adapters", chosen.knobs["adapters"].default)
    if not isinstance(named, str):
        return []  # which its knob refuses
    folders = adapter_folders(named)
    for folder in folders:
        if found := _wrong(folder, recipe, model):
            return [_problem(chosen, *found)]
    if len({adapter_place(folder).resolve() for folder in folders}) < 2:
        text = mark("{method} mixes finished adapters and needs two or more different ones.")
        return [_problem(chosen, text, {})]
    return []


def _problem(chosen: Method, text: str, values: dict[str, object]) -> Problem:
    """Return the problem of the adapters."""
    step = mark("Name the folders of two finished LoRA runs of this base model, or more.")
    return Problem("method.adapters", text, step, {"method": chosen.name, **values})


def _wrong(
    folder: str, recipe: Recipe, model: ModelFacts | None
) -> tuple[str, dict[str, object]] | None:
    """Return what is wrong with one adapter: a sentence and its values."""
    place = adapter_place(folder)
    if not (place / _CONFIG).is_file():
        return mark("There is no adapter in {folder}."), {"folder": folder}
    config = _config(place)
    if config.get("peft_type") != "LORA":
        text = mark("The adapter in {folder} is no LoRA, and {method} mixes LoRA alone.")
        return text, {"folder": folder}
    other = _other_base(_bases(place, config), recipe.model.source, model)
    if other:
        text = mark("The adapter in {folder} was trained on {base}, which is another base model.")
        return text, {"folder": folder, "base": other}
    return None


def adapter_place(folder: str) -> Path:
    """Return where an adapter lies: the folder, or in it where it is a run's."""
    path = Path(folder).expanduser()
    inner = path / "adapter"
    return inner if (inner / _CONFIG).is_file() else path


def _config(place: Path) -> dict[str, Any]:
    """Return what an adapter says of itself, nothing where it cannot be read."""
    try:
        found = json.loads((place / _CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _bases(place: Path, config: dict[str, Any]) -> Iterator[str]:
    """Give the names under which an adapter's base is written down: in its run, config and card."""
    yield _base_of_run(place.parent)
    yield str(config.get("base_model_name_or_path") or "")
    card = place / "README.md"
    head = card.read_text("utf-8", errors="replace")[:4000] if card.is_file() else ""
    found = re.search(r"^base_model:[ \t]*(\S+)$", head, re.MULTILINE)
    yield found[1].strip("\"'") if found else ""


def _base_of_run(folder: Path) -> str:
    """Return the base model that a run's recipe names, nothing where there is no run."""
    try:
        return str(read_mapping(folder / "recipe.toml")["model"]["source"])
    except (RecipeError, KeyError, TypeError):
        return ""


def _other_base(bases: Iterator[str], source: str, model: ModelFacts | None) -> str:
    """Return the name of an adapter's base that is surely not the recipe's, or nothing."""
    for base in bases:
        same = _is_same(base, source, model) if base else None
        if same is not None:
            return "" if same else base
    return ""


def _is_same(base: str, source: str, model: ModelFacts | None) -> bool | None:
    """Say whether two names mean one model; None where it cannot be told.

    Folders of one shape are taken as one model: a copy is as good as the model itself.
    """
    if base == source or Path(base).expanduser().resolve() == Path(source).expanduser().resolve():
        return True
    try:
        if kind_of(base) == kind_of(source) == "hub":
            return False
    except StudioError:
        return None
    config = Path(base).expanduser() / "config.json"
    if model is None or not model.config or not config.is_file():
        return None
    return _shape(_read(config)) == _shape(model)


def _read(config: Path) -> ModelFacts | None:
    """Return the figures of a model's config.json."""
    try:
        return from_config("", "", "folder", json.loads(config.read_text("utf-8")))
    except (OSError, ValueError, AttributeError):
        return None


def _shape(facts: ModelFacts | None) -> tuple[object, ...]:
    """Return what two models have in common on which one adapter fits."""
    if facts is None:
        return ()
    return facts.model_type, facts.layers, facts.width, facts.inner_width, facts.kv_heads
