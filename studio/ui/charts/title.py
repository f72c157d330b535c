"""The line above a plot: title, legend and values in one row."""

from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.theme import theme

_GAP = 7  # px between the words of one value
_APART = 13  # px between values
_LINE = 14  # px a line swatch is long


@dataclass(frozen=True, slots=True)
class TitleValue:
    """One value of a title line: swatch ("line", "faint", "dots", "box" or ""), words, value."""

    label: str
    value: str
    swatch: str = ""
    color: str = "text"
    muted: bool = False


class TitleLine(QWidget):
    """Paints the title line of a track; what finds no room at the right is left out whole."""

    def __init__(self, title: str, ruled: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = title
        self._ruled = ruled
        self._values: list[TitleValue] = []
        self._corner: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # spares the plots behind it
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def set_values(self, values: list[TitleValue]) -> None:
        """Show these values behind the title."""
        if values != self._values:
            self._values = values
            self.update()

    @property
    def values(self) -> list[TitleValue]:
        """Return what the line shows."""
        return list(self._values)

    def set_corner(self, widget: QWidget) -> None:
        """Keep a widget at the right end of the line."""
        self._corner = widget
        widget.setParent(self)
        widget.show()
        self._place_corner()

    def text(self) -> str:
        """Return the line as words."""
        parts = [f"{value.label} {value.value}".strip() for value in self._values]
        return " · ".join([self._title, *parts])

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """Keep the corner widget at the right."""
        self._place_corner()

    def _place_corner(self) -> None:
        if self._corner is None:
            return
        size = self._corner.sizeHint().expandedTo(QSize(0, 0))
        height = min(size.height(), self.height())
        left = self.width() - theme().space("wide") - size.width()
        top = (self.height() - height + 1) // 2
        self._corner.setGeometry(left, top, size.width(), height)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint rule, title and values."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("raised"))
        if self._ruled:
            painter.setPen(pg.mkPen(theme().color("border")))
            painter.drawLine(0, 0, self.width(), 0)
        end = self.width() - theme().space("wide")
        if self._corner is not None:
            end = self._corner.x() - _APART
        x = float(theme().space("wide"))
        x = self._write(painter, x, self._title, "strong", "text") + _APART - 2
        for value in self._values:
            if x + self._width(value) > end:
                break
            x = self._paint_value(painter, x, value) + _APART

    def _paint_value(self, painter: QPainter, x: float, value: TitleValue) -> float:
        if value.swatch:
            x = paint_swatch(painter, x, self._middle(), value.swatch, value.color) + _GAP
        if value.label:
            x = self._write(painter, x, value.label, "regular", "text-muted")
            x += _GAP if value.value else 0
        if value.value:
            weight, colour = ("regular", "text-muted") if value.muted else ("strong", "text")
            x = self._write(painter, x, value.value, weight, colour)
        return x

    def _width(self, value: TitleValue) -> float:
        width = float(_LINE + _GAP) if value.swatch else 0.0
        for text, weight in ((value.label, "regular"), (value.value, "strong")):
            if text:
                width += QFontMetricsF(theme().font("small", weight)).horizontalAdvance(text)
        return width + (_GAP if value.label and value.value else 0)

    def _middle(self) -> float:
        return self.height() / 2 + (0.5 if self._ruled else 0.0)

    def _write(self, painter: QPainter, x: float, text: str, weight: str, colour: str) -> float:
        font = theme().font("small", weight)
        painter.setFont(font)
        painter.setPen(theme().color(colour))
        width = QFontMetricsF(font).horizontalAdvance(text)
        rect = QRectF(x, 0.0, width + 1, 2 * self._middle())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, text)
        return x + width


def paint_swatch(painter: QPainter, x: float, y: float, kind: str, color: str) -> float:
    """Paint the sign of a curve with its left end at `x`; return its right end."""
    colour = theme().color(color)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if kind == "box":
        painter.setOpacity(0.7)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(x, y - 5, 10, 10), 2, 2)
        painter.restore()
        return x + 10
    if kind == "faint":
        colour.setAlpha(102)
    pen = pg.mkPen(colour, width=2 if kind != "dots" else 1.5)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.drawLine(QPointF(x, y), QPointF(x + _LINE, y))
    if kind == "dots":
        painter.setPen(pg.mkPen(theme().color("raised")))
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(x + _LINE / 2, y), 3.5, 3.5)
    painter.restore()
    return x + _LINE
