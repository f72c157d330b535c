"""The recipe's file: TOML in and out, overlays from presets and from the command line."""

import tomllib
from pathlib import Path
from typing import Any

import tomlkit

from studio.errors import Problem, RecipeError, suggest
from studio.paths import PRESETS
from studio.recipe.check import from_mapping
from studio.recipe.model import Recipe
from studio.settings import write_whole
from studio.words import mark


def load(source: str | Path, changes: list[str] | None = None) -> Recipe:
    """Read a recipe from a file, or from the name of one in presets/recipes.

    `changes` are KEY=VALUE texts laid over it, such as "training.max_steps=20". Relative paths
    are taken from the recipe's folder, or else from the working folder, and made absolute.
    Raises RecipeError with every problem.
    """
    file = find(source)
    values = read_mapping(file)
    for change in changes or []:
        overlay(values, parse_change(change))
    return _anchored(from_mapping(values), file.parent)


def find(source: str | Path) -> Path:
    """Return the file that a path or the name of a preset means."""
    named = PRESETS / "recipes" / f"{source}.toml"
    file = Path(source).expanduser()
    if not file.is_file() and named.is_file():
        return named
    return file


def _presets() -> list[Path]:
    """Return the recipes that come with the program."""
    return sorted((PRESETS / "recipes").glob("*.toml"))


def read_mapping(file: Path) -> dict[str, Any]:
    """Read a TOML file into plain values; raises RecipeError where it cannot."""
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        step, values = suggest(file.stem, [one.stem for one in _presets()])
        raise _error(mark("There is no recipe {file}."), step, file=file, **values) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise _error(
            mark("{file} is not a TOML file: {reason}."),
            mark("Correct it, or save the recipe again from the window."),
            file=file.name,
            reason=reason,
        ) from None
    except OSError as reason:
        raise _error(
            mark("{file} cannot be read: {reason}."),
            mark("Check the path and its rights."),
            file=file,
            reason=reason.strerror,
        ) from None


def parse_change(change: str) -> dict[str, Any]:
    """Turn "training.max_steps=20" into nested values; the value is TOML, or else a word."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise _error(
            mark("{change} is not KEY=VALUE."),
            mark("Write for example training.max_steps=20."),
            change=change,
        )
    nested: Any = _value(text.strip())
    for part in reversed(key.strip().split(".")):
        nested = {part: nested}
    return dict(nested)


def _value(text: str) -> Any:
    """Read a TOML value; what is not TOML, and a date, is meant as text."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, str | int | float | list | dict) else text


def overlay(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay `changes` over `values` in place, table by table, and return them."""
    for key, change in changes.items():
        below = values.get(key)
        if isinstance(change, dict) and isinstance(below, dict):
            overlay(below, change)
        else:
            values[key] = change
    return values


def dumps(recipe: Recipe) -> str:
    """Write a recipe as TOML: only what differs from the defaults, sections in their order."""
    values = recipe.model_dump(exclude_defaults=True)
    values.pop("format", None)
    values.setdefault("method", {}).setdefault("name", recipe.method.name)
    document = tomlkit.document()
    document.add("format", tomlkit.item(recipe.format))
    for section in (name for name in Recipe.model_fields if name in values):
        document.add(section, _table(values[section]))
    return tomlkit.dumps(document)


def _table(values: dict[str, Any]) -> tomlkit.items.Table:
    """Make a TOML table; None has no TOML form and means the default."""
    table = tomlkit.table()
    for key, value in sorted(values.items(), key=lambda item: item[0] != "name"):
        if value is not None:
            table.add(key, value)
    return table


def save(recipe: Recipe, file: Path) -> None:
    """Write the recipe's file whole, then rename; raises OSError."""
    write_whole(file, dumps(recipe))


def _anchored(recipe: Recipe, folder: Path) -> Recipe:
    """Make relative paths absolute, so that the recipe means the same everywhere."""
    anchored = recipe.model_copy(deep=True)
    anchored.data.files = [_anchor(name, folder) for name in recipe.data.files]
    anchored.data.eval_files = [_anchor(name, folder) for name in recipe.data.eval_files]
    anchored.model.source = _anchor(recipe.model.source, folder)
    named = recipe.method.knobs.get("adapters")
    if isinstance(named, str):
        places = [_anchor(name, folder) for name in adapter_folders(named)]
        setattr(anchored.method, "adapters", ", ".join(places))  # noqa: B010 - a knob is no field
    return anchored


def adapter_folders(named: str) -> list[str]:
    """Return the folders that a method's adapters are named by, parted by commas or lines."""
    parts = (part.strip() for part in named.replace("\n", ",").split(","))
    return [part for part in parts if part]


def _anchor(name: str, folder: Path) -> str:
    """Return the path as the recipe's folder, or else the working folder, sees it.

    The sample's names stay names; a folder of that name is written ./sample.
    """
    if not name or name.split(":")[0] == "sample":
        return name
    path = Path(name).expanduser()
    places = ((base / path).resolve() for base in (folder, Path.cwd()))
    return next((str(place) for place in places if place.exists()), name)


def _error(text: str, next_step: str, **values: object) -> RecipeError:
    """Return a RecipeError with one problem."""
    return RecipeError([Problem("", text, next_step, values)])
