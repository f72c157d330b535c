"""A field for a file or a folder."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.ui.widgets.buttons import IconButton
from studio.ui.widgets.fields import LineField
from studio.ui.widgets.layouts import hbox
from studio.words import tr


class PathField(QWidget):
    """A path to type, to browse for, or to drop."""

    changed = Signal(str)
    error_changed = Signal(str)

    def __init__(
        self,
        kind: str = "file",
        path: str = "",
        placeholder: str = "",
        files: str = "",
        compact: bool = False,
    ) -> None:
        """Build a field for a "file" or a "folder"; `files` is a Qt name filter."""
        super().__init__()
        self._kind, self._files = kind, files
        self.line = LineField(path, placeholder, compact)
        self.line.setAcceptDrops(False)  # the whole widget takes drops
        folder = kind == "folder"
        tip = tr("Choose a folder") if folder else tr("Choose a file")
        self.button = IconButton("folder-open", tip, framed=True, compact=compact)
        row = hbox(self.line, self.button, gap=8, into=self)
        row.setStretch(0, 1)
        self.setAcceptDrops(True)
        self.setFocusProxy(self.line)
        self.line.editingFinished.connect(self._on_finished)
        self.line.error_changed.connect(self.error_changed)
        self.button.clicked.connect(self._on_browse)
        self._told = path

    def path(self) -> str:
        """Return the path as typed, with ~ resolved; "" when empty."""
        text = self.line.text().strip()
        return str(Path(text).expanduser()) if text else ""

    def set_path(self, path: str) -> None:
        """Show a path without the signal."""
        self._told = path
        self.line.setText(path)

    def set_error(self, text: str) -> None:
        """Show a bad border; an empty text takes it away."""
        self.line.set_error(text)

    def _tell(self) -> None:
        if self.path() != self._told:
            self._told = self.path()
            self.changed.emit(self._told)

    def _on_finished(self) -> None:
        self._tell()

    def _on_browse(self) -> None:
        tip = self.button.toolTip()
        if self._kind == "folder":
            path = QFileDialog.getExistingDirectory(self, tip, self.path())
        else:
            path, _ = QFileDialog.getOpenFileName(self, tip, self.path(), self._files)
        if path:
            self.line.setText(path)
            self._tell()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take local files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Show the first path that was dropped."""
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.line.setText(paths[0])
            self._tell()
