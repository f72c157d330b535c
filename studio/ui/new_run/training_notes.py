"""What the values of the Training step mean for this run, in one line each."""

import math
from collections.abc import Callable

from studio.estimate import Estimate, steps_of
from studio.flow import Draft
from studio.hardware import Machine
from studio.methods.capabilities import packs
from studio.methods.catalogue import method
from studio.recipe.fields import describe
from studio.recipe.model import HardwareSection, TrainingSection
from studio.ui.widgets.numbers import number_text
from studio.ui.words import MISSING, count, duration, file_size
from studio.words import tr, trn


class Notes:
    """Words for each field, from the draft and what is estimated for it."""

    def __init__(self, draft: Draft, machine: Machine, need: Estimate | None) -> None:
        self._training = draft.recipe.training
        self._method = method(draft.recipe.method.name)
        self._family = draft.model.model_type if draft.model else ""
        self._data = draft.data_facts()
        self._machine, self._need = machine, need
        self._steps = steps_of(draft.recipe, self._data)

    def note(self, key: str) -> str:
        """Return what a field's value leads to, or else what the field is."""
        say: Callable[[], str] | None = getattr(self, f"_{key}", None)
        return (say() if say else "") or help_of(key)

    def _epochs(self) -> str:
        if not self._steps:
            return ""
        if self._training.max_steps:
            return tr("The limit on steps ends the run")
        return trn("{n} step in all", "{n} steps in all", self._steps)

    def _max_steps(self) -> str:
        if not self._training.max_steps:
            return tr("The run goes by epochs")
        if not self._data.rows:
            return ""
        rows = self._training.max_steps * self._rows_a_step()
        epochs = number_text(round(rows / self._data.rows, 2))
        return tr("About {epochs} epochs", epochs=epochs)

    def _max_length(self) -> str:
        longest = self._data.longest
        if not longest:
            return ""
        if longest <= self._training.max_length:
            return tr("The longest has about {tokens}; none is cut", tokens=count(longest))
        return tr("The longest has about {tokens}; it is cut", tokens=count(longest))

    def _learning_rate(self) -> str:
        usual = number_text(self._method.learning_rate)
        return tr("Usual for {method}: {rate}", method=self._method.name, rate=usual)

    def _schedule(self) -> str:
        words = {
            "cosine": tr("Falls to zero along a half wave"),
            "linear": tr("Falls to zero in a straight line"),
            "constant": tr("Stays as it is after the warm-up"),
        }
        return words[self._training.schedule]

    def _warmup(self) -> str:
        steps = warmup_steps(self._training, self._steps)
        if not self._training.warmup:
            return tr("Begins at the full rate")
        return trn("The first {n} step", "The first {n} steps", steps) if steps else ""

    def _optimizer(self) -> str:
        words = {
            "adamw": tr("Two moments of each weight in 32-bit"),
            "adamw_8bit": tr("A quarter of the memory, same result"),
            "paged_adamw_8bit": tr("The same, and moves to RAM when full"),
        }
        return words[self._training.optimizer]

    def _accumulation(self) -> str:
        rows = self._rows_a_step()
        return trn("{n} row a step", "{n} rows a step", rows)

    def _packing(self) -> str:
        if not packs(self._method.key, self._family):
            return tr("Not with {method}", method=self._method.name)
        return tr("Rows end to end, no padding; same result")

    def _gradient_checkpointing(self) -> str:
        return tr("Far less memory, about a third more time")

    def _eval_every(self) -> str:
        rows = self._data.eval_rows
        if not rows:
            return tr("No rows are held out") if self._data.rows else ""
        if not self._training.eval_every:
            return trn("Once, on {n} row", "Once, on {n} rows", rows)
        times = self._steps // self._training.eval_every
        return trn("{rows} rows, {n} time", "{rows} rows, {n} times", times, rows=count(rows))

    def _save_every(self) -> str:
        if not self._need:
            return ""
        state = 8 if self._training.optimizer == "adamw" else 2
        size = file_size(self._need.trainable * (4 + state))
        return tr("{size} each", size=size)

    def _keep_checkpoints(self) -> str:
        return tr("Older ones are removed")

    def _sample_prompts(self) -> str:
        return tr("Held-out prompts, at each evaluation")

    def _precision(self) -> str:
        if self._training.precision != "auto":
            return tr("Set by hand")
        small = self._machine.card is not None or self._machine.bfloat16
        return tr("16-bit on this machine") if small else tr("float32 on this machine")

    def _device(self) -> str:
        return self._machine.device_name

    def _seed(self) -> str:
        return tr("Same seed, same run")

    def _rows_a_step(self) -> int:
        return self._training.batch_size * self._training.accumulation


def help_of(key: str) -> str:
    """Return what the recipe says of a field."""
    section = TrainingSection if key in TrainingSection.model_fields else HardwareSection
    return tr(describe(section, key).help).rstrip(".。")  # as a label it ends without one


def warmup_steps(training: TrainingSection, steps: int) -> int:
    """Return in how many steps the learning rate rises, as transformers counts them."""
    return math.ceil(steps * training.warmup)


def learning_rates(training: TrainingSection, steps: int) -> list[float]:
    """Return the learning rate at up to 201 steps from 0 to the last, as transformers sets it."""
    warm = warmup_steps(training, steps)
    return [training.learning_rate * _share(training, s, warm, steps) for s in shown_steps(steps)]


def shown_steps(steps: int) -> list[int]:
    """Return the steps at which the plan of the learning rate is drawn."""
    points = min(200, steps)
    return sorted({round(steps * place / points) for place in range(points + 1)}) if points else []


def _share(training: TrainingSection, step: int, warm: int, steps: int) -> float:
    """Return the share of the full rate at a step."""
    if step < warm:
        return step / warm
    done = (step - warm) / max(1, steps - warm)
    falls = {"cosine": 0.5 * (1 + math.cos(math.pi * done)), "linear": 1 - done}
    return falls.get(training.schedule, 1.0)


def saved_by_recomputing(with_it: Estimate, without: Estimate) -> int:
    """Return the bytes of activations that need not be kept."""
    return without.parts["activations"] - with_it.parts["activations"]


def estimated_time(seconds: float) -> str:
    """Return an estimate of a time without more figures than it is worth."""
    if seconds < 60:
        return duration(max(5, round(seconds / 5) * 5))
    minutes = round(seconds / 60)
    return tr("{minutes} min", minutes=minutes) if minutes < 60 else duration(seconds)


def time_words(need: Estimate) -> str:
    """Return about how long a run takes, or a dash where it cannot be."""
    return MISSING if need.verdict == "too large" else estimated_time(need.seconds)
