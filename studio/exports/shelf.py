"""Everything on the shelf of export targets."""

import functools

import studio.exports
from studio.errors import ExportError, suggest
from studio.exports.target import Target
from studio.shelf import entries
from studio.words import mark


@functools.lru_cache(maxsize=1)
def targets() -> dict[str, Target]:
    """Return every target by name."""
    return {target.name: target for target in entries(studio.exports, "EXPORT")}


def target(name: str) -> Target:
    """Return one target; raises ExportError for an unknown name."""
    known = targets()
    if name not in known:
        step, values = suggest(name, known)
        raise ExportError(mark("There is no export target {name}."), step, name=name, **values)
    return known[name]
