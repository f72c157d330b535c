"""Follow a run from the terminal: read its events, draw them, hear Ctrl+C."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from studio.cli import numbers
from studio.cli.progress import Shown, stage_text
from studio.cli.terminal import note
from studio.errors import Problem
from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.log import EventReader
from studio.runs.metric_names import metric_name
from studio.runs.process import alive
from studio.runs.requests import ask
from studio.runs.state import RunState
from studio.words import tr

_LOOK_SECONDS = 0.2


class Follower:
    """A run as the terminal sees it; history that is read beforehand is not told again."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.state = RunState()
        self._reader = EventReader(folder.events)
        self._now: tuple[str, int, int, str] = (stage_text("start"), 0, 0, "")

    def catch_up(self) -> None:
        """Take in what has happened so far."""
        self.state.feed(self._reader.read_all())

    def begin_again(self) -> None:
        """Expect a new worker: how the last one ended says nothing about this one."""
        self.catch_up()
        self.state.name, self.state.problem = "starting", None

    def follow(self, *, stops: bool) -> bool:
        """Show the run until it ends; return False when the person left it going.

        With `stops` the first Ctrl+C stops the run and the second leaves it; else the first.
        """
        asked = False
        with Interrupts() as interrupts, Shown() as shown:
            while True:
                living = alive(self.folder)  # before reading, so that no last word is missed
                self._read(shown)
                if not living:
                    self.state.settle(False, self.folder.worker_log.exists())
                    return True
                if interrupts.count and stops and not asked:
                    asked = True
                    self._ask_stop(shown)
                if interrupts.count > stops:
                    return False
                time.sleep(_LOOK_SECONDS)

    def _ask_stop(self, shown: Shown) -> None:
        """Ask the worker to stop."""
        ask(self.folder.requests, "stop")
        shown.say(tr("Stopping after this step. Ctrl+C again leaves the run to itself."))

    def _read(self, shown: Shown) -> None:
        """Take in what is new and draw it."""
        for event in self._reader.read_all():
            self.state.feed([event])
            self._tell(event, shown)
        shown.show(*self._now)

    def _tell(self, event: ev.Event, shown: Shown) -> None:
        """Say what should stay on the screen, and note what is done now."""
        if isinstance(event, ev.Stage):
            self._now = (stage_text(event.name), event.done, event.total, "")
        elif isinstance(event, ev.Step):
            figures = _figures(self.state, event)
            self._now = (tr("Training", "state"), event.step, self.state.total_steps, figures)
        elif isinstance(event, ev.Paused):
            self._now = (tr("Paused"), event.step, self.state.total_steps, "")
        elif isinstance(event, ev.Warned):
            shown.say(str(Problem("", event.text, event.next_step, event.values)))
        elif isinstance(event, ev.Eval):
            shown.say(_eval_text(event))


def _figures(state: RunState, step: ev.Step) -> str:
    """Return what is told of a step."""
    parts = [
        tr("step {step} of {total}", step=f"{step.step:,}", total=f"{state.total_steps:,}"),
        tr("loss {loss}", loss=numbers.figure(step.loss)),
        tr("{tokens} tokens/s", tokens=f"{step.tokens_per_second:,.0f}"),
    ]
    if state.memory:
        parts.append(numbers.memory(state.memory.reserved or state.memory.process))
    if state.seconds_left is not None:
        parts.append(tr("{time} left", time=numbers.duration(state.seconds_left)))
    return " · ".join(parts)


def _eval_text(event: ev.Eval) -> str:
    """Return what an evaluation found."""
    found = [tr("held-out loss {loss}", loss=numbers.figure(event.loss))]
    found += [
        f"{metric_name(name)} {numbers.figure(value)}" for name, value in event.metrics.items()
    ]
    return tr("Step {step}: {found}", step=f"{event.step:,}", found=tr(", ").join(found))


class Interrupts:
    """Count Ctrl+C for the length of a `with` block, instead of ending the program."""

    def __enter__(self) -> Self:
        """Begin to count."""
        self.count = 0
        self._before = signal.signal(signal.SIGINT, self._on_interrupt)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Give Ctrl+C its meaning back."""
        signal.signal(signal.SIGINT, self._before)

    def _on_interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """Count one."""
        self.count += 1


def conclude(folder: RunFolder, state: RunState) -> int:
    """Tell how the run ended; return 0 only when it finished or was stopped."""
    if state.name == "finished":
        note(_finished_text(state))
    elif state.name == "stopped":
        note(_stopped_text(state))
    elif state.problem:
        note(str(state.problem))
        note(tr("The full log: {file}", file=folder.worker_log))
    else:
        note(tr("The run {run} waits; nothing trains it now.", run=folder.name))
    return 0 if state.name in ("finished", "stopped") else 1


def _finished_text(state: RunState) -> str:
    """Return the end of a run that came to its end."""
    return tr(
        "Finished {steps} steps in {time}; loss {loss}, held-out loss {held_out}.",
        steps=f"{state.step:,}",
        time=numbers.duration(state.seconds_gone),
        loss=numbers.figure(state.loss),
        held_out=numbers.figure(state.eval_loss),
    )


def _stopped_text(state: RunState) -> str:
    """Return the end of a run that was stopped."""
    if not state.adapter:
        return tr("Stopped before the first step; nothing was learnt.")
    return tr("Stopped at step {step}; what it learnt is kept.", step=f"{state.step:,}")


def tell_left(folder: RunFolder) -> None:
    """Say how to come back to a run that goes on alone."""
    note(tr("The run goes on. Watch it with: finetune-studio watch {run}", run=quoted(folder.path)))


def quoted(path: Path) -> str:
    """Return a path as a command line takes it."""
    return f'"{path}"' if " " in str(path) else str(path)
