"""The thread that reads run folders: small slices, small batches, little time at a time."""

import copy
import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, SignalInstance

from studio.errors import Problem, RunError, StudioError
from studio.recipe import Recipe
from studio.runs import process
from studio.runs.folder import RunFolder, title
from studio.runs.log import EventReader
from studio.runs.state import LIVING, RunState
from studio.words import mark

HIDDEN = ".removed-"
_SLICE = 128 << 10  # bytes decoded in one go: about 5 ms
_ROUND = 0.5  # seconds between two looks at all runs
_FOLLOW = 0.2  # seconds between two looks at a followed run
_BREATH = 0.004  # seconds that the GUI thread has for itself between two slices
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunView:
    """A run as it was last seen; `problem` says what is wrong with the folder itself."""

    folder: RunFolder
    recipe: Recipe | None
    state: RunState
    title: str
    problem: Problem | None = None

    @property
    def path(self) -> str:
        """The folder as text: the key of the run everywhere in the window."""
        return str(self.folder.path)

    @property
    def living(self) -> bool:
        """Whether a worker is at it."""
        return self.state.name in LIVING


class _Run:
    """What the thread remembers of one run between two looks."""

    def __init__(self, path: Path) -> None:
        self.folder = RunFolder(path)
        self.reader = EventReader(self.folder.events)
        self.state = RunState()
        self.size = -1
        self.recipe: Recipe | None = None
        self.problem: Problem | None = None
        self._read_recipe()

    def _read_recipe(self) -> None:
        """Read the recipe once: it never changes after the start."""
        try:
            self.recipe = self.folder.recipe()
        except StudioError as reason:
            self.problem = reason.problem

    def look(self) -> bool:
        """Read one slice of what is new; return whether there is more."""
        size = _size(self.folder.events)
        settled = self.state.name not in (*LIVING, "queued", "lost")
        if size == self.size and settled:
            return False
        living = process.alive(self.folder)
        try:
            events = self.reader.read(_SLICE)
            self.state.feed(events)
        except (OSError, TypeError, ValueError, AttributeError) as reason:
            return self._damaged(size, reason)
        self.size = self.size if events else size
        if not events:
            self._check_known(size)
            self.state.settle(living, self.folder.worker_log.exists())
        return bool(events)

    def _check_known(self, size: int) -> None:
        """Say so when there is a history and nothing in it can be read."""
        if size > 0 and not self.state.last and self.problem is None:
            self._damaged(size, ValueError("no event in it"))

    def _damaged(self, size: int, reason: Exception) -> bool:
        """Note that the history cannot be read."""
        _log.warning("%s: %s", self.folder.events, reason)
        self.size = size
        self.problem = RunError(
            mark("The history of {run} is damaged."),
            mark("Open its folder to see what is left."),
            run=title(self.folder.name),
        ).problem
        return False

    def view(self) -> RunView:
        """Return a copy that the GUI thread may keep."""
        state = copy.copy(self.state)
        state.warnings = list(state.warnings)
        name = self.recipe.output.name if self.recipe else ""
        return RunView(
            self.folder, self.recipe, state, name or title(self.folder.name), self.problem
        )


class Reader(QObject):
    """Reads on its own thread until it is stopped.

    Signals:
        looked(views by path, paths gone): what changed since the last round.
        read(path, events): new events of a followed run.
    """

    looked = Signal(dict, list)
    read = Signal(str, list)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._runs: dict[str, _Run] = {}
        self._told: dict[str, RunView] = {}
        self._followed: dict[str, EventReader] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="runs", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what it has not told yet is lost."""
        self._ending = True
        self._wake.set()
        self._thread.join(5)

    def wake(self) -> None:
        """Look now instead of at the next round."""
        self._wake.set()

    def follow(self, path: Path) -> None:
        """Tell this run's events, from its first on."""
        with self._lock:
            self._followed[str(path)] = EventReader(RunFolder(path).events)
        self.wake()

    def unfollow(self, path: Path) -> None:
        """Tell this run's events no more."""
        with self._lock:
            self._followed.pop(str(path), None)

    def _work(self) -> None:
        """Alternate between followed runs and all runs."""
        due = 0.0
        while not self._ending:
            self._follow_all()
            if time.monotonic() >= due or self._wake.is_set():
                self._wake.clear()
                self._look_at_all()
                due = time.monotonic() + _ROUND
            self._wake.wait(_FOLLOW if self._followed else _ROUND)

    def _follow_all(self) -> None:
        """Tell what is new in the followed runs, a slice of each in turn."""
        more = True
        while more and not self._ending:
            with self._lock:
                readers = list(self._followed.items())
            told = [self._follow_one(path, reader) for path, reader in readers]
            more = any(told)

    def _follow_one(self, path: str, reader: EventReader) -> bool:
        """Tell one slice; return whether there may be more."""
        try:
            events = reader.read(_SLICE)
        except OSError as reason:
            _log.warning("%s: %s", path, reason)
            return False
        if events:
            self._tell(self.read, path, events)
            time.sleep(_BREATH)
        return bool(events)

    def _look_at_all(self) -> None:
        """Look at every run; tell what changed at the end, and now and then on the way."""
        paths = {str(path): path for path in run_paths(self._folder)}
        gone = [path for path in self._runs if path not in paths]
        for path in gone:
            self._runs.pop(path)
            self._told.pop(path, None)
        first, told = not self._told, time.monotonic()
        changed: dict[str, RunView] = {}
        for key in sorted(paths, reverse=True):
            self._look_at(key, paths[key], changed)
            if self._ending:
                return
            if first and changed and time.monotonic() - told > _ROUND:
                self._tell(self.looked, changed, gone)
                changed, gone, told = {}, [], time.monotonic()
        if changed or gone or first:
            self._tell(self.looked, changed, gone)

    def _look_at(self, key: str, path: Path, changed: dict[str, RunView]) -> None:
        """Read what is new of one run and note its view when it differs from the last."""
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = _Run(path)
        while run.look() and not self._ending:
            time.sleep(_BREATH)
            self._follow_all()
        view = run.view()
        if view != self._told.get(key):
            self._told[key] = changed[key] = view

    def _tell(self, signal: SignalInstance, *values: object) -> None:
        """Emit unless the window has gone meanwhile."""
        if not self._ending:
            signal.emit(*values)


def run_paths(folder: Path) -> list[Path]:
    """Return the folders that are, or once were, runs: damaged ones are listed too."""
    try:
        entries = [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir()]
    except OSError:
        return []  # no folder yet, or its disk is away: there are no runs to show
    parts = ("recipe.toml", "events.jsonl", "worker.json")
    return [
        entry
        for entry in entries
        if not entry.name.startswith(".") and any((entry / part).exists() for part in parts)
    ]


def look_once(path: Path) -> RunView:
    """Return a run as its first slice tells it; a long history is told by the thread."""
    run = _Run(path)
    while run.look():
        if run.reader._offset >= _SLICE:
            break
    return run.view()


def _size(file: Path) -> int:
    """Return a file's size, 0 where there is none."""
    try:
        return file.stat().st_size
    except OSError:
        return 0
