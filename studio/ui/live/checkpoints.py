"""The checkpoints of a run that are on the disk, whole."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox
from studio.ui.widgets.page import EDGE
from studio.ui.widgets.tablemodel import Cell, Rows
from studio.ui.widgets.tables import Table
from studio.ui.words import MISSING, count, exactly, file_size, when
from studio.words import tr


class CheckpointsPanel(QWidget):
    """Step, size, time and state of each checkpoint; the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self._folder: RunFolder | None = None
        self._told: dict[int, ev.Checkpoint] = {}
        self._fresh = True
        self.table = Table(
            Rows([tr("Step"), tr("Size"), tr("Saved"), tr("State")]),
            stretch=2,
            numbers=(0, 1),
            framed=False,
        )
        self.table.setAccessibleName(tr("Checkpoints"))
        self.table.set_empty(
            "floppy-disk",
            tr("No checkpoint yet"),
            tr("A run can be stopped without loss once there is one."),
        )
        self.table.opened.connect(self._show_folder)
        note = Label(
            tr("Only whole checkpoints are listed; older ones are removed."), "small", True
        )
        self.show_folder = Button(tr("Show folder"), "default", "folder-open", compact=True)
        self.show_folder.clicked.connect(lambda: self._show_folder(self.table.key()))
        vbox(
            self.table,
            hbox(note, self.show_folder, gap=12, margins=(EDGE, 8, EDGE, 12)),
            gap=0,
            margins=(0, 8, 0, 0),
            into=self,
        )

    def open_run(self, folder: RunFolder) -> None:
        """Show another run's checkpoints."""
        self._folder, self._told, self._fresh = folder, {}, True

    def feed(self, events: list[ev.Event]) -> None:
        """Take in what was saved and removed."""
        for event in events:
            if isinstance(event, ev.Checkpoint):
                self._told[event.step] = event
                self._fresh = True

    def refresh(self) -> None:
        """List what is on the disk now, where something was saved since."""
        if not self._fresh or self._folder is None:
            return
        self._fresh = False
        whole = self._folder.whole_checkpoints()
        self.table.set_rows([(path.name, self._cells(step)) for step, path in reversed(whole)])
        self.show_folder.setEnabled(bool(whole))

    def _cells(self, step: int) -> list[Cell]:
        """Return one row."""
        told = self._told.get(step)
        saved = when(told.t, brief=True) if told else MISSING
        return [
            Cell(count(step), sort=step),
            Cell(file_size(told.bytes) if told else MISSING),
            Cell(saved, tip=exactly(told.t) if told else ""),
            Cell(tr("Whole"), icon="check", color="good"),
        ]

    def _show_folder(self, name: str) -> None:
        """Open a checkpoint's folder, or the folder of all."""
        if self._folder is not None:
            place = self._folder.checkpoints / name if name else self._folder.checkpoints
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(place)))
