"""A scatter: one dot a thing, its place two of its figures, its size a third one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from studio.ui.charts.chart import Chart, new_canvas
from studio.ui.charts.plot import Layer, Plot
from studio.ui.theme import theme

_MARGINS = (4, 12, 16, 4)
_LEAST, _MOST = 8.0, 30.0  # px across a dot
_ROOM = 0.06  # share of the range kept free on each side
_ALPHA = 150  # of 255: dots lie over one another
_STEPS = {Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1}


@dataclass(frozen=True)
class Dot:
    """One dot: `weight` decides its size, `text` stands beside it, `tip` has its figures."""

    key: str
    text: str
    x: float
    y: float
    weight: float
    color: str
    tip: str


class Scatter(Chart):
    """Dots that can be pointed at and opened; the arrow keys go from dot to dot along x.

    Signals:
        opened(key): a click on a dot, or Enter on the one that the keyboard is at.
    """

    opened = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = new_canvas(self)
        self._plot = Plot(numbered=True)
        self._plot.set_margins(*_MARGINS)
        self._canvas.addItem(self._plot, 0, 0)
        self._dots = _Dots(self._plot)
        self._said_text = ""
        self.setAccessibleName(name)
        view = self._canvas.viewport()
        view.setMouseTracking(True)
        view.installEventFilter(self)

    def set_dots(self, dots: Sequence[Dot], text: str) -> None:
        """Show these dots, of which several may have one key; `text` says it all in words."""
        self._dots.dots = sorted(dots, key=lambda dot: (dot.x, dot.y))
        self._dots.at = -1
        self._said_text = text
        self.setAccessibleDescription(text)
        self._redraw.ask()

    def set_x_form(self, form: Callable[[float], str] | None) -> None:
        """Write the numbers below the plot this way; None: they are seconds."""
        self._plot.bottom.label_of = form
        self._plot.bottom.as_time = form is None
        self._redraw.ask()

    def dots(self) -> list[Dot]:
        """Return the dots from left to right."""
        return list(self._dots.dots)

    def at(self) -> Dot | None:
        """Return the dot that is pointed at."""
        return self._dots.current()

    def redraw(self) -> None:
        """Fit the axes to the dots and paint them."""
        dots = self._dots.dots
        if dots:
            xs, ys = [dot.x for dot in dots], [dot.y for dot in dots]
            self._plot.show_x(*_padded(min(xs), max(xs)))
            self._plot.show_y(*_padded(min(ys), max(ys)))
        self._plot.bottom.blank = not dots
        self._plot.refresh(blank=not dots)
        self._dots.update()
        self.announce()

    def place_of(self, dot: Dot) -> QPointF:
        """Return where a dot stands in this widget."""
        return self._canvas.mapFromScene(self._dots.mapToScene(self._dots.point(dot))).toPointF()

    def text_equivalent(self) -> str:
        """Return what the dots say in words."""
        return self._said_text

    def rows(self) -> Iterable[list[object]]:
        """Return every dot."""
        yield ["name", "x", "y", "size"]
        for dot in self._dots.dots:
            yield [dot.text, dot.x, dot.y, dot.weight]

    def recolour(self) -> None:
        """Take the colours of the theme in use."""
        self._canvas.setBackground(theme().color("raised"))
        self._plot.recolour()
        self._dots.update()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Follow the pointer from dot to dot, open the one that is clicked."""
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._point_at(self._dot_at(event.position()))
        elif event.type() == QEvent.Type.Leave:
            self._point_at(-1)
        elif event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            dot = self._dots.current()
            QToolTip.showText(event.globalPos(), dot.tip if dot else "", self)
            return True
        elif event.type() == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            self._on_released(event)
        return False

    def _dot_at(self, place: QPointF) -> int:
        """Return the dot under a place of the canvas, -1 for none."""
        inside = self._dots.mapFromScene(self._canvas.mapToScene(place.toPoint()))
        return self._dots.hit(inside)

    def _point_at(self, place: int) -> None:
        """Mark a dot as the one that is pointed at."""
        if place != self._dots.at:
            self._dots.at = place
            self._dots.update()
            shape = Qt.CursorShape.ArrowCursor if place < 0 else Qt.CursorShape.PointingHandCursor
            self._canvas.viewport().setCursor(shape)
            said = self._dots.dots[place].tip if place >= 0 else self.text_equivalent()
            self.setAccessibleDescription(said)

    def _on_released(self, event: QMouseEvent) -> None:
        """Open the dot under the pointer; the right button has a menu instead."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._open(self._dot_at(event.position()))

    def _open(self, place: int) -> None:
        if place >= 0:
            self.opened.emit(self._dots.dots[place].key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from dot to dot with the arrows, open one with Enter."""
        key, count = Qt.Key(event.key()), len(self._dots.dots)
        if key in _STEPS and count:
            self._point_at(min(max(0, self._dots.at + _STEPS[key]), count - 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self._open(self._dots.at)
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Ask for room for six ticks."""
        return QSize(594, 360)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the widget."""
        super().resizeEvent(event)
        self._canvas.setGeometry(self.rect())
        self._redraw.ask()


class _Dots(Layer):
    """Paints the dots over the grid, large ones first, and the name of the one pointed at."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot.box, below=False, parent=plot)
        self.dots: list[Dot] = []
        self.at = -1

    def current(self) -> Dot | None:
        """Return the dot that is pointed at."""
        return self.dots[self.at] if 0 <= self.at < len(self.dots) else None

    def point(self, dot: Dot) -> QPointF:
        """Return where a dot stands in this layer."""
        return QPointF(self.box.x_of(dot.x), self.box.y_of(dot.y))

    def across(self, dot: Dot) -> float:
        """Return how wide a dot is: the fourth root tells weights from 1 to 10,000 apart."""
        heaviest = max(one.weight for one in self.dots)
        share = (dot.weight / heaviest) ** 0.25 if heaviest > 0 else 0.0
        return _LEAST + (_MOST - _LEAST) * share

    def hit(self, place: QPointF) -> int:
        """Return the smallest dot under a place, -1 for none."""
        found = []
        for index, dot in enumerate(self.dots):
            away = self.point(dot) - place
            reach = max(self.across(dot) / 2, 6.0)
            if away.x() ** 2 + away.y() ** 2 <= reach**2:
                found.append((self.across(dot), index))
        return min(found)[1] if found else -1

    def paint(self, painter: QPainter, _option: object, _widget: object = None) -> None:
        """Paint all dots and one name."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for dot in sorted(self.dots, key=lambda one: -one.weight):
            self._paint_dot(painter, dot)
        current = self.current()
        if current is not None:
            self._paint_dot(painter, current, ringed=True)
            self._paint_name(painter, current)

    def _paint_dot(self, painter: QPainter, dot: Dot, ringed: bool = False) -> None:
        ground = theme().color(dot.color)
        ground.setAlpha(255 if ringed else _ALPHA)
        edge = theme().color("text" if ringed else dot.color)
        painter.setPen(pg.mkPen(edge, width=2 if ringed else 1))
        painter.setBrush(ground)
        half = self.across(dot) / 2
        painter.drawEllipse(self.point(dot), half, half)

    def _paint_name(self, painter: QPainter, dot: Dot) -> None:
        font = theme().font("small", "medium")
        wide = QFontMetricsF(font).horizontalAdvance(dot.text) + 12
        place, half = self.point(dot), self.across(dot) / 2 + 5
        left = place.x() + half
        if left + wide > self.boundingRect().width():
            left = place.x() - half - wide
        box = QRectF(left, place.y() - 11, wide, 22)
        painter.setPen(pg.mkPen(theme().color("border-strong")))
        painter.setBrush(theme().color("raised"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setFont(font)
        painter.setPen(theme().color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, dot.text)


def _padded(low: float, high: float) -> tuple[float, float]:
    """Return a range with room around it."""
    room = (high - low or abs(high) or 1.0) * _ROOM
    return low - room, high + room
