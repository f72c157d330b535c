"""What each method was seen to do, read from what tests/bench/capabilities.py measured.

presets/capabilities.json holds it. A cell is one method on one task, model family and number
format. It lists the stages that it passed, in their order, and why it stopped where it did not
pass them all.
"""

import functools
import json
from dataclasses import dataclass, field
from typing import Any

from studio.paths import PRESETS
from studio.words import mark

# The stages in their order; generation is only tried where the task generates. The last two say
# what the result can do besides: a method that trains need not merge.
STAGES = ("builds", "learns", "saves", "reloads", "generates")
EXTRAS = ("merges", "packs")
FORMATS = ("none", "int8", "nf4")  # as recipes name them: 16-bit, 8-bit, 4-bit

# Why a stage was not passed, as the bench sorts it; each is a whole sentence for people.
REASONS = {
    "no_layers": mark("This kind of model has no layers that the method works on."),
    "quantized": mark("The method does not work on weights held in this number format."),
    "needs_4bit": mark("The method begins with what is lost in 4-bit, and needs it."),
    "shape": mark("The method's sizes do not fit this kind of model."),
    "task": mark("The method is not made for this task."),
    "past": mark("This kind of model takes no keys and values from before its text."),
    "generation": mark("A model with this method cannot write text."),
    "loss": mark("The loss did not fall."),
    "reload": mark("What was saved did not give the same answers when it was loaded again."),
    "structure": mark("What the method learns is no change of the weights."),
    "tied": mark("It changes weights that two layers of this kind of model share."),
    "merge": mark("The merged weights do not give the same answers."),
    "other": mark("It ended with an error."),
}


@dataclass(frozen=True)
class Cell:
    """What was seen of one method on one task, model family and number format.

    `stops` gives, by stage that was not passed, a key of REASONS and the library's own words.
    """

    passed: tuple[str, ...]
    stops: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def trains(self) -> bool:
        """Say whether it builds, learns, saves, reloads (and generates where the task does)."""
        return not any(stage in self.stops for stage in STAGES) and "reloads" in self.passed

    @property
    def reason(self) -> str:
        """Return the sentence (a template) that says why it does not train, or ""."""
        found = next((self.stops[stage] for stage in STAGES if stage in self.stops), None)
        return REASONS.get(found[0], REASONS["other"]) if found else ""


@functools.lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    """Return the file's contents; nothing was measured where there is no file."""
    file = PRESETS / "capabilities.json"
    return json.loads(file.read_text("utf-8")) if file.is_file() else {"cells": {}}


def measured_with() -> str:
    """Return the version of PEFT that the table was measured with, or ""."""
    return str(_table().get("peft", ""))


def tasks() -> list[str]:
    """Return every task that was tried, in the order of the alphabet."""
    return sorted({task for tried in _table()["cells"].values() for task in tried})


def cells(method: str, task: str, bits: str = "none") -> dict[str, Cell]:
    """Return the cells of a method on a task by model family (transformers' model_type)."""
    found = _table()["cells"].get(method, {}).get(task, {}).get(bits, {})
    return {family: _cell(values) for family, values in found.items()}


def _cell(values: dict[str, Any]) -> Cell:
    """Read one cell."""
    stops = {stage: (why[0], why[1]) for stage, why in values.get("stops", {}).items()}
    return Cell(tuple(values.get("passed", ())), stops)


def refusal(method: str, task: str, bits: str = "none", family: str = "") -> str:
    """Return why a method cannot do a task in a number format, as a template, or "".

    The cell of the model's own family decides where there is one; otherwise one family on which
    it was seen to train is enough. What was never measured is not refused.
    """
    seen = cells(method, task, bits)
    if family in seen:
        return seen[family].reason
    if not seen or any(cell.trains for cell in seen.values()):
        return ""
    return next(iter(seen.values())).reason


def merges(method: str, task: str = "", family: str = "") -> bool:
    """Say whether a method's result was seen to merge into 16-bit weights.

    Without a task: on any task. A method that was never measured is taken not to.
    """
    return _seen(method, task, family, "merges")


def packs(method: str, family: str = "") -> bool:
    """Say whether rows laid end to end were seen to give the loss of padded ones."""
    return _seen(method, "causal_lm", family, "packs")


def _seen(method: str, task: str, family: str, extra: str) -> bool:
    """Say whether an extra was passed in 16-bit, in the model's own family where it was tried."""
    names = [task] if task else list(_table()["cells"].get(method, {}))
    seen = [(kind, cell) for name in names for kind, cell in cells(method, name).items()]
    own = [cell for kind, cell in seen if kind == family]
    return any(extra in cell.passed for cell in own or [cell for _, cell in seen])
