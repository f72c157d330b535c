"""Below the title: progress of the run, or a banner that says how it ended; notices."""

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from studio.runs import events as ev
from studio.runs.state import RunState
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.bars import ProgressBar
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.widgets.page import EDGE
from studio.ui.words import count, done_at, duration, file_size
from studio.words import tr, trn

_BAR_ROOM = 12  # px


class ProgressHead(QFrame):
    """Progress bar with its words, or a banner in its place.

    Signals:
        acted: the banner's next step; noticed: the notice's next step.
    """

    acted = Signal()
    noticed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("part", "header")
        self.setProperty("lined", True)
        self.bar = ProgressBar()
        self.bar.setAccessibleName(tr("Progress of the run"))
        self.ticks: list[float] = []
        self.step, self.more = Label(role="small-strong"), Label(role="small", elide=True)
        self.gone, self.left = Label(role="small"), Label(role="small-strong")
        self.done = Label(role="small")
        words = hbox(self.step, self.more, self.gone, self.left, self.done, gap=8)
        words.setStretch(1, 1)
        room = holder(vbox(None, self.bar, None, gap=0))
        room.setFixedHeight(_BAR_ROOM)  # also for the ticks of checkpoints: nothing moves then
        self._progress = holder(vbox(room, 3, words, gap=0))
        self.banner = Banner("info", "")
        self.banner.acted.connect(self.acted)
        self.notice = Banner("bad", "")
        self.notice.acted.connect(self.noticed)
        parts: list[QWidget] = [self._progress, self.banner, self.notice]
        vbox(*parts, gap=12, margins=(EDGE, 0, EDGE, 16), into=self)
        self.banner.hide()
        self.notice.hide()

    def show_progress(self, state: RunState, stage: ev.Stage | None, checkpoint_at: float) -> None:
        """Say how far the run is."""
        self._progress.show()
        self.banner.hide()
        if stage is not None:
            self._show_stage(stage, state)
            return
        self.bar.set_share(state.share)
        self._set_ticks(
            [step / state.total_steps for step in state.checkpoints if state.total_steps]
        )
        total = count(state.total_steps) if state.total_steps else "–"
        self.step.setText(tr("Step {step} of {total}", step=count(state.step), total=total))
        self.more.setText(" · ".join(_facts(state, checkpoint_at)))
        self.gone.setText(tr("{time} gone", time=duration(state.seconds_gone)))
        left = state.seconds_left if state.name == "training" else None
        self.left.setText("" if left is None else tr("{time} left", time=duration(left)))
        self.done.setText("" if left is None else tr("done at {time}", time=done_at(left)))

    def _show_stage(self, stage: ev.Stage, state: RunState) -> None:
        """Say what is done before the first step, or after the last."""
        self.bar.set_share(stage.done / stage.total if stage.total else None)
        self._set_ticks([])
        self.step.setText(stage_text(stage))
        self.more.setText(_stage_progress(stage))
        self.gone.setText(tr("{time} gone", time=duration(state.seconds_gone)))
        self.left.setText("")
        self.done.setText("")

    def _set_ticks(self, shares: list[float]) -> None:
        if shares != self.ticks:
            self.ticks = shares
            self.bar.set_ticks(shares)

    def show_banner(self, kind: str, text: str, detail: str = "", action: str = "") -> None:
        """Say what is true now that the run does not go on."""
        self._progress.hide()
        self.banner.set(kind, text, detail, action)
        self.banner.show()

    def show_notice(self, text: str, detail: str = "", action: str = "") -> None:
        """Say what is wrong although the run goes on; an empty text takes it away."""
        if text:
            self.notice.set("bad", text, detail, action)
        self.notice.setVisible(bool(text))


def _facts(state: RunState, checkpoint_at: float) -> list[str]:
    """Return the muted words after the step."""
    found = []
    if state.epoch:
        epoch, epochs = f"{state.epoch:.2f}", state.started.epochs if state.started else 0
        whole = abs(state.total_steps - _steps_of(state)) <= 1 + 0.02 * state.total_steps
        found.append(
            tr("epoch {epoch} of {epochs}", epoch=epoch, epochs=f"{epochs:g}")
            if whole
            else tr("epoch {epoch}", epoch=epoch)
        )
    if state.seconds_a_step:
        found.append(tr("{seconds} s a step", seconds=pace_text(state.seconds_a_step)))
    if checkpoint_at and state.checkpoints:
        ago = duration(max(0.0, time.time() - checkpoint_at))
        found.append(tr("last checkpoint {time} ago", time=_coarse(checkpoint_at, ago)))
    return found


def _steps_of(state: RunState) -> float:
    """Return the steps that all epochs of the recipe would take, by the pace so far."""
    if not state.epoch or state.started is None:
        return 0.0
    return state.step / state.epoch * state.started.epochs


def _coarse(since: float, text: str) -> str:
    """Leave out seconds beyond the first minute: nobody needs them to tick."""
    seconds = time.time() - since
    if seconds < 60 or seconds >= 600:
        return text
    return trn("{n} min", "{n} min", int(seconds // 60))


def pace_text(seconds: float) -> str:
    """Return seconds a step with two significant figures: 0.21, 3.4, 12."""
    return f"{seconds:.0f}" if seconds >= 9.95 else f"{seconds:.2g}"


def stage_text(stage: ev.Stage) -> str:
    """Return what the worker does now, in words."""
    known = {
        "start": tr("Starting the training process"),
        "fetch": tr("Fetching the base model"),
        "convert": tr("Converting the base model"),
        "load": tr("Loading the base model"),
        "data": tr("Reading the rows"),
        "save": tr("Writing the result"),
    }
    return known.get(stage.name, stage.name)


def _stage_progress(stage: ev.Stage) -> str:
    """Return how far a stage is; only fetching counts bytes."""
    if not stage.total:
        return ""
    size = file_size if stage.name == "fetch" else count
    return tr("{done} of {total}", done=size(stage.done), total=size(stage.total))
