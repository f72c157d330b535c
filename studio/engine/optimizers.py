"""Optimizers that belong to a method; everything else is the recipe's own choice."""

from collections.abc import Callable
from typing import Any

import torch
from peft.optimizers import create_lorafa_optimizer, create_loraplus_optimizer

from studio.recipe.model import TrainingSection


def _lora_plus(model: Any, knobs: dict[str, Any], training: TrainingSection) -> Any:
    """A higher learning rate for the second matrix (arXiv 2402.12354)."""
    return create_loraplus_optimizer(
        model,
        optimizer_cls=_adamw(training.optimizer),
        lr=training.learning_rate,
        loraplus_lr_ratio=float(knobs["loraplus_lr_ratio"]),
        weight_decay=training.weight_decay,
    )


def _lora_fa(model: Any, knobs: dict[str, Any], training: TrainingSection) -> Any:
    """The first matrix stays as it began; its gradient is made up for (arXiv 2308.03303)."""
    return create_lorafa_optimizer(
        model,
        r=int(knobs["r"]),
        lora_alpha=int(knobs["lora_alpha"]),
        lr=training.learning_rate,
        weight_decay=training.weight_decay,
    )


def _adamw(name: str) -> type[torch.optim.Optimizer]:
    """Return the class that the recipe's optimizer means."""
    if name == "adamw":
        return torch.optim.AdamW
    import bitsandbytes

    kinds = {"adamw_8bit": "AdamW8bit", "paged_adamw_8bit": "PagedAdamW8bit"}
    return getattr(bitsandbytes.optim, kinds[name])


_KNOWN: dict[str, Callable[[Any, dict[str, Any], TrainingSection], Any]] = {
    "lora_plus": _lora_plus,
    "lora_fa": _lora_fa,
}


def method_optimizer(
    name: str, model: Any, knobs: dict[str, Any], training: TrainingSection
) -> torch.optim.Optimizer | None:
    """Return the optimizer of that name, or None for the recipe's own."""
    return _KNOWN[name](model, knobs, training) if name else None
