"""The wizard without a window: its steps, when each applies, what each still misses."""

import functools
import tomllib
from dataclasses import dataclass, field, replace
from typing import Any

from studio import settings
from studio.errors import Problem, StudioError
from studio.estimate import DataFacts, Estimate, by_method, estimate, with_method
from studio.hardware import Machine, Use
from studio.methods import check as method_check
from studio.methods.guide import Advice, Situation, advise
from studio.models.facts import ModelFacts
from studio.paths import PRESETS
from studio.recipe import Recipe
from studio.survey import (
    DataSurvey,
    batch_problems,
    disk_problems,
    method_problems,
    model_problems,
    task_problems,
    training_problems,
)
from studio.tasks.shelf import guess, resolve, task
from studio.tasks.task import Task
from studio.words import language, mark

STEPS = ("model", "data", "task", "method", "training", "review")


@dataclass
class Draft:
    """A recipe in the making, with what was found out about it."""

    recipe: Recipe = field(default_factory=Recipe)
    model: ModelFacts | None = None
    data: DataSurvey | None = None
    wrong: dict[str, Problem] = field(default_factory=dict)  # by step: why a look failed
    training_preset: str = "balanced"
    goal: str = "general"  # a choice of the guide's first question

    @property
    def task(self) -> Task | None:
        """The task that is chosen or guessed, once the data is known; None for an unknown one."""
        if self.data is None:
            return None
        try:
            return resolve(self.recipe.task.name, self.data.gives, self.model)
        except StudioError:
            return None  # the step's problems say so

    @property
    def guessed_task(self) -> Task | None:
        """The task that would be guessed."""
        return guess(self.data.gives, self.model) if self.data else None

    def data_facts(self) -> DataFacts:
        """What is known of the rows; nothing yet reads as an empty set."""
        return self.data.facts if self.data else DataFacts()

    def estimate(self, machine: Machine, now: Use) -> Estimate | None:
        """Estimate the run, or None before a model and a method that can be are chosen."""
        if self.model is None or not self.model.parameters:
            return None
        if method_check.problems(self.recipe, "", machine):
            return None
        return estimate(self.recipe, self.model, self.data_facts(), machine, now)

    def situation(self, machine: Machine, now: Use) -> Situation:
        """Return what the guide is asked about; what is not known yet stays unknown."""
        sized = self.model is not None and self.model.parameters
        facts = self.model if sized else None
        needs = by_method(self.recipe, facts, self.data_facts(), machine, now) if facts else {}
        card = machine.card if self.recipe.hardware.device != "cpu" else None
        return Situation(
            goal=self.goal,
            task=self.task.name if self.task else "",
            parameters=facts.parameters if facts else 0,
            rows=self.data_facts().rows,
            family=self.model.model_type if self.model else "",
            limit=card.memory if card else machine.memory,
            on_card=card is not None,
            four_bit=machine.four_bit,
            bits=self.recipe.model.quantization,
            needs={key: need.total for key, need in needs.items()},
        )

    def recommendations(self, machine: Machine, now: Use) -> list[Advice]:
        """Rank the methods, or nothing before model and task are known."""
        if self.model is None or self.task is None:
            return []
        return advise(self.situation(machine, now))


def problems(draft: Draft, step: str, machine: Machine, now: Use) -> list[Problem]:
    """Return what a step still misses; `review` gathers all of them."""
    if step == "review":
        before = [p for one in STEPS[:-1] for p in problems(draft, one, machine, now)]
        return before + _disk(draft, machine, now)
    if step in draft.wrong:
        return [draft.wrong[step]]
    return _CHECKS[step](draft, machine)


def _model(draft: Draft, _machine: Machine) -> list[Problem]:
    """The model must be chosen and known."""
    if draft.model is None:
        missing = mark("No base model is chosen.")
        return [Problem("model.source", missing, mark("Choose a base model."))]
    return model_problems(draft.recipe, draft.model)


def _data(draft: Draft, _machine: Machine) -> list[Problem]:
    """The data must be chosen and read."""
    if draft.data is None:
        return [Problem("data.files", mark("No data is chosen."), mark("Choose a file."))]
    return []


def _task(draft: Draft, _machine: Machine) -> list[Problem]:
    """The task must be one that there is, and fit rows and model."""
    if draft.data and draft.task is None:
        return _unknown_task(draft.recipe.task.name)
    return task_problems(draft.task, draft.data, draft.model)


def _unknown_task(name: str) -> list[Problem]:
    """Return the problem of a recipe that names a task that there is not."""
    try:
        task(name)
    except StudioError as reason:
        return [replace(reason.problem, field="task.name")]
    return []


def _method(draft: Draft, machine: Machine) -> list[Problem]:
    """The method must fit task and machine."""
    task = draft.task.name if draft.task else ""
    return method_problems(draft.recipe, task, machine, draft.model)


def _training(draft: Draft, _machine: Machine) -> list[Problem]:
    """Hold rows against the model and batches against the task; the recipe checks the rest."""
    return [
        *training_problems(draft.recipe, draft.model),
        *batch_problems(draft.recipe, draft.task),
    ]


_CHECKS = {
    "model": _model,
    "data": _data,
    "task": _task,
    "method": _method,
    "training": _training,
}


def _disk(draft: Draft, machine: Machine, now: Use) -> list[Problem]:
    """The disk must have room for the run."""
    need = draft.estimate(machine, now)
    return disk_problems(need.disk, settings.load().runs) if need else []


def take_counts(draft: Draft, counts: dict[str, Any]) -> None:
    """Let what a tokenizer has counted (the service's `check`) take the place of the guesses."""
    if draft.data is None or not counts.get("tokens"):
        return
    share = counts["trained_tokens"] / counts["tokens"]
    known = replace(
        draft.data.facts,
        mean_tokens=counts["mean"],
        longest=counts["longest"],
        trained_share=share if draft.data.gives == "messages" else draft.data.facts.trained_share,
    )
    draft.data = replace(draft.data, facts=known)


def choose_method(draft: Draft, key: str) -> None:
    """Take a method with what it sets and its learning rate."""
    draft.recipe = with_method(draft.recipe, key)


@dataclass(frozen=True)
class Preset:
    """A named set of training values."""

    key: str
    texts: dict[str, str]
    sets: dict[str, Any]

    def text(self, name: str) -> str:
        """Return name or summary in the person's language."""
        chinese = self.texts.get(f"{name}_zh") if language() == "zh_CN" else None
        return chinese or self.texts[name]


@functools.lru_cache(maxsize=1)
def training_presets() -> dict[str, Preset]:
    """Return the presets of the Training step by key."""
    with open(PRESETS / "training.toml", "rb") as source:
        entries = tomllib.load(source)
    return {
        key: Preset(key, {k: v for k, v in e.items() if k != "sets"}, e["sets"])
        for key, e in entries.items()
    }


def apply_training(draft: Draft, key: str) -> None:
    """Lay a training preset over the recipe; no row is made longer than the model can read."""
    for name, value in training_presets()[key].sets.items():
        setattr(draft.recipe.training, name, value)
    context = draft.model.context if draft.model else 0
    if context:
        draft.recipe.training.max_length = min(draft.recipe.training.max_length, context)
    draft.training_preset = key
