"""What state a run is in: derived from its events and its process, stored nowhere."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from studio.errors import Problem
from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.log import EventReader
from studio.runs.process import worker
from studio.words import mark

StateName = Literal[
    "queued", "starting", "training", "paused", "finished", "stopped", "failed", "lost"
]
LIVING: tuple[StateName, ...] = ("starting", "training", "paused")

_LOST = mark("The training process ended without a word at step {step}.")
_RESUME = mark("Go on from the last checkpoint.")
_AGAIN = mark("Start it again: it had written no checkpoint yet.")


@dataclass
class RunState:
    """A run in a few figures; `feed` it events as they come."""

    name: StateName = "queued"
    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    loss: float | None = None
    eval_loss: float | None = None
    best_eval: float | None = None
    best_step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    stage: ev.Stage | None = None
    started: ev.Started | None = None
    began: float = 0.0
    last: float = 0.0
    trained_seconds: float = 0.0
    seconds_a_step: float = 0.0
    peak_memory: int = 0
    memory: ev.Memory | None = None
    checkpoints: list[int] = field(default_factory=list)
    adapter: str = ""
    problem: Problem | None = None
    failed_kind: str = ""
    warnings: list[Problem] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Part of the steps that is done, 0 to 1."""
        return min(1.0, self.step / self.total_steps) if self.total_steps else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate of the seconds until the last step, or None before the first steps."""
        if not self.seconds_a_step or not self.total_steps:
            return None
        return (self.total_steps - self.step) * self.seconds_a_step

    @property
    def seconds_gone(self) -> float:
        """Seconds spent so far, pauses and gaps between workers left out."""
        return self.trained_seconds

    def feed(self, happened: Iterable[ev.Event]) -> None:
        """Take in events in their order."""
        for event in happened:
            self._clock(event)
            handler = getattr(self, f"_on_{type(event).__name__.lower()}", None)
            if handler:
                handler(event)

    def _clock(self, event: ev.Event) -> None:
        """Count working time; silence of more than 30 s is not work."""
        if self.name in ("starting", "training") and 0 < event.t - self.last < 30:
            self.trained_seconds += event.t - self.last
        self.began = self.began or event.t
        self.last = event.t

    def _on_stage(self, event: ev.Stage) -> None:
        self.stage = event
        if self.name not in LIVING:
            self.name, self.problem = "starting", None

    def _on_started(self, event: ev.Started) -> None:
        self.name, self.started, self.total_steps = "training", event, event.total_steps
        self.problem, self.failed_kind, self.adapter = None, "", ""

    def _on_step(self, event: ev.Step) -> None:
        self.name, self.problem = "training", None
        self.step, self.epoch, self.loss = event.step, event.epoch, event.loss
        known = self.seconds_a_step
        self.seconds_a_step = event.seconds if not known else 0.9 * known + 0.1 * event.seconds

    def _on_eval(self, event: ev.Eval) -> None:
        self.eval_loss, self.metrics = event.loss, event.metrics
        better = self.best_eval is None or event.loss < self.best_eval
        if better and not math.isnan(event.loss):
            self.best_eval, self.best_step = event.loss, event.step

    def _on_memory(self, event: ev.Memory) -> None:
        self.memory = event
        self.peak_memory = max(self.peak_memory, event.reserved or event.process)

    def _on_checkpoint(self, event: ev.Checkpoint) -> None:
        gone = {int(step) for name in event.removed for step in re.findall(r"-(\d+)$", name)}
        kept = [step for step in self.checkpoints if step not in gone and step != event.step]
        self.checkpoints = [*kept, event.step]

    def _on_warned(self, event: ev.Warned) -> None:
        self.warnings.append(Problem("", event.text, event.next_step, event.values))

    def _on_paused(self, event: ev.Paused) -> None:
        self.name = "paused"

    def _on_resumed(self, event: ev.Resumed) -> None:
        self.name, self.problem, self.step = "training", None, event.step

    def _on_stopped(self, event: ev.Stopped) -> None:
        self.name, self.adapter, self.step = "stopped", event.adapter, event.step

    def _on_finished(self, event: ev.Finished) -> None:
        self.name, self.adapter, self.step = "finished", event.adapter, event.step

    def _on_failed(self, event: ev.Failed) -> None:
        self.name, self.failed_kind = "failed", event.kind
        self.problem = Problem("", event.text, event.next_step, event.values)

    def settle(self, living: bool, begun: bool, since: float = 0.0) -> None:
        """Hold the state against the process: what says it runs but does not is lost.

        `begun` says that a worker was started at some time, `since` when the living one was: one
        that is younger than the last event has just been started on an ended run.
        """
        if not living and (self.name in LIVING or (self.name == "queued" and begun)):
            self.name = "lost"
            step = _RESUME if self.checkpoints else _AGAIN
            self.problem = Problem("", _LOST, step, {"step": self.step})
        elif living and (self.name in ("queued", "lost") or since > self.last > 0):
            self.name, self.problem = "starting", None


def read_state(folder: RunFolder) -> RunState:
    """Read a run's whole history and return its state.

    The process is looked at before the events, so that an ending is never mistaken for a loss.
    """
    process = worker(folder)
    state = RunState()
    state.feed(EventReader(folder.events).read_all())
    since = process.create_time() if process else 0.0
    state.settle(process is not None, folder.worker_log.exists(), since)
    return state
