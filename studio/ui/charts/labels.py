"""Names at the ends of lines, kept apart, and a dot on each best value."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from studio.ui.charts.marks import paint_dot
from studio.ui.charts.plot import Layer, Plot
from studio.ui.theme import theme

_GAP = 7.0  # px between a line's end and its name
_CORNER = 4.0


@dataclass(frozen=True, slots=True)
class EndLabel:
    """What stands at the end of a line; places are (x, y) in values of the data."""

    text: str
    end: tuple[float, float]
    best: tuple[float, float]
    color: str


class EndLabels(Layer):
    """Paints the names of a comparison, in a strip `side` px wide right of the plot if needed."""

    def __init__(self, plot: Plot, side: float) -> None:
        super().__init__(plot.box, below=False, parent=plot)
        self._plot = plot
        self._side = side
        self._labels: list[EndLabel] = []
        self.empty = ""

    def set_labels(self, labels: list[EndLabel | None]) -> None:
        """Show these names."""
        self._labels = [label for label in labels if label is not None]
        self.update()

    def boundingRect(self) -> QRectF:
        """Cover the view and the strip at its right."""
        return super().boundingRect().adjusted(-5, -12, self._side, 12)

    def paint(self, painter: QPainter, _option: object, _widget: object = None) -> None:
        """Paint dots, then names."""
        area = super().boundingRect()
        painter.setFont(theme().font("caption", "medium"))
        for label in self._labels:
            at = self._place(label.best)
            if at is not None and area.adjusted(-1, -1, 1, 1).contains(at):
                paint_dot(painter, at, theme().color(label.color))
        for label, rect in self._rects(painter, area):
            painter.setPen(theme().color("text"))
            text = QFontMetricsF(painter.font()).elidedText(
                label.text, Qt.TextElideMode.ElideMiddle, rect.width()
            )
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, text)
        if self.empty:
            painter.setPen(theme().color("text-muted"))
            painter.setFont(theme().font("small"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.empty)

    def _place(self, point: tuple[float, float]) -> QPointF | None:
        x, y = point
        if self._plot.left.log:
            if y <= 0:
                return None
            y = math.log10(y)
        return QPointF(self.box.x_of(x), self.box.y_of(y))

    def _rects(self, painter: QPainter, area: QRectF) -> list[tuple[EndLabel, QRectF]]:
        """Place each name right of its line's end, moved down where another one stands."""
        metrics = QFontMetricsF(painter.font())
        placed: list[tuple[EndLabel, QRectF]] = []
        ends = [(label, self._place(label.end)) for label in self._labels]
        known = [(label, at) for label, at in ends if at is not None and at.x() >= 0]
        for label, at in sorted(known, key=lambda pair: pair[1].y()):
            rect = self._rect(label, at, metrics, area)
            for _other, taken in placed:
                if rect.intersects(taken):
                    rect.moveTop(taken.bottom())
            placed.append((label, rect))
        return placed

    def _rect(self, label: EndLabel, at: QPointF, metrics: QFontMetricsF, area: QRectF) -> QRectF:
        room = area.width() + self._side - _CORNER
        width = metrics.horizontalAdvance(label.text) + 2
        x, height = min(at.x(), area.width()), metrics.height() + 2
        inside = at.x() < area.width() - 1
        top = min(max(at.y(), 0.0), area.height()) - height / 2
        if inside:  # below its line, but over the axis
            top = min(top + 0.8 * height, area.height() - height)
        left = x + _GAP
        return QRectF(left, top, min(width, room - left), height)
