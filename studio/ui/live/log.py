"""The log drawer: one line an event, or what the worker printed; closed, open, or any height."""

import time
from collections import deque
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QMouseEvent, QSyntaxHighlighter, QTextCharFormat
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QStackedWidget, QWidget

from studio.runs import events as ev
from studio.ui.context import Context
from studio.ui.live.lines import TIME_WIDTH, LogLines
from studio.ui.theme import theme, themes
from studio.ui.widgets.buttons import Button, IconButton
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.widgets.page import EDGE
from studio.ui.widgets.segments import Segments
from studio.ui.words import duration
from studio.words import tr

OPEN = 108  # px of the open drawer, its head included
LINES = 5000  # lines kept
_TAIL = 64 << 10  # bytes of worker.log that are shown
_GRIP = 5


class LogDrawer(QFrame):
    """The drawer at the foot of the page.

    Signals:
        grown(height): the person dragged or toggled it.
    """

    grown = Signal(int)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setProperty("part", "sunken")
        self._kept = context.store("live log")
        self._waiting: deque[str] = deque(maxlen=LINES)
        self._lines = LogLines()
        self._last = 0.0
        self._folder = Path()
        self._output_size = -1
        self._build()
        self.set_height(self._kept.get("height", OPEN))

    def _build(self) -> None:
        closed = theme().height("log-head")
        self.text, self.output = _view(LINES), _view(LINES)
        self._colours = _Colours(self.text)
        self.age = Label(role="small")
        self.choice = Segments([("events", tr("Events")), ("output", tr("Output"))], compact=True)
        self.choice.button("output").setToolTip(tr("All that the training process printed"))
        self.choice.chosen.connect(self._on_view_chosen)
        folder = Button(tr("Run folder"), "quiet", "folder-open", compact=True)
        folder.clicked.connect(self._on_folder_clicked)
        self.toggle = IconButton("caret-down", tr("Close the log"), compact=True)
        self.toggle.clicked.connect(self.switch)
        head = holder(
            hbox(
                Label(tr("Log"), "small-strong"),
                self.age,
                None,
                self.choice,
                folder,
                self.toggle,
                gap=8,
                margins=(EDGE, 0, EDGE - 8, 0),
            )
        )
        head.setFixedHeight(closed - 1)
        self._views = QStackedWidget()
        self._views.addWidget(self.text)
        self._views.addWidget(self.output)
        line = QFrame()
        line.setProperty("part", "line")
        line.setFixedHeight(1)
        vbox(line, head, self._views, gap=0, into=self).setStretch(2, 1)
        self._grip = _Grip(self)
        self._grip.dragged.connect(self._on_dragged)

    def open_run(self, folder: Path) -> None:
        """Show another run's log, empty at first."""
        self._folder, self._last, self._output_size = folder, 0.0, -1
        self._lines = LogLines()
        self._waiting.clear()
        self.text.clear()
        self.output.clear()
        self.age.setText("")

    def feed(self, events: list[ev.Event]) -> None:
        """Take in events; their lines are written at the next `refresh`."""
        self._waiting.extend(self._lines.of(events))
        self._last = events[-1].t if events else self._last

    def refresh(self, living: bool) -> None:
        """Write the waiting lines in one go, and say how old the last event is."""
        if self._last:
            ago = duration(max(0.0, time.time() - self._last))
            self.age.setText(tr("last event {time} ago", time=ago) if living else "")
        if not self.is_open():
            return
        if self._waiting and self._views.currentWidget() is self.text:
            self._write()
        if self._views.currentWidget() is self.output:
            self._read_output()

    def _write(self) -> None:
        """Append what waits; who reads further up stays there."""
        bar = self.text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self.text.appendPlainText("\n".join(self._waiting))
        self._waiting.clear()
        if at_end:
            bar.setValue(bar.maximum())

    def is_open(self) -> bool:
        """Say whether lines are seen."""
        return self.height_wanted() > theme().height("log-head")

    def height_wanted(self) -> int:
        """Return the drawer's height in px."""
        return self.maximumHeight()

    def switch(self) -> None:
        """Open or close the drawer."""
        closed = theme().height("log-head")
        self.set_height(closed if self.is_open() else max(OPEN, self._kept.get("open", OPEN)))

    def set_height(self, height: int) -> None:
        """Give the drawer this height; little more than its head closes it."""
        closed = theme().height("log-head")
        height = closed if height < closed + 20 else height
        self.setFixedHeight(height)
        self._kept["height"] = height
        if height > closed:
            self._kept["open"] = height
        opened = height > closed
        self._views.setVisible(opened)
        self.toggle.set_icon("caret-down" if opened else "caret-up")
        tip = tr("Close the log") if opened else tr("Open the log")
        self.toggle.setToolTip(tip)
        self.toggle.setAccessibleName(tip)
        self.grown.emit(height)

    def show_output(self) -> None:
        """Show what the training process printed."""
        self.choice.set_key("output")
        self._on_view_chosen("output")

    def resizeEvent(self, event: object) -> None:
        """Keep the grip at the upper edge."""
        self._grip.setGeometry(0, 0, self.width(), _GRIP)
        self._grip.raise_()

    def _read_output(self) -> None:
        """Show the end of worker.log where it has grown."""
        file = self._folder / "worker.log"
        try:
            size = file.stat().st_size
            if size == self._output_size:
                return
            with open(file, "rb") as source:
                source.seek(max(0, size - _TAIL))
                text = source.read().decode("utf-8", "replace")
        except OSError:
            size, text = -1, tr("Nothing was printed yet.")
        if text != self.output.toPlainText():
            self.output.setPlainText(text)
            bar = self.output.verticalScrollBar()
            bar.setValue(bar.maximum())
        self._output_size = size

    def _on_view_chosen(self, key: str) -> None:
        self._views.setCurrentWidget(self.output if key == "output" else self.text)
        self._output_size = -1
        if not self.is_open():
            self.switch()
        self._read_output()

    def _on_folder_clicked(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))

    def _on_dragged(self, up: int) -> None:
        room = self.window().height() * 2 // 3
        self.set_height(min(self.height() + up, max(OPEN, room)))


class _Grip(QWidget):
    """The upper edge, to drag."""

    dragged = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        self._from = 0.0

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag."""
        self._from = event.globalPosition().y()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell by how much the edge moved up."""
        up = round(self._from - event.globalPosition().y())
        if up:
            self._from = event.globalPosition().y()
            self.dragged.emit(up)


def _view(lines: int) -> QPlainTextEdit:
    """Return a text to read, in mono, that forgets its oldest lines."""
    view = QPlainTextEdit()
    view.setProperty("role", "log")
    view.setReadOnly(True)
    view.setUndoRedoEnabled(False)
    view.setMaximumBlockCount(lines)
    view.setFont(theme().font("small", mono=True))
    view.setViewportMargins(EDGE - 4, 0, EDGE, 0)
    view.setAccessibleName(tr("Log"))
    return view


class _Colours(QSyntaxHighlighter):
    """Time and kind muted, what went wrong in red; drawn anew in another theme."""

    def __init__(self, view: QPlainTextEdit) -> None:
        super().__init__(view.document())
        self._bad = {tr("failed"), tr("memory")}
        self._warn = {tr("warning")}
        self._make()
        themes().changed.connect(self._on_theme_changed)

    def _make(self) -> None:
        self._formats = {}
        for name in ("text-muted", "text-faint", "bad", "warn"):
            self._formats[name] = QTextCharFormat()
            self._formats[name].setForeground(theme().color(name))

    def highlightBlock(self, text: str) -> None:
        """Colour the columns of one line."""
        start = TIME_WIDTH + 2
        kind = text[start:].split("  ", 1)[0]
        color = "bad" if kind in self._bad else "warn" if kind in self._warn else "text-faint"
        self.setFormat(0, TIME_WIDTH, self._formats["text-faint"])
        self.setFormat(start, len(kind), self._formats[color])

    def _on_theme_changed(self) -> None:
        self._make()
        self.rehighlight()
