"""Axes that write numbers our way: few ticks, separators, no prefixes, no tick marks."""

from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from studio.ui.charts import numbers
from studio.ui.theme import theme

LEFT_WIDTH = 44  # the same on every track, so that tracks align
BOTTOM_HEIGHT = 22
_GAP = 8  # between the axis and its numbers
ROW = 18  # px that one number of the left axis needs at least


class LeftAxis(pg.AxisItem):
    """The numbers at the left; no line and no marks."""

    def __init__(self, steps: tuple[float, ...] = numbers.VALUES, row: int = ROW) -> None:
        super().__init__("left", showValues=True, maxTickLength=0)
        self.setStyle(tickLength=0, hideOverlappingLabels=False, autoExpandTextSpace=False)
        self.enableAutoSIPrefix(False)
        self.setWidth(LEFT_WIDTH)
        self.log = False
        self.blank = False  # nothing is measured yet: numbers would be made up
        self._steps = steps
        self._row = row

    def ticks(self) -> list[float]:
        """Return the values at which numbers and grid lines stand, in units of the view."""
        most = min(6, max(3, int(self.size().height()) // self._row))
        low, high = self.range
        if self.blank:
            return []
        if self.log:
            return numbers.log_ticks(low, high, most)
        return numbers.ticks(low, high, most, self._steps)

    def generateDrawSpecs(self, p: QPainter) -> tuple:
        """Place the numbers; pyqtgraph would drop those near an edge."""
        values = self.ticks()
        places = [numbers.log10(value) for value in values] if self.log else values
        low, high = self.range
        area = self.mapRectFromParent(self.geometry())
        height = theme().size("caption") + 4.0
        specs = []
        for place, text in zip(places, numbers.tick_texts(values), strict=True):
            y = area.bottom() - (place - low) / (high - low) * area.height()
            rect = QRectF(area.left(), y - height / 2, area.width() - _GAP, height)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            specs.append((rect, flags | Qt.TextFlag.TextDontClip, text))
        return _line(area.topRight(), area.topRight(), self), [], specs


class BottomAxis(pg.AxisItem):
    """The line under a plot, with steps or times below it where `numbered`."""

    def __init__(self, numbered: bool) -> None:
        super().__init__("bottom", showValues=numbered, maxTickLength=0)
        self.setStyle(tickLength=0, hideOverlappingLabels=False, autoExpandTextSpace=False)
        self.enableAutoSIPrefix(False)
        self.setHeight(BOTTOM_HEIGHT if numbered else 1)
        self.numbered = numbered
        self.fixed: list[float] = []
        self.as_time = False
        self.blank = False
        self.label_of: Callable[[float], str] | None = None

    def ticks(self) -> list[float]:
        """Return the values at which numbers and grid lines stand."""
        low, high = self.range
        if self.blank:
            return []
        if self.fixed:
            return [value for value in self.fixed if low <= value <= high]
        most = min(6, max(2, int(self.size().width()) // 90))
        if self.as_time:
            return numbers.time_ticks(low, high, most)
        found = numbers.ticks(low, high, most, numbers.PLAIN)
        return [value for value in found if value == round(value)] or found

    def texts(self, values: list[float]) -> list[str]:
        """Return what is written at the ticks."""
        if self.label_of is not None:
            return [self.label_of(value) for value in values]
        if self.as_time:
            return [numbers.time_text(value) if value else "0" for value in values]
        return numbers.tick_texts(values)

    def generateDrawSpecs(self, p: QPainter) -> tuple:
        """Place the line and the numbers, the outermost kept inside the picture."""
        area = self.mapRectFromParent(self.geometry())
        line = _line(area.topLeft(), area.topRight(), self)
        if not self.numbered:
            return line, [], []
        values = self.ticks()
        low, high = self.range
        metrics = QFontMetricsF(theme().font("caption"))
        specs = []
        for value, text in zip(values, self.texts(values), strict=True):
            width = metrics.horizontalAdvance(text) + 2
            x = area.left() + (value - low) / (high - low) * area.width() - width / 2
            if self.fixed:
                x = min(x, area.right() - width)
            rect = QRectF(x, area.top() + 5, width, area.height() - 5)
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            specs.append((rect, flags | Qt.TextFlag.TextDontClip, text))
        return line, [], specs


def _line(start: QPointF, end: QPointF, axis: pg.AxisItem) -> tuple:
    return axis.pen(), start, end


def colour_axis(axis: pg.AxisItem) -> None:
    """Give an axis the colours and the font of the theme in use."""
    pen = pg.mkPen(theme().color("chart-axis"))
    axis.setPen(pg.mkPen((0, 0, 0, 0)) if isinstance(axis, LeftAxis) else pen)
    axis.setTextPen(pg.mkPen(theme().color("text-faint")))
    axis.setTickFont(theme().font("caption"))
