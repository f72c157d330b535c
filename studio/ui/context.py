"""What the pages share: settings, machine, service, runs, the draft, where to go, what to say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio import hardware
from studio import settings as settings_file
from studio.errors import DiskError, StudioError
from studio.ui.machine import MachineWatcher
from studio.ui.runs import RunsWatcher
from studio.ui.service import Service
from studio.words import mark

if TYPE_CHECKING:  # these take a while to import, and the first page needs neither
    from studio.flow import Draft
    from studio.recipe import Recipe
    from studio.runs.folder import RunFolder
    from studio.ui.widgets.toast import Toaster

_log = logging.getLogger(__name__)


class Context(QObject):
    """One for the whole window; it outlives the pages when the language changes.

    Signals:
        use_changed: a new measurement, once a second.
        draft_changed: a page changed the draft (through `touch`).
        settings_changed: after `save_settings`.
        go(page, argument): somebody wants another page shown.
        help(topic): somebody asks for help on a field.
    """

    use_changed = Signal()
    draft_changed = Signal()
    settings_changed = Signal()
    go = Signal(str, str)
    help = Signal(str)

    def __init__(
        self, settings: settings_file.Settings | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.settings = settings or settings_file.load()
        self.watcher = MachineWatcher(self)
        self.service = Service(self)
        self.runs = RunsWatcher(self.settings.runs, self)
        self.toaster: Toaster | None = None
        self._draft: Draft | None = None
        self._stores: dict[str, dict[str, Any]] = {}
        self.watcher.measured.connect(self._on_measured)

    def begin(self) -> None:
        """Start to watch machine and runs in the background."""
        self.watcher.begin()
        self.runs.begin()

    def close(self) -> None:
        """End what runs in the background; training goes on."""
        self.watcher.close()
        self.runs.close()
        self.service.close()

    @property
    def machine(self) -> hardware.Machine:
        """The machine; looks at it now if nobody has yet."""
        return self.watcher.machine or hardware.machine()

    @property
    def use(self) -> hardware.Use:
        """The latest measurement; measures now if there is none yet."""
        if self.watcher.use is None:
            self.watcher.use = hardware.use()
        return self.watcher.use

    @property
    def measured(self) -> bool:
        """Whether `machine` and `use` are there without a wait."""
        return self.watcher.machine is not None and self.watcher.use is not None

    @property
    def draft(self) -> Draft:
        """The run in the making."""
        if self._draft is None:
            from studio.flow import Draft

            self._draft = Draft()
        return self._draft

    @draft.setter
    def draft(self, draft: Draft) -> None:
        self._draft = draft
        self.touch()

    def touch(self) -> None:
        """Tell everyone that the draft changed."""
        self.draft_changed.emit()

    def store(self, key: str) -> dict[str, Any]:
        """Return what a page keeps over a rebuild of the window; empty at first."""
        return self._stores.setdefault(key, {})

    def save_settings(self) -> None:
        """Write the settings and tell everyone; a disk that refuses is said, not raised."""
        try:
            settings_file.save(self.settings)
        except OSError as reason:
            _log.exception("settings were not saved")
            self.fail(
                DiskError(
                    mark("The settings cannot be saved: {reason}."),
                    mark("They hold until the window is closed."),
                    reason=reason.strerror or reason,
                )
            )
        self.runs.set_folder(self.settings.runs)
        self.settings_changed.emit()

    def open_page(self, page: str, argument: str = "") -> None:
        """Show a page; a run page takes the run's path, the wizard the name of a step."""
        self.go.emit(page, argument)

    def say(
        self,
        text: str,
        kind: str = "good",
        action: str = "",
        on_action: Callable[[], None] | None = None,
    ) -> None:
        """Show a toast (good, info, warn, bad)."""
        if self.toaster is not None:
            self.toaster.show(text, kind, action, on_action)

    def fail(self, error: StudioError) -> None:
        """Show what went wrong and what to do about it."""
        self.say(str(error), "bad")

    def start_run(self, recipe: Recipe) -> RunFolder | None:
        """Start a run and show it; the service gives back its model's memory before.

        Returns None where it could not be started, which is said.
        """
        self.service.release()
        try:
            folder = self.runs.start(recipe)
        except StudioError as reason:
            self.fail(reason)
            return None
        self.settings.remember_model(recipe.model.source)
        self.save_settings()
        self.open_page("live", str(folder.path))
        return folder

    def resume_run(self, path: str) -> bool:
        """Go on with a run from its last checkpoint and show it; return whether it started."""
        self.service.release()
        try:
            self.runs.resume(path)
        except StudioError as reason:
            self.fail(reason)
            return False
        self.open_page("live", path)
        return True

    def _on_measured(self, _use: object) -> None:
        self.use_changed.emit()
