"""Follow the folder of runs for the window: states, new events, starting, asking, removing.

Reading happens on a thread of its own (see runs_reader), in slices; what is handed over here
are small batches, so that neither 200 runs nor a history of 100 MB can stall the window.
"""

import logging
import shutil
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.errors import DiskError, RunError, StudioError
from studio.recipe import Recipe
from studio.runs import process, requests
from studio.runs.events import Event
from studio.runs.folder import RunFolder
from studio.runs.state import LIVING, RunState
from studio.ui import jobs
from studio.ui.runs_reader import HIDDEN, Reader, RunView, look_once
from studio.words import mark

__all__ = ["LIVING", "RunState", "RunView", "RunsWatcher"]

# The class has a method of the name `list`, so these are named outside of it.
Views = list[RunView]
Events = list[Event]
Paths = list[str]

_log = logging.getLogger(__name__)


class RunsWatcher(QObject):
    """All runs of a folder, as they are now.

    Signals:
        changed: the list or a state changed; at most twice a second.
        happened(path, events): new events of a followed run, in batches.
    """

    changed = Signal()
    happened = Signal(str, list)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._views: dict[str, RunView] = {}
        self._history: dict[str, Events] = {}
        self._followers: Counter[str] = Counter()
        self._looked = False
        self._reader: Reader | None = None

    def begin(self) -> None:
        """Start to read; calling it again changes nothing."""
        if self._reader is None:
            self._reader = Reader(self._folder)
            self._reader.looked.connect(self._on_looked)
            self._reader.read.connect(self._on_read)
            self._reader.start()

    def close(self) -> None:
        """Stop reading and wait for the thread's end."""
        if self._reader is not None:
            self._reader.stop()
            self._reader = None

    def set_folder(self, folder: Path) -> None:
        """Follow another folder from now on."""
        if folder == self._folder:
            return
        self.close()
        self._folder, self._views, self._looked = folder, {}, False
        self._history.clear()
        self._followers.clear()
        self.begin()
        self.changed.emit()

    def looked(self) -> bool:
        """Say whether the folder was read once: before that an empty list means nothing."""
        return self._looked

    def list(self) -> Views:
        """Return every run, newest first; those without a date last."""
        known = self._views.values()
        return sorted(known, key=lambda view: (view.state.began, view.path), reverse=True)

    def living(self) -> Views:
        """Return the runs whose worker is at them, newest first."""
        return [view for view in self.list() if view.state.name in LIVING]

    def view(self, path: str | Path) -> RunView:
        """Return a run as it is known; one that is not known yet is looked at now.

        The list is empty of events for a run outside the folder until it is followed.
        """
        known = self._views.get(str(path))
        return known if known is not None else look_once(Path(path))

    def follow(self, path: str | Path) -> None:
        """Read a run's events from now on, its history first; `happened` tells them.

        Each call asks for one `unfollow` when its page has seen enough.
        """
        self.begin()
        self._followers[str(path)] += 1
        if str(path) not in self._history and self._reader is not None:
            self._history[str(path)] = []
            self._reader.follow(Path(path))

    def unfollow(self, path: str | Path) -> None:
        """Forget a run's history when nobody else follows it."""
        self._followers[str(path)] -= 1
        if self._followers[str(path)] > 0:
            return
        del self._followers[str(path)]
        self._history.pop(str(path), None)
        if self._reader is not None:
            self._reader.unfollow(Path(path))

    def history(self, path: str | Path) -> Events:
        """Return the events of a followed run that were told so far."""
        return self._history.get(str(path), [])

    def start(self, recipe: Recipe) -> RunFolder:
        """Make a run and start its worker; raises StudioError."""
        folder = process.start(recipe, self._folder)
        self._look_now(folder)
        return folder

    def resume(self, path: str | Path) -> None:
        """Start a worker at a run again; it goes on from its last checkpoint.

        Raises StudioError.
        """
        folder = RunFolder(Path(path))
        process.start_worker(folder)
        self._look_now(folder)

    def ask(self, path: str | Path, name: requests.RequestName, **values: Any) -> None:
        """Leave a request for a run's worker; raises DiskError."""
        try:
            requests.ask(RunFolder(Path(path)).requests, name, **values)
        except OSError as reason:
            raise _disk_error(path, reason) from reason

    def remove(self, path: str | Path) -> None:
        """Delete a run with all that is in it; raises RunError for a running one, or DiskError.

        It is renamed at once and deleted in the background: checkpoints can be many gigabytes.
        """
        folder = RunFolder(Path(path))
        if process.alive(folder):
            raise RunError(
                mark("The run {run} is being trained."),
                mark("Stop it first."),
                run=self.view(path).title,
            )
        aside = folder.path.with_name(f"{HIDDEN}{uuid.uuid4().hex[:8]}")
        try:
            folder.path.rename(aside)
        except OSError as reason:
            raise _disk_error(path, reason) from reason
        while str(path) in self._history:
            self.unfollow(path)
        self._views.pop(str(path), None)
        jobs.run(self, lambda: shutil.rmtree(aside), lambda _none: None, self._on_left_over)
        self.changed.emit()

    def _look_now(self, folder: RunFolder) -> None:
        """Know a run at once, without waiting for the next round."""
        self._views[str(folder.path)] = look_once(folder.path)
        if self._reader is not None:
            self._reader.wake()
        self.changed.emit()

    def _on_left_over(self, error: StudioError) -> None:
        _log.warning("a removed run was not deleted whole: %s", error)

    def _on_looked(self, views: dict[str, RunView], gone: Paths) -> None:
        if self.sender() is not self._reader:
            return
        self._looked = True
        self._views.update(views)
        for path in gone:
            self._views.pop(path, None)
        self.changed.emit()

    def _on_read(self, path: str, events: Events) -> None:
        known = self._history.get(path)
        if known is not None and self.sender() is self._reader:
            known.extend(events)
            self.happened.emit(path, events)


def _disk_error(path: str | Path, reason: OSError) -> DiskError:
    """Return the sentence for a run folder that may not be written to."""
    return DiskError(
        mark("The run folder {folder} cannot be changed: {reason}."),
        mark("Check its rights."),
        folder=path,
        reason=reason.strerror or reason,
    )
