"""Everything on the shelf of layouts: the files of this folder and presets/layouts.toml."""

import functools
import tomllib

import studio.formats
from studio.errors import DataError, suggest
from studio.formats.layout import Format
from studio.formats.pairs import Pairs
from studio.paths import PRESETS
from studio.shelf import entries
from studio.words import language, mark, tr


@functools.lru_cache(maxsize=1)
def layouts() -> dict[str, Format]:
    """Return every layout by name, in the order in which they are tried."""
    files: list[Format] = entries(studio.formats, "FORMAT")
    ordered = sorted(files, key=lambda layout: ("messages", "label", "text").index(layout.gives))
    chats = [layout for layout in ordered if layout.gives == "messages"]
    return {layout.name: layout for layout in [*chats, *_named_columns(), *ordered]}


@functools.lru_cache(maxsize=1)
def _entries() -> dict[str, dict[str, str]]:
    """Return the layouts that are only other column names, as their file has them."""
    return tomllib.loads((PRESETS / "layouts.toml").read_text("utf-8"))


def _named_columns() -> list[Format]:
    """Make layouts of those entries."""
    keys = ("title", "prompt", "completion", "extra", "system")
    return [Pairs(name, **{k: e[k] for k in keys if k in e}) for name, e in _entries().items()]


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
