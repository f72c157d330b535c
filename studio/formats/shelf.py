"""Everything on the shelf of layouts: the files of this folder and presets/layouts.toml."""

import dataclasses
import functools
import tomllib

import studio.formats
from studio.errors import DataError, suggest
from studio.formats.alike import Alike
from studio.formats.layout import Format
from studio.formats.pairs import Pairs
from studio.paths import PRESETS
from studio.rows import PARTS
from studio.shelf import entries
from studio.words import language, mark, tr


@functools.lru_cache(maxsize=1)
def layouts() -> dict[str, Format]:
    """Return every layout by name, in the order in which they are tried: see rows.PARTS."""
    files: list[Format] = entries(studio.formats, "FORMAT")
    known = [*files, *_named_columns()]
    ordered = sorted(known, key=lambda layout: PARTS.index(layout.gives))
    return {layout.name: layout for layout in ordered}


@functools.lru_cache(maxsize=1)
def _entries() -> dict[str, dict[str, str]]:
    """Return the layouts that are only other column names, as their file has them."""
    return tomllib.loads((PRESETS / "layouts.toml").read_text("utf-8"))


def _named_columns() -> list[Format]:
    """Make layouts of those entries."""
    return [_named_column(name, entry) for name, entry in _entries().items()]


def _named_column(name: str, entry: dict[str, str]) -> Format:
    """Make a layout of one entry: a question and its answer, or two texts that are alike."""
    kind = Alike if "anchor" in entry else Pairs
    keys = {field.name for field in dataclasses.fields(kind)}
    return kind(name, **{key: value for key, value in entry.items() if key in keys})


def layout(name: str) -> Format:
    """Return one layout; raises DataError for an unknown name."""
    known = layouts()
    if name not in known:
        step, values = suggest(name, known)
        raise DataError(mark("There is no layout {name}."), step, name=name, **values)
    return known[name]


def layout_title(name: str) -> str:
    """Return a layout's name for people, in their language."""
    entry = _entries().get(name, {})
    if language() == "zh_CN" and "title_zh" in entry:
        return entry["title_zh"]
    return tr(layout(name).title)
