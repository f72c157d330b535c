"""What differs between runs: settings that are not the same, then what came of them."""

from collections.abc import Sequence
from typing import Any

from studio.errors import StudioError
from studio.methods.catalogue import method
from studio.recipe import Recipe
from studio.recipe.fields import describe
from studio.ui.describe import model_name
from studio.ui.runs import RunView
from studio.ui.widgets.numbers import number_text
from studio.ui.widgets.tablemodel import Cell
from studio.ui.words import MISSING, count, duration, gigabytes, loss, parameters
from studio.words import tr

Row = tuple[str, list[Cell]]
_LEFT_OUT = {"output.name", "model.revision", "format"}


def rows(views: Sequence[RunView], trained: Sequence[int]) -> list[Row]:
    """Return (key, cells) rows: the name of the thing, then one cell for each run."""
    return [*_settings(views, trained), *_results(views)]


def short_names(titles: Sequence[str]) -> list[str]:
    """Leave out what the names begin with in common, as long as something stays."""
    base = min(titles, key=len, default="")
    return [
        title.removeprefix(base + "-") if title.startswith(base + "-") else title
        for title in titles
    ]


def _settings(views: Sequence[RunView], trained: Sequence[int]) -> list[Row]:
    """Return the settings that differ."""
    flat = [_flat(view.recipe) for view in views]
    keys = list(dict.fromkeys(key for one in flat for key in one if key not in _LEFT_OUT))
    found: list[Row] = []
    for key in keys:
        texts = [one.get(key, MISSING) for one in flat]
        if len(set(texts)) > 1:
            found.append((key, [_name(_title(key, views)), *(Cell(text) for text in texts)]))
    texts = [parameters(one) if one else MISSING for one in trained]
    if len(set(texts)) > 1:
        found.append(("trained", [_name(tr("Trained")), *(Cell(text) for text in texts)]))
    return found


def _flat(recipe: Recipe | None) -> dict[str, str]:
    """Return every setting as text, by "section.field"; the method first."""
    if recipe is None:
        return {}
    values = recipe.model_dump()
    sections = ("method", "model", "data", "task", "training", "hardware")
    return {
        f"{section}.{key}": _text(recipe, section, key, value)
        for section in sections
        for key, value in values[section].items()
    }


def _text(recipe: Recipe, section: str, key: str, value: Any) -> str:
    """Return a value as people write it."""
    if (section, key) == ("method", "name"):
        return _method_name(str(value))
    if (section, key) == ("model", "source"):
        return model_name(recipe)
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list):
        return ", ".join(str(one).rsplit("/", 1)[-1] for one in value) or MISSING
    known = type(getattr(recipe, section)).model_fields
    captions = describe(type(getattr(recipe, section)), key).choices if key in known else {}
    if value in captions:
        return tr(captions[value])
    return count(value) if isinstance(value, int) else str(value)


def _method_name(key: str) -> str:
    try:
        return method(key).name
    except StudioError:
        return key  # of another version of the program


def _title(key: str, views: Sequence[RunView]) -> str:
    """Return the name of a setting: a field of the recipe, or a knob of a method."""
    section, name = key.split(".", 1)
    kind = type(getattr(Recipe(), section))
    if name in kind.model_fields:
        return tr(describe(kind, name).title)
    for view in views:
        try:
            knobs = method(view.recipe.method.name).knobs if view.recipe else {}
        except StudioError:
            continue
        if name in knobs:
            return knobs[name].title
    return name


def _results(views: Sequence[RunView]) -> list[Row]:
    """Return time, best evaluation and peak memory; the best one is strong."""
    bests = [view.state.best_eval for view in views]
    best = min((one for one in bests if one is not None), default=None)
    times = [
        Cell(tr("Running") if view.living else duration(view.state.seconds_gone)) for view in views
    ]
    peaks = [view.state.peak_memory for view in views]
    return [
        ("result", [Cell(tr("Result"), strong=True), *(Cell("") for _ in views)]),
        ("time", [_name(tr("Time")), *times]),
        ("best", [_name(tr("Best evaluation")),
                  *(Cell(loss(one), strong=one is not None and one == best) for one in bests)]),
        ("peak", [_name(tr("Peak memory")),
                  *(Cell(gigabytes(one) if one else MISSING) for one in peaks)]),
    ]  # fmt: skip


def _name(text: str) -> Cell:
    return Cell(text, muted=True)
