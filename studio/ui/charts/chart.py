"""What all charts share: redraws in measure, colours of the theme, copies as PNG and CSV."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QHideEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import QMenu, QWidget

from studio.ui.charts.timer import Redraw
from studio.ui.theme import theme, themes
from studio.words import tr

_ANNOUNCE = 10.0  # seconds between two changes of what a screen reader hears


class Chart(QWidget):
    """A chart: subclasses draw in `redraw` and say in words and numbers what they show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._redraw = Redraw(self.redraw_part, self)
        self._said = -_ANNOUNCE
        themes().changed.connect(self._on_theme_changed)

    def redraw(self) -> None:
        """Draw what changed."""
        raise NotImplementedError

    def redraw_part(self) -> bool:
        """Draw a part of what changed; return whether more is left. Small charts have one part."""
        self.redraw()
        return False

    def recolour(self) -> None:
        """Take the colours of the theme in use."""
        raise NotImplementedError

    def text_equivalent(self) -> str:
        """Return what the chart shows in words: latest, best, limit."""
        raise NotImplementedError

    def rows(self) -> Iterable[list[object]]:
        """Return every number of the chart as a table, its head first."""
        raise NotImplementedError

    def image(self) -> QPixmap:
        """Return the chart as a picture, drawn up to date."""
        self._redraw.now()
        return self.grab()

    def save_png(self, path: Path) -> None:
        """Write the picture; OSError if the file cannot be written."""
        if not self.image().save(str(path), "PNG"):
            raise OSError(f"could not write {path}")

    def save_csv(self, path: Path) -> None:
        """Write every number; OSError if the file cannot be written."""
        path.write_text(self.csv_text(), encoding="utf-8", newline="")

    def csv_text(self) -> str:
        """Return every number as CSV."""
        text = io.StringIO()
        csv.writer(text).writerows(self.rows())
        return text.getvalue()

    def announce(self) -> None:
        """Give screen readers the text equivalent, not more often than every 10 s."""
        if monotonic() - self._said >= _ANNOUNCE:
            self._said = monotonic()
            self.setAccessibleDescription(self.text_equivalent())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the chart."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Copy as picture"), self.copy_picture)
        menu.addAction(tr("Copy as CSV"), self.copy_csv)
        menu.popup(event.globalPos())

    def copy_picture(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setPixmap(self.image())

    def copy_csv(self) -> None:
        """Put the numbers on the clipboard."""
        QGuiApplication.clipboard().setText(self.csv_text())

    def _on_theme_changed(self) -> None:
        self.recolour()
        self._redraw.ask()
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw while seen."""
        super().showEvent(event)
        self._redraw.wake()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while hidden."""
        self._redraw.rest()
        super().hideEvent(event)


def new_canvas(parent: QWidget) -> pg.GraphicsLayoutWidget:
    """Return an empty canvas that leaves focus, menus and ranges to the chart around it."""
    canvas = pg.GraphicsLayoutWidget(parent=parent)
    canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
    canvas.setBackground(theme().color("raised"))
    # The ground covers everything: what lies behind need not be painted first.
    canvas.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
    canvas.ci.setContentsMargins(0, 0, 0, 0)
    canvas.ci.layout.setSpacing(0)
    return canvas
