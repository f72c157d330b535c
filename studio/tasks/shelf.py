"""Everything on the shelf of tasks, and which one fits."""

import functools

import studio.tasks
from studio.errors import MethodError, suggest
from studio.models.facts import ModelFacts
from studio.shelf import entries
from studio.tasks.task import Task
from studio.words import mark


@functools.lru_cache(maxsize=1)
def tasks() -> dict[str, Task]:
    """Return every task by name."""
    return {task.name: task for task in entries(studio.tasks, "TASK")}


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
