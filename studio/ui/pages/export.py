"""Export: targets with their size, a folder, progress, and whether the result is the same model."""

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QWidget

from studio.errors import StudioError
from studio.exports.shelf import target
from studio.runs.events import Stage
from studio.runs.folder import RunFolder
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.describe import stage_words
from studio.ui.export.parity import ParityPanel
from studio.ui.export.targets import TargetList
from studio.ui.exporting import Offers, look, room
from studio.ui.service import Call
from studio.ui.widgets.bars import ProgressBar
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.fields import ChoiceField
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.widgets.page import Page
from studio.ui.widgets.paths import PathField
from studio.ui.widgets.states import StateStack
from studio.ui.words import file_size
from studio.words import tr

_SIDE_WIDTH = 408


class ExportPage(Page):
    """Choose targets and a folder; each target goes into a folder of its own below it."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(tr("Export"), lined=True)
        self._context = context
        self._kept = context.store("export")
        self._kept.pop("shown", None)  # a page made anew for another language shows nothing yet
        self._call: Call | None = None
        self._looking: jobs.Job | None = None
        self._waiting: list[str] = []
        self._done: dict[str, dict[str, Any]] = {}
        self._now = ""
        self.run_field = ChoiceField([])
        self.run_field.setMinimumWidth(320)
        self.run_field.setAccessibleName(tr("Run"))
        self.add_chip(self.run_field)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        """Targets, folder and room at the left, the comparison at the right, progress below."""
        self.targets = TargetList()
        self.folder = PathField("folder", placeholder=tr("Folder for the exports"))
        self.free = Label("", "muted")
        row = hbox(Label(tr("Folder"), "muted"), self.folder, gap=12)
        row.setStretch(1, 1)
        disk = hbox(IconLabel("hard-drive"), self.free, None, gap=8)
        content = holder(vbox(self.targets, row, disk, None, gap=16))
        self.stack = StateStack(content)
        self.body.addWidget(self.stack, 1)
        self.parity = ParityPanel()
        self.set_side(self.parity, _SIDE_WIDTH)
        self.doing = Label("", "strong", elide=True)
        self.bar = ProgressBar(on_window=True)
        self.bar.setFixedWidth(396)
        self.progress = holder(vbox(None, self.doing, self.bar, None, gap=8))
        self.open_button = Button(tr("Open folder"))
        self.cancel_button = Button(tr("Cancel"))
        self.export_button = Button(tr("Export"), "primary", icon="export")
        self.footer: QFrame = self.set_footer(
            self.progress, None, self.open_button, self.cancel_button, self.export_button
        )
        self._show_idle()

    def _connect(self) -> None:
        self.run_field.chosen.connect(self._show_run)
        self.targets.changed.connect(self._refresh_room)
        self.folder.changed.connect(self._on_folder)
        self.export_button.clicked.connect(self._on_export)
        self.cancel_button.clicked.connect(self._on_cancel)
        self.open_button.clicked.connect(self._on_open_folder)
        self.stack.acted.connect(self._on_state_acted)
        self._context.runs.changed.connect(self._refresh_runs)
        QShortcut(QKeySequence("Ctrl+Return"), self).activated.connect(self._on_export)

    def open(self, argument: str = "") -> None:
        """Show the page, for a run when one is named."""
        self._refresh_runs()
        ready = self._ready_runs()
        wanted = argument or self._kept.get("run", "") or (ready[0][0] if ready else "")
        if wanted and wanted != self._kept.get("shown"):
            self._show_run(wanted)

    def _ready_runs(self) -> list[tuple[str, str]]:
        """Return (path, title) of the runs that have a result."""
        views = self._context.runs.list()
        return [(view.path, view.title) for view in views if view.state.adapter]

    def _refresh_runs(self) -> None:
        """Offer the runs that have a result; without any, say what to do."""
        ready = self._ready_runs()
        shown = self._kept.get("shown", "")
        if shown and not Path(shown).is_dir():  # deleted
            shown = ""
            self._kept.pop("shown")
            self._kept.pop("run", None)
        if ready != self.run_field.property("offered"):
            self.run_field.setProperty("offered", ready)
            self.run_field.set_items(ready)
            self.run_field.set_key(shown)
        self.run_field.setVisible(bool(ready))
        self.footer.setVisible(bool(ready or shown))
        if not ready and not shown:
            self._show_nothing()
        elif not shown and self.isVisible():
            self._show_run(ready[0][0])

    def _show_nothing(self) -> None:
        """Say that there is nothing to export yet."""
        self.parity.clear()
        self.stack.show_empty(
            "package",
            tr("Nothing to export yet"),
            tr("A finished or stopped run can be exported as an adapter or a merged model."),
            tr("New run"),
        )

    def _show_run(self, path: str) -> None:
        """Find out what the run can be exported to, off the GUI thread."""
        if self._call is not None:
            self.run_field.set_key(self._kept["shown"])
            return  # one export at a time; the run that is exported stays shown
        self._kept.update(run=path, shown=path)
        self.run_field.set_key(path)
        self._done = {}
        self.parity.clear()
        self.stack.show_busy(tr("Looking at the run"))
        folder = RunFolder(Path(path))
        if self._looking is not None:
            self._looking.cancel()  # at the run that was to be shown before
        self._looking = jobs.run(self, lambda: look(folder), self._on_looked, self._on_unreadable)

    def _on_looked(self, offers: Offers) -> None:
        self.targets.set_offers(offers.offers)
        self.folder.set_path(self._kept.get("folder") or str(offers.folder))
        self.stack.show_ready()
        self._refresh_room()
        self._show_idle()

    def _on_unreadable(self, reason: StudioError) -> None:
        self.stack.show_problem(reason.sentence(), reason.step(), tr("Open the run"))

    def _on_state_acted(self, state: str) -> None:
        page = "new_run" if state == "empty" else "live"
        self._context.open_page(page, "" if state == "empty" else self._kept["shown"])

    def _on_folder(self, path: str) -> None:
        self._kept["folder"] = path
        self.folder.set_error("")
        self._refresh_room()

    def _refresh_room(self) -> None:
        """Say what the exports need and what the disk has, off the GUI thread."""
        place = Path(self.folder.path() or "/").expanduser()
        jobs.run(self, lambda: room(place), self._on_room, lambda _reason: self.free.setText(""))

    def _on_room(self, free: int) -> None:
        need = self.targets.bytes_chosen()
        text = tr("{need} of {free} free", need=file_size(need), free=file_size(free))
        self.free.setText(text)
        self.free.set_state("bad" if need > free else "")

    def _on_export(self) -> None:
        """Export every chosen target, one after the other."""
        if self._call is not None:
            return
        chosen = self.targets.chosen()
        if not chosen:
            self.targets.say(tr("Choose what to export."))
            return
        if not self.folder.path().strip():
            self.folder.set_error(tr("Choose a folder for the exports."))
            self.folder.setFocus()
            return
        self.targets.say("")
        self.parity.clear()
        self._done = {}
        self._waiting = chosen
        self._next()

    def _next(self) -> None:
        """Begin the next target, or be done."""
        if not self._waiting:
            self._finish()
            return
        self._now = self._waiting.pop(0)
        self.targets.set_state(self._now, "writing")
        for key in self._waiting:
            self.targets.set_state(key, "waiting")
        self._show_busy()
        self._call = self._context.service.call(
            "export",
            {"run": self._kept["shown"], "to": self._now, "out": str(self._out(self._now))},
            progress=self._on_progress,
            result=partial(self._on_exported, self._now),
            failure=self._on_failed,
        )

    def _out(self, key: str) -> Path:
        """Return the folder that a target goes into."""
        return Path(self.folder.path()).expanduser() / key

    def _on_progress(self, stage: str, done: int, total: int) -> None:
        share = done / total if total else None
        name = tr(target(self._now).title)
        self.doing.setText(f"{name} · {stage_words(Stage(stage, done, total))}")
        self.bar.set_share(share)
        self.targets.set_share(self._now, share)

    def _on_exported(self, key: str, told: dict[str, Any]) -> None:
        self._call = None
        self._done[key] = told
        parity = told.get("parity")
        self.targets.set_state(key, parity["verdict"] if parity else "saved", told["bytes"])
        self.parity.add(tr(target(key).title), parity)
        self._next()

    def _on_failed(self, reason: StudioError) -> None:
        self._call = None
        self.targets.set_state(self._now, "failed")
        self.targets.say(str(reason))
        for key in self._waiting:
            self.targets.set_state(key, "")
        self._waiting = []
        self._show_idle()

    def _on_cancel(self) -> None:
        """Give up; what is half written is removed by the service."""
        if self._call is None:
            return
        self._call.cancel()
        self._call = None
        for key in [self._now, *self._waiting]:
            self.targets.set_state(key, "")
        self._waiting = []
        self._show_idle()

    def _on_open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self.folder.path()).expanduser())))

    def _finish(self) -> None:
        """Say that it is done."""
        self._show_idle()
        self._context.say(
            tr("Exported to {folder}.", folder=self.folder.path()),
            "good",
            tr("Open folder"),
            self._on_open_folder,
        )

    def _show_idle(self) -> None:
        """Show the footer of a page that does nothing."""
        self.progress.hide()
        self.cancel_button.hide()
        self.export_button.show()
        self.open_button.setVisible(bool(self._done))
        self.folder.setEnabled(True)

    def _show_busy(self) -> None:
        """Show the footer of an export."""
        self.doing.setText(tr("Starting"))
        self.bar.set_share(None)
        self.progress.show()
        self.cancel_button.show()
        self.export_button.hide()
        self.folder.setEnabled(False)
