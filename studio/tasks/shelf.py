"""Everything on the shelf of tasks, and which one fits."""

import functools
import importlib
import pkgutil

import studio.tasks
from studio.errors import MethodError, suggest
from studio.models.facts import ModelFacts
from studio.tasks.task import Task
from studio.words import mark


@functools.lru_cache(maxsize=1)
def tasks() -> dict[str, Task]:
    """Return every task by name."""
    names = [found.name for found in pkgutil.iter_modules(studio.tasks.__path__)]
    modules = [importlib.import_module(f"studio.tasks.{name}") for name in names]
    found = [module.TASK for module in modules if hasattr(module, "TASK")]
    return {task.name: task for task in found}


def task(name: str) -> Task:
    """Return one task; raises MethodError for an unknown name."""
    known = tasks()
    if name not in known:
        step, values = suggest(name, known)
        raise MethodError(mark("There is no task {name}."), step, name=name, **values)
    return known[name]


def guess(gives: str, facts: ModelFacts | None = None) -> Task:
    """Return the task that suits what the rows hold and, where known, the model."""
    fitting = [one for one in tasks().values() if gives in one.needs]
    able = [one for one in fitting if facts is None or one.fits_model(facts)]
    ordered = sorted(able or fitting, key=lambda one: one.needs.index(gives))
    return ordered[0]


def resolve(name: str, gives: str, facts: ModelFacts | None = None) -> Task:
    """Return the named task, or a guess when the name is "auto"."""
    return guess(gives, facts) if name == "auto" else task(name)
