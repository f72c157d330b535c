"""What is known of a method: what it was seen to do, its knobs, its figures."""

from dataclasses import asdict
from typing import Any

from studio.methods import capabilities, evidence
from studio.methods.catalogue import Knob, Method


def able(one: Method) -> list[str]:
    """Return the tasks that a method was seen to learn, held as it is meant to be."""
    tried = {
        task: capabilities.cells(one.key, task, one.quantization) for task in capabilities.tasks()
    }
    return [task for task, cells in tried.items() if any(c.trains for c in cells.values())]


def merges(one: Method) -> bool | None:
    """Say whether the result was seen to merge; a whole model needs no merging; None: untried."""
    if not one.peft:
        return True
    tried = any(capabilities.cells(one.key, task) for task in capabilities.tasks())
    return capabilities.merges(one.key) if tried else None


def in_four_bit(one: Method) -> bool | None:
    """Say whether it was seen to learn over weights in 4-bit; None where that was not tried."""
    tried = [
        cell
        for task in capabilities.tasks()
        for cell in capabilities.cells(one.key, task, "nf4").values()
    ]
    return any(cell.trains for cell in tried) if tried else None


def values(one: Method) -> dict[str, Any]:
    """Return everything that is known of a method, as JSON shows it."""
    names = (
        "key", "name", "family", "peft", "quantization", "learning_rate", "targets", "optimizer",
        "start", "fixed", "size", "paper", "docs",
    )  # fmt: skip
    texts = {name: one.text(name) for name in ("summary", "when", "when_not", "documents")}
    return {
        **{name: getattr(one, name) for name in names},
        **texts,
        "merges": merges(one),
        "four_bit": in_four_bit(one),
        "tasks": able(one),
        "knobs": {key: _knob(knob) for key, knob in one.knobs.items()},
        "capabilities": {"peft": capabilities.measured_with(), "tasks": _seen(one)},
        "evidence": [{**asdict(point), "knobs": point.knobs} for point in evidence.of(one.key)],
    }


def _knob(knob: Knob) -> dict[str, Any]:
    """Return a setting, as JSON shows it; `by_size` is bounds and values, 0 for no bound."""
    names = ("title", "help", "kind", "default", "low", "high", "by_size", "tier")
    return {**{name: getattr(knob, name) for name in names}, "choices": knob.captions()}


def _seen(one: Method) -> dict[str, Any]:
    """Return what was seen of a method by task, number format and model family."""
    return {
        task: {
            bits: {
                family: {"passed": cell.passed, "stops": cell.stops, "trains": cell.trains}
                for family, cell in capabilities.cells(one.key, task, bits).items()
            }
            for bits in capabilities.FORMATS
        }
        for task in capabilities.tasks()
    }
