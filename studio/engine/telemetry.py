"""What the worker uses, once a second: also the sign that it lives."""

import sys
from typing import Any

import psutil

from studio import hardware
from studio.runs.events import Memory


def measure(step: int) -> Memory:
    """Measure process, machine and card; torch's own figures once it uses the card."""
    now = hardware.use()
    allocated, reserved = _torch_memory()
    card, here = now.card, hardware.machine().card
    return Memory(
        step=step,
        process=psutil.Process().memory_info().rss,
        machine_used=now.memory_used,
        machine_total=now.memory_total,
        allocated=allocated,
        reserved=reserved,
        card_used=card.used if card else 0,
        card_total=here.memory if here else 0,
        card_load=card.load if card else 0,
        temperature=card.temperature if card else 0,
        processor_load=now.processor_load,
    )


def _torch_memory() -> tuple[int, int]:
    """Return torch's allocated and reserved bytes, without loading torch for it."""
    torch: Any = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    if cuda is None or not hasattr(cuda, "is_initialized") or not cuda.is_initialized():
        return 0, 0
    return int(cuda.memory_allocated()), int(cuda.memory_reserved())
