"""The curves of runs that are compared: read once, then only what is new."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from studio.runs.events import Eval, Event, Memory, Started, Step
from studio.runs.folder import RunFolder
from studio.runs.log import EventReader

QUANTITIES = ("evaluation", "loss", "memory", "speed")
_SLICE = 128 << 10
_BREATH = 0.004  # seconds that the GUI thread has for itself between two slices


@dataclass
class Curve:
    """One quantity of a run: values over steps, seconds and tokens."""

    step: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    tokens: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, step: float, seconds: float, tokens: float, value: float) -> None:
        """Add a point; a step that was told before replaces all from there on."""
        while self.step and self.step[-1] >= step:
            for column in (self.step, self.time, self.tokens, self.values):
                column.pop()
        self.step.append(step)
        self.time.append(seconds)
        self.tokens.append(tokens)
        self.values.append(value)


class RunCurves:
    """All curves of one run. `read` is called on a pool thread, one call at a time."""

    def __init__(self, path: str) -> None:
        self._reader = EventReader(RunFolder(Path(path)).events)
        self.curves = {name: Curve() for name in QUANTITIES}
        self.trainable = 0
        self._began = 0.0
        self._tokens: dict[int, float] = {}
        self._last = 0

    def read(self) -> "RunCurves":
        """Read what is new in slices; raises OSError."""
        while events := self._reader.read(_SLICE):
            for event in events:
                self._take(event)
            time.sleep(_BREATH)
        return self

    def _take(self, event: Event) -> None:
        """Put an event's figures onto the curves."""
        self._began = self._began or event.t
        gone = event.t - self._began
        if isinstance(event, Started):
            self.trainable = event.trainable
        elif isinstance(event, Step):
            self._take_step(event, gone)
        elif isinstance(event, Eval):
            tokens = self._tokens.get(event.step, 0.0)
            self.curves["evaluation"].add(event.step, gone, tokens, event.loss)
        elif isinstance(event, Memory):
            used = (event.reserved or event.process) / 2**30
            tokens = self._tokens.get(self._last, 0.0)
            self.curves["memory"].add(event.step, gone, tokens, used)

    def _take_step(self, event: Step, gone: float) -> None:
        tokens = self._tokens.get(event.step - 1, 0.0) + event.tokens
        self._tokens[event.step], self._last = tokens, event.step
        self.curves["loss"].add(event.step, gone, tokens, event.loss)
        self.curves["speed"].add(event.step, gone, tokens, event.tokens_per_second)
