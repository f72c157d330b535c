"""Loss and metrics on the held-out rows: each trained token counts once, however rows are laid."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

from studio.engine.generate import generating
from studio.tasks.task import IGNORED, Example, Setting, Task

Loss = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class Result:
    """Mean loss over all trained tokens (or rows), and the task's metrics."""

    loss: float
    metrics: dict[str, float] = field(default_factory=dict)


def evaluate(
    model: Any,
    examples: Sequence[Example],
    task: Task,
    setting: Setting,
    lay: Callable[[list[Example]], dict[str, Any]],
    loss: Loss,
    batch_size: int,
    *,
    autocast: torch.dtype | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Result | None:
    """Evaluate; None when it was stopped on the way or nothing is held out."""
    total, count = 0.0, 0
    gathered: dict[str, list[Any]] = {}
    device = model.device
    mixed = torch.autocast(device.type, autocast) if autocast else nullcontext()
    with generating(model), mixed:
        for start in range(0, len(examples), batch_size):
            if stopped():
                return None
            group = list(examples[start : start + batch_size])
            batch = _to(lay(group), device)
            labels = batch.pop("labels")
            outputs = model(**batch)
            total += float(loss(outputs, labels, 1))
            count += int((labels != IGNORED).sum())
            for name, values in task.metrics(outputs, labels, group).items():
                gathered.setdefault(name, []).extend(values)
    if not count:
        return None
    return Result(total / count, task.summarise(gathered, setting) if gathered else {})


def _to(batch: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """Move the tensors of a batch."""
    return {
        name: value.to(device) if isinstance(value, torch.Tensor) else value
        for name, value in batch.items()
    }
