"""What is written over the curves: limit, checkpoints, epochs, faults and the cursor."""

from dataclasses import dataclass, field

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPolygonF
from PySide6.QtWidgets import QGraphicsItem

from studio.ui.charts import numbers
from studio.ui.charts.plot import Layer, Plot, ZoomBox
from studio.ui.theme import theme
from studio.words import tr

_DIAMOND = 4.0  # px from the middle to a corner
_PAD = 5.0  # px between a line and its label
_DOT = 4.0
# Chinese letters are higher than the line that the font's own measure leaves for them.
_WHOLE = Qt.AlignmentFlag.AlignVCenter.value | Qt.TextFlag.TextDontClip.value
_LEFT = Qt.AlignmentFlag.AlignLeft.value | _WHOLE
_RIGHT = Qt.AlignmentFlag.AlignRight.value | _WHOLE


@dataclass(slots=True)
class MarkSet:
    """The marks of one plot in units of its axes; `points` are (x, y, text)."""

    limit: tuple[float, str] | None = None
    checkpoints: list[float] = field(default_factory=list)
    epochs: list[tuple[float, str]] = field(default_factory=list)
    faults: list[float] = field(default_factory=list)
    points: list[tuple[float, float, str]] = field(default_factory=list)
    empty: str = ""


class Marks(Layer):
    """Paints a `MarkSet` in px, so that lines are crisp and labels keep their distance."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot.box, below=False)
        self._plot = plot
        self.set = MarkSet()

    def show_set(self, marks: MarkSet) -> None:
        """Show these marks; nothing is painted where they are the same."""
        if marks != self.set:
            self.set = marks
            self.update()

    def paint(self, painter: QPainter, _option: object, _widget: object = None) -> None:
        """Paint the marks that lie in the view."""
        area = self.boundingRect()
        painter.setClipRect(area.adjusted(-_DOT - 1, -_DOT - 1, _DOT + 1, _DOT + 1))
        painter.setFont(theme().font("caption"))
        self._paint_epochs(painter, area)
        self._paint_limit(painter, area)
        self._paint_checkpoints(painter, area)
        self._paint_faults(painter, area)
        if self.set.empty:
            painter.setFont(theme().font("small"))
            painter.setPen(theme().color("text-muted"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.set.empty)

    def _place(self, value: float, area: QRectF) -> float | None:
        x = round(self.box.x_of(value))
        return float(x) if -0.5 <= x <= area.width() + 0.5 else None

    def _paint_epochs(self, painter: QPainter, area: QRectF) -> None:
        painter.setPen(theme().color("text-faint"))
        metrics = QFontMetricsF(painter.font())
        for value, label in self.set.epochs:
            x = self._place(value, area)
            if x is None or x + _PAD + metrics.horizontalAdvance(label) > area.width():
                continue  # half a word at the edge tells nothing
            rect = QRectF(x + _PAD, 2.0, area.width() - x - _PAD, metrics.height())
            painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, label)

    def _paint_limit(self, painter: QPainter, area: QRectF) -> None:
        if self.set.limit is None:
            return
        value, label = self.set.limit
        y = round(self.box.y_of(_placed(value, self._plot)))
        pen = pg.mkPen(theme().color("chart-limit"))
        pen.setDashPattern([5.0, 3.0])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(pen)
        painter.drawLine(QPointF(0.0, y), QPointF(area.width(), y))
        painter.setPen(theme().color("chart-limit"))
        height = QFontMetricsF(painter.font()).height()
        top = y + 2 if y + 2 + height <= area.height() else y - 2 - height
        rect = QRectF(0.0, top, area.width() - _PAD, height)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight, label)

    def _paint_checkpoints(self, painter: QPainter, area: QRectF) -> None:
        places = [self._place(value, area) for value in self.set.checkpoints]
        seen = [x for x in places if x is not None]
        if not seen:
            return
        y = area.height() - _DIAMOND - 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("text-muted"))
        for x in seen:
            painter.drawPolygon(_diamond(x, y))
        self._label_checkpoint(painter, seen, y, area)

    def _label_checkpoint(
        self, painter: QPainter, seen: list[float], y: float, area: QRectF
    ) -> None:
        """Name the first diamond that has room beside it, at its right or at its left."""
        text = tr("checkpoint")
        metrics = QFontMetricsF(painter.font())
        width = metrics.horizontalAdvance(text) + 2 * (_DIAMOND + _PAD)
        stops = sorted([*seen, *(x for x in map(self.box.x_of, self.set.faults)), area.width()])
        rect = QRectF(0.0, y - metrics.height() / 2, 0.0, metrics.height())
        painter.setPen(theme().color("text-faint"))
        for x in seen:
            right = min((stop for stop in stops if stop > x), default=area.width())
            left = max((stop for stop in stops if stop < x), default=0.0)
            if right - x >= width:
                rect.setLeft(x + _DIAMOND + _PAD)
                rect.setWidth(width)
                painter.drawText(rect, _LEFT, text)
                return
            if x - left >= width:
                rect.setLeft(x - width)
                rect.setRight(x - _DIAMOND - _PAD)
                painter.drawText(rect, _RIGHT, text)
                return

    def _paint_faults(self, painter: QPainter, area: QRectF) -> None:
        colour = theme().color("bad")
        painter.setPen(pg.mkPen(colour))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for value in self.set.faults:
            x = self._place(value, area)
            if x is not None:
                painter.drawLine(QPointF(x, 0.0), QPointF(x, area.height()))
        for value, y, text in self.set.points:
            x = self._place(value, area)
            if x is not None:
                place = self.box.y_of(_placed(y, self._plot))
                place = min(max(place, 0.0), area.height())
                paint_dot(painter, QPointF(x, place), colour)
                self._label_point(painter, QPointF(x, place), text, area)

    def _label_point(self, painter: QPainter, at: QPointF, text: str, area: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        width, height = metrics.horizontalAdvance(text) + 2, metrics.height()
        right = at.x() + _DOT + _PAD
        left = right if right + width <= area.width() else at.x() - _DOT - _PAD - width
        top = at.y() + 12 if at.y() + 12 + height <= area.height() else at.y() - 12 - height
        painter.setPen(theme().color("bad"))
        painter.drawText(QRectF(left, top, width, height), Qt.AlignmentFlag.AlignLeft, text)


class CursorLine(QGraphicsItem):
    """The vertical line of the cursor in one plot, with a dot where it meets the main curve."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot.box)
        self.box: ZoomBox = plot.box
        self._dot: float | None = None
        self._colour = "chart-1"
        self.setZValue(20)
        self.setVisible(False)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def show_at(self, x: float, dot: float | None, colour: str) -> None:
        """Stand at `x` px, with the dot at `dot` px from the top."""
        self.prepareGeometryChange()
        self.setPos(round(x), 0.0)
        self._dot, self._colour = dot, colour
        self.setVisible(True)
        self.update()

    def boundingRect(self) -> QRectF:
        """Cover the line and the dot."""
        return QRectF(-6.0, -6.0, 12.0, self.box.height() + 12.0)

    def paint(self, painter: QPainter, _option: object, _widget: object = None) -> None:
        """Paint the line, then the dot."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(pg.mkPen(theme().color("text-muted")))
        painter.drawLine(QPointF(0.0, 0.0), QPointF(0.0, self.box.height()))
        if self._dot is not None and 0 <= self._dot <= self.box.height():
            paint_dot(painter, QPointF(0.0, self._dot), theme().color(self._colour))


def paint_dot(painter: QPainter, at: QPointF, colour: QColor) -> None:
    """Paint a dot of 8 px with a rim in the ground's colour."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(pg.mkPen(theme().color("raised")))
    painter.setBrush(colour)
    painter.drawEllipse(at, _DOT + 0.5, _DOT + 0.5)
    painter.restore()


def _diamond(x: float, y: float) -> QPolygonF:
    d = _DIAMOND
    points = [QPointF(x, y - d), QPointF(x + d, y), QPointF(x, y + d), QPointF(x - d, y)]
    return QPolygonF(points)


def _placed(value: float, plot: Plot) -> float:
    if not plot.left.log:
        return value
    return numbers.log10(value) if value > 0 else plot.left.range[0]
