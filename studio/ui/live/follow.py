"""Follow one run for the page: its events in small portions, and the state they add up to."""

from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.process import alive
from studio.runs.state import LIVING, RunState
from studio.ui.context import Context
from studio.ui.runs import RunView

BEAT = 100  # ms between two looks at what is new
_BEHIND = 2  # ms between two portions of a long history
_PORTION = 400  # events handed over in one go
_BUDGET = 0.010  # seconds of the GUI thread that one beat may take
_LOOK = 5  # beats between two looks at the worker's process
_SILENT = 3  # looks at a process that is gone, without a new event, until the run is lost


class Follower(QObject):
    """Reads along while its page is seen.

    Signals:
        begun: another run, or the same one from its first event.
        fed(events): new events, in order.
        beat: ten times a second, after the events were told.
    """

    begun = Signal()
    fed = Signal(list)
    beat = Signal()

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self.path = ""
        self.state = RunState()
        self.stage: ev.Stage | None = None
        self.checkpoint_at = 0.0
        self._view: RunView | None = None
        self._at = self._beats = self._silent = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_timeout)
        context.runs.changed.connect(self._on_runs_changed)

    def open(self, path: str) -> None:
        """Follow this run from its first event."""
        self.path, self.state, self.stage, self.checkpoint_at = path, RunState(), None, 0.0
        self._at = self._beats = self._silent = 0
        self._view = self._context.runs.view(path)
        self._context.runs.follow(path)
        self.begun.emit()
        self.look()

    @property
    def folder(self) -> RunFolder:
        """The run's folder."""
        return self.view.folder

    @property
    def view(self) -> RunView:
        """The run as the list of runs knows it."""
        assert self._view is not None
        return self._view

    def shown(self) -> RunState:
        """Return the state to show: the list's, as long as a long history is still being read."""
        known = self.view.state
        return known if known.last > self.state.last + 0.001 else self.state

    def caught_up(self) -> bool:
        """Say whether every event that is known has been told."""
        return self._at >= len(self._context.runs.history(self.path))

    def run(self, seen: bool) -> None:
        """Read along while somebody looks; what happens meanwhile is told after."""
        if seen and self.path:
            self._timer.start(BEAT)
            self.look()
        else:
            self._timer.stop()

    def look(self) -> None:
        """Hand over what is new, for ten milliseconds at most."""
        history = self._context.runs.history(self.path)
        if len(history) < self._at:  # another folder of runs, or forgotten: begin again
            self._timer.stop()
            return
        fresh, ends = self._at < len(history), perf_counter() + _BUDGET
        while self._at < len(history) and perf_counter() < ends:
            portion = history[self._at : self._at + _PORTION]
            self._at += len(portion)
            self._feed(portion)
        self._silent = 0 if fresh else self._silent
        if self._timer.isActive():
            self._timer.setInterval(BEAT if self._at >= len(history) else _BEHIND)

    def _feed(self, events: list[ev.Event]) -> None:
        """Tell one portion."""
        self.state.feed(events)
        for event in events:
            if isinstance(event, ev.Stage):
                self.stage = event
            elif isinstance(event, ev.Step | ev.Started | ev.Resumed):
                self.stage = None
            elif isinstance(event, ev.Checkpoint):
                self.checkpoint_at = event.t
        self.fed.emit(events)

    def _on_timeout(self) -> None:
        self.look()
        self._beats += 1
        if self.caught_up():
            if self._beats % _LOOK == 0:
                self._look_at_process()
            self.beat.emit()
        elif self._beats % 20 == 0:
            self.beat.emit()

    def _look_at_process(self) -> None:
        """Hold the state against the worker; a history that still grows proves nothing."""
        state = self.state
        if state.name not in (*LIVING, "queued", "lost") or state.last < self.view.state.last:
            return
        living = alive(self.folder)
        self._silent = 0 if living else self._silent + 1
        known = self.view.state.name == "lost"
        if living or known or self._silent >= _SILENT:
            state.settle(living, self.folder.worker_log.exists())

    def _on_runs_changed(self) -> None:
        found = (view for view in self._context.runs.list() if view.path == self.path)
        self._view = next(found, self._view)
