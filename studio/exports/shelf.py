"""Everything on the shelf of export targets."""

import functools
import importlib
import pkgutil

import studio.exports
from studio.errors import ExportError, suggest
from studio.exports.target import Target
from studio.words import mark


@functools.lru_cache(maxsize=1)
def targets() -> dict[str, Target]:
    """Return every target by name."""
    names = [found.name for found in pkgutil.iter_modules(studio.exports.__path__)]
    modules = [importlib.import_module(f"studio.exports.{name}") for name in names]
    found = [module.EXPORT for module in modules if hasattr(module, "EXPORT")]
    return {target.name: target for target in found}


def target(name: str) -> Target:
    """Return one target; raises ExportError for an unknown name."""
    known = targets()
    if name not in known:
        step, values = suggest(name, known)
        raise ExportError(mark("There is no export target {name}."), step, name=name, **values)
    return known[name]
