"""What can be known before a start: check, estimate, methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio import recipe as recipes
from studio.cli import numbers
from studio.cli.options import AsJson, Changes, RecipeName
from studio.cli.terminal import (
    document,
    facts,
    problem_values,
    result,
    tell_problems,
    waiting,
)
from studio.errors import Problem, StudioError
from studio.methods.catalogue import method, methods
from studio.words import mark, tr

# studio.survey brings numpy, which `--help` must not wait for: it is imported where it is used.
if TYPE_CHECKING:
    from studio.estimate import Estimate
    from studio.recipe import Recipe
    from studio.survey import Survey

_PARTS = {
    "weights": mark("Weights"),
    "adapter": mark("Trained weights and optimizer"),
    "activations": mark("Activations"),
    "logits": mark("Logits"),
    "other": mark("Other programs"),
}
_VERDICTS = {
    "fits": mark("{total} of {limit}, fits"),
    "tight": mark("{total} of {limit}, tight"),
    "too large": mark("{total} of {limit}, {over} too much"),
}


def check(name: RecipeName, changes: Changes = None, as_json: AsJson = False) -> int:
    """Look at everything, count tokens where the model is here, and tell every problem."""
    from studio.survey import survey

    asked = recipes.load(name, changes)
    found = survey(asked)
    ready = found.model is not None and found.model.ready
    counted = _count_tokens(asked) if ready and not found.problems else _Counted()
    problems = [*found.problems, *counted.problems]
    if as_json:
        document(_check_values(found, counted, problems))
        return 1 if problems else 0
    facts(_check_lines(asked, found, counted.tokens))
    tell_problems([*problems, *counted.warnings])
    if not problems:
        result(tr("The recipe can be trained."))
    return 1 if problems else 0


@dataclass(frozen=True)
class _Counted:
    """What the engine found when it turned the rows into tokens."""

    tokens: dict[str, Any] | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def _count_tokens(asked: Recipe) -> _Counted:
    """Have the engine count real tokens and put the method on the model's shapes.

    What it finds of the rows is wrong only where none is left.
    """
    from studio.runs.service import Service

    try:
        with waiting(tr("Counting tokens…")), Service() as service:
            counted = service.result("check", recipe=asked.model_dump())
            fit = service.result("fit", recipe=asked.model_dump())
    except StudioError as error:
        return _Counted(problems=(error.problem,))
    told = tuple(Problem(**one) for one in counted.get("problems", ()))
    wrong = tuple(Problem(**one) for one in fit["problems"])
    tokens = {key: counted[key] for key in _TOKEN_KEYS}
    if counted["kept"]:
        return _Counted(tokens, wrong, told)
    return _Counted(tokens, (*told, *wrong))


_TOKEN_KEYS = (
    "rows", "kept", "left_out", "cut", "tokens", "trained_tokens", "longest", "mean",
)  # fmt: skip


def _check_values(found: Survey, counted: _Counted, problems: list[Problem]) -> dict[str, Any]:
    """Return what was found, as JSON shows it."""
    model, data = found.model, found.data
    return {
        "model": model and {key: getattr(model, key) for key in _MODEL_KEYS},
        "data": data
        and {
            "layout": data.layout,
            "rows": len(data.rows),
            "held_out": len(data.held_out),
            "left_out": [{"file": bad.file, "number": bad.number} for bad in data.bad],
        },
        "task": found.task and found.task.name,
        "tokens": counted.tokens,
        "warnings": [problem_values(warning) for warning in counted.warnings],
        "problems": [problem_values(problem) for problem in problems],
    }


_MODEL_KEYS = (
    "source", "name", "kind", "architecture", "parameters", "context", "bytes", "licence",
    "chat_template", "ready",
)  # fmt: skip


def _check_lines(
    asked: Recipe, found: Survey, tokens: dict[str, Any] | None
) -> list[tuple[str, str]]:
    """Return captions and values of what was found."""
    lines = []
    if found.model:
        size = numbers.count(found.model.parameters)
        lines.append(
            (tr("Model"), tr("{name}, {size} parameters", name=found.model.name, size=size))
        )
    if found.data:
        lines.append((tr("Data"), _data_line(found)))
    if found.task:
        lines.append((tr("Task"), tr(found.task.title)))
    if asked.method.name in methods():
        lines.append((tr("Method"), method(asked.method.name).name))
    if tokens:
        lines.append((tr("Tokens"), _tokens_line(tokens)))
    elif found.model and not found.model.ready:
        later = tr("Counted once the model is on this computer; training fetches it.")
        lines.append((tr("Tokens"), later))
    return lines


def _data_line(found: Survey) -> str:
    """Say how many rows there are."""
    assert found.data
    return tr(
        "{layout}: {rows} rows to train on, {held_out} held out, {left_out} left out",
        layout=found.data.layout,
        rows=f"{len(found.data.rows):,}",
        held_out=f"{len(found.data.held_out):,}",
        left_out=f"{len(found.data.bad):,}",
    )


def _tokens_line(tokens: dict[str, Any]) -> str:
    """Say how many tokens the model will see."""
    return tr(
        "{tokens}, {trained} of them trained; the longest row has {longest}; {cut} rows are cut",
        tokens=f"{tokens['tokens']:,}",
        trained=f"{tokens['trained_tokens']:,}",
        longest=f"{tokens['longest']:,}",
        cut=f"{tokens['cut']:,}",
    )


def estimate(name: RecipeName, changes: Changes = None, as_json: AsJson = False) -> int:
    """Tell what a run needs; without torch, so in a moment."""
    from studio.survey import survey

    found = survey(recipes.load(name, changes))
    need = found.estimate
    if as_json:
        told = [problem_values(problem) for problem in found.problems]
        document({**(_estimate_values(need) if need else {}), "problems": told})
    elif need:
        facts(_estimate_lines(need))
    if not as_json:
        tell_problems(found.problems)
    return 0 if need else 1


def _estimate_values(need: Estimate) -> dict[str, Any]:
    """Return an estimate, as JSON shows it; bytes and seconds."""
    names = ("parts", "total", "limit", "verdict", "steps", "seconds", "trainable", "disk")
    return {name: getattr(need, name) for name in names}


def _estimate_lines(need: Estimate) -> list[tuple[str, str]]:
    """Return captions and values of an estimate."""
    memory = numbers.memory
    verdict = tr(
        _VERDICTS[need.verdict],
        total=memory(need.total),
        limit=memory(need.limit),
        over=memory(max(0, need.total - need.limit)),
    )
    return [
        *((tr(_PARTS[part]), memory(size)) for part, size in need.parts.items()),
        (tr("Memory at the peak"), verdict),
        (tr("Trained parameters"), numbers.count(need.trainable)),
        (tr("Steps"), f"{need.steps:,}"),
        (tr("Time, estimated"), numbers.duration(need.seconds)),
        (tr("Disk"), numbers.disk(need.disk)),
    ]
