"""What a run's events mean to its charts: numbers by track and curve, and where marks stand."""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from studio.recipe import Recipe
from studio.recipe.model import TrainingSection
from studio.runs import events as ev

GIB = 2**30
_SILENCE = 30.0  # seconds without an event that are not counted as the run's time
_PLANNED = 400  # points of the learning rate that is planned
_MOST_CONTEXT = 2 * GIB  # more than this is no CUDA context but another program

Floats = NDArray[np.float64]
Put = Callable[[Floats, Floats, Floats], None]


class Line:
    """Steps, values and times of one curve, with breaks; remembers what was sent to a chart."""

    def __init__(self) -> None:
        self.steps, self.values, self.times = array("d"), array("d"), array("d")
        self._breaks: list[int] = []
        self._sent = self._sent_breaks = 0

    def __len__(self) -> int:
        return len(self.values)

    def add(self, step: float, value: float, t: float) -> None:
        """Add one value, taken `t` seconds after the start."""
        self.steps.append(step)
        self.values.append(value)
        self.times.append(t)

    def gap(self) -> None:
        """Break the line after its last value."""
        if self.values and self._breaks[-1:] != [len(self.values)]:
            self._breaks.append(len(self.values))

    def forget(self, step: float) -> None:
        """Forget what lies beyond a step; a chart must be told everything again."""
        count = bisect_right(self.steps, step)
        for column in (self.steps, self.values, self.times):
            del column[count:]
        del self._breaks[bisect_left(self._breaks, count) :]

    def rewind(self) -> None:
        """Send everything again at the next `send`."""
        self._sent = self._sent_breaks = 0

    def send(self, put: Put, gap: Callable[[], None]) -> None:
        """Hand over what is new, in one piece between two breaks."""
        for place in self._breaks[self._sent_breaks :]:
            self._send_to(place, put)
            gap()
        self._sent_breaks = len(self._breaks)
        self._send_to(len(self.values), put)

    def _send_to(self, end: int, put: Put) -> None:
        part = slice(self._sent, end)
        if end > self._sent:
            put(*(np.array(column[part]) for column in (self.steps, self.values, self.times)))
            self._sent = end


class Curves:
    """Everything that the charts of a run show; `feed` it events as they come.

    `generation` changes when the past does: the charts are then to be filled from the start.
    """

    def __init__(self, recipe: Recipe | None = None) -> None:
        self._recipe = recipe
        self.lines: dict[tuple[str, str], Line] = {}
        self.generation = 0
        self.on_card: bool | None = None
        self.metrics: tuple[str, ...] = ()
        self.memory_limit = 0.0
        self.total = self.step = 0
        self.steps_an_epoch = 0.0
        self.checkpoints: list[int] = []
        self.faults: list[tuple[int, str]] = []
        self.diverged: int | None = None
        self._device: str = recipe.hardware.device if recipe else "auto"
        self._clock = self._last = 0.0
        self._base = self._context = -1
        self._handlers: dict[type[ev.Event], Callable[..., None]] = {
            ev.Started: self._on_started,
            ev.Stage: self._on_stage,
            ev.Step: self._on_step,
            ev.Eval: self._on_eval,
            ev.Memory: self._on_memory,
            ev.Checkpoint: self._on_checkpoint,
            ev.Paused: self._on_paused,
            ev.Resumed: self._on_resumed,
            ev.Failed: self._on_failed,
        }

    def feed(self, events: Iterable[ev.Event]) -> None:
        """Take in events in their order."""
        for event in events:
            if 0 < event.t - self._last < _SILENCE:
                self._clock += event.t - self._last
            self._last = event.t
            handler = self._handlers.get(type(event))
            if handler is not None:
                handler(event)

    def epochs(self) -> list[tuple[float, int]]:
        """Return (step, number) of the epochs that begin inside the run, eight at most."""
        if not self.steps_an_epoch or not self.total:
            return []
        count = math.ceil(self.total / self.steps_an_epoch - 1e-6)
        stride = max(1, -(-count // 8))
        return [((n - 1) * self.steps_an_epoch, n) for n in range(1 + stride, count + 1, stride)]

    @property
    def pace(self) -> float:
        """Seconds a step so far, everything between two steps included."""
        return self._clock / self.step if self.step else 1.0

    def plan(self) -> tuple[Floats, Floats] | None:
        """Return steps and learning rates as the recipe plans them."""
        if self._recipe is None or not self.total:
            return None
        steps = np.linspace(0, self.total, min(self.total + 1, _PLANNED))
        done = np.maximum(steps - 1, 0)  # a step is told with the rate it was made with
        return steps, planned_rates(self._recipe.training, done, self.total)

    def mark_lost(self) -> None:
        """Mark the last step as the one at which the process ended without a word."""
        if (self.step, "") not in self.faults:
            self.faults.append((self.step, ""))

    def _add(self, track: str, curve: str, step: float, value: float) -> None:
        line = self.lines.get((track, curve))
        if line is None:
            line = self.lines[track, curve] = Line()
        line.add(step, value, self._clock)

    def _gap(self, *keys: tuple[str, str]) -> None:
        for key in keys:
            if key in self.lines:
                self.lines[key].gap()

    def _forget(self, step: int) -> None:
        """Go back to a step: what came after it is told again."""
        for line in self.lines.values():
            line.forget(step)
        self.checkpoints = [known for known in self.checkpoints if known <= step]
        self.step = step
        if self.diverged is not None and self.diverged > step:
            self.diverged = None
        self.generation += 1

    def _on_stage(self, event: ev.Stage) -> None:
        """A new worker begins: what ended the last one is over."""
        if event.name == "start":
            self._base = self._context = -1
            if self.faults:
                self.faults.clear()
                self.generation += 1

    def _on_started(self, event: ev.Started) -> None:
        self.total, self._device = event.total_steps, event.device
        if event.device == "cpu" and self.on_card:
            for key in [key for key in self.lines if key[0] == "memory"]:
                del self.lines[key]
            self.on_card = None
            self.generation += 1

    def _on_step(self, event: ev.Step) -> None:
        if event.step <= self.step:
            self._forget(event.step - 1)  # begun again from nothing
        self.step = event.step
        if event.epoch > 0:
            self.steps_an_epoch = event.step / event.epoch
        self._add("loss", "raw", event.step, event.loss)
        self._add("speed", "speed", event.step, event.tokens_per_second)
        self._add("rate", "rate", event.step, event.learning_rate)
        self._add("gradient", "norm", event.step, event.grad_norm)
        if self.diverged is None and not math.isfinite(event.loss):
            self.diverged = event.step

    def _on_eval(self, event: ev.Eval) -> None:
        self._add("loss", "eval", event.step, event.loss)
        self._gap(("speed", "speed"))
        for name, value in event.metrics.items():
            if name not in self.metrics:
                self.metrics = (*self.metrics, name)
                self.generation += 1
            self._add("metrics", name, event.step, value)

    def _on_memory(self, event: ev.Memory) -> None:
        """A worker that begins again tells step 0 until it has made one: its place is later."""
        step = max(event.step, self.step)
        self._add("load", "processor", step, event.processor_load)
        on_card = bool(event.card_total) and self._device != "cpu"
        if on_card != self.on_card:
            self.on_card = on_card
            self.generation += 1
        if not on_card:
            self.memory_limit = event.machine_total / GIB
            self._add("memory", "used", step, event.machine_used / GIB)
            self._add("memory", "other", step, (event.machine_used - event.process) / GIB)
            return
        self.memory_limit = event.card_total / GIB
        self._add("load", "card", step, event.card_load)
        self._add("memory", "used", step, event.card_used / GIB)
        self._add("memory", "other", step, self._others(event) / GIB)
        self._add("memory", "reserved", step, event.reserved / GIB)
        self._add("memory", "allocated", step, event.allocated / GIB)

    def _others(self, event: ev.Memory) -> int:
        """Return the card's bytes that are not ours.

        The driver does not tell a process's share everywhere, so our CUDA context is what the
        card's use grew by, apart from the tensors, when we first put something on it.
        """
        if not event.reserved:
            self._base = event.card_used
        elif self._context < 0 <= self._base:
            grown = event.card_used - self._base - event.reserved
            self._context = grown if 0 < grown < _MOST_CONTEXT else 0
        return max(0, event.card_used - event.reserved - max(0, self._context))

    def _on_checkpoint(self, event: ev.Checkpoint) -> None:
        gone = {int(name.rsplit("-", 1)[-1]) for name in event.removed}
        kept = [step for step in self.checkpoints if step not in gone and step != event.step]
        self.checkpoints = [*kept, event.step]
        self._gap(("speed", "speed"))

    def _on_paused(self, _event: ev.Paused) -> None:
        self._gap(("loss", "raw"), ("speed", "speed"), ("gradient", "norm"))

    def _on_resumed(self, event: ev.Resumed) -> None:
        if event.step < self.step:
            self._forget(event.step)
        self.step = event.step

    def _on_failed(self, event: ev.Failed) -> None:
        self.faults.append((event.step or self.step, event.kind))


def planned_rates(training: TrainingSection, steps: Floats, total: int) -> Floats:
    """Return the learning rate at each step, after transformers' schedules of the same names."""
    warm = math.ceil(total * training.warmup)
    done = np.clip((steps - warm) / max(1, total - warm), 0.0, 1.0)
    falls = {
        "cosine": 0.5 * (1.0 + np.cos(math.pi * done)),
        "linear": 1.0 - done,
        "constant": np.ones_like(done),
    }
    rising = steps / max(1, warm)
    return training.learning_rate * np.where(steps < warm, rising, falls[training.schedule])
