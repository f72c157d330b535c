"""Axes that write numbers our way: few ticks, separators, no prefixes, no tick marks."""

from collections.abc import Callable
from typing import NamedTuple

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from studio.ui.charts import numbers
from studio.ui.theme import theme

LEFT_WIDTH = 44  # the same on every track, so that tracks align
BOTTOM_HEIGHT = 22
_GAP = 8  # between the axis and its numbers
ROW = 18  # px that one number of the left axis needs at least


class Text(NamedTuple):
    """One number of an axis and where it stands."""

    rect: QRectF
    flags: int
    text: str


class Axis(pg.AxisItem):
    """Numbers without tick marks, placed once and painted from there until something changes."""

    def __init__(self, side: str, numbered: bool) -> None:
        super().__init__(side, showValues=numbered, maxTickLength=0)
        self.setStyle(tickLength=0, hideOverlappingLabels=False, autoExpandTextSpace=False)
        self.enableAutoSIPrefix(False)
        self._sign: tuple[object, ...] = ()
        self._found: tuple[tuple[object, ...], list[float]] = ((), [])

    def ticks(self) -> list[float]:
        """Return the values at which numbers and grid lines stand, in units of the view."""
        sign = self._state_now()
        if sign != self._found[0]:
            self._found = sign, self.find_ticks()
        return self._found[1]

    def _state_now(self) -> tuple[object, ...]:
        return (*self.range, self.size().width(), self.size().height(), *self.state())

    def find_ticks(self) -> list[float]:
        """Choose the ticks."""
        raise NotImplementedError

    def place(self, area: QRectF) -> list[Text]:
        """Place the numbers beside an axis that fills `area`."""
        raise NotImplementedError

    def state(self) -> tuple[object, ...]:
        """Return what ticks and numbers depend on besides range and size."""
        raise NotImplementedError

    def refresh(self) -> bool:
        """Paint anew if the ticks changed; return whether they did."""
        sign = self._state_now()
        if sign == self._sign:
            return False
        self._sign, self.picture = sign, None
        self.update()
        return True

    def paint(self, painter: QPainter, _option: object, _widget: object = None) -> None:
        """Paint line and numbers; pyqtgraph sets `picture` to None when they must be placed."""
        area = self.mapRectFromParent(self.geometry())
        if self.picture is None:
            self.picture = self.place(area)  # type: ignore[assignment]
        texts: list[Text] = self.picture  # type: ignore[assignment]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self.pen())
        if self.orientation == "bottom":
            painter.drawLine(area.topLeft(), area.topRight())
        painter.setPen(self.textPen())
        painter.setFont(self.style["tickFont"])
        for rect, flags, text in texts:
            painter.drawText(rect, flags, text)


class LeftAxis(Axis):
    """The numbers at the left; no line and no marks."""

    def __init__(self, steps: tuple[float, ...] = numbers.VALUES, row: int = ROW) -> None:
        super().__init__("left", numbered=True)
        self.setWidth(LEFT_WIDTH)
        self.log = False
        self.blank = False  # nothing is measured yet: numbers would be made up
        self._steps = steps
        self._row = row

    def state(self) -> tuple[object, ...]:
        """Return the kind of axis, and whether it is blank."""
        return self.log, self.blank

    def boundingRect(self) -> QRectF:
        """Leave out the gap beside the view: not every new point has to paint the numbers."""
        return super().boundingRect().adjusted(0, 0, 3 - _GAP, 0)

    def find_ticks(self) -> list[float]:
        """Choose round values, as many as have room."""
        most = min(6, max(3, int(self.size().height()) // self._row))
        low, high = self.range
        if self.blank:
            return []
        if self.log:
            return numbers.log_ticks(low, high, most)
        return numbers.ticks(low, high, most, self._steps)

    def place(self, area: QRectF) -> list[Text]:
        """Place the numbers; pyqtgraph would drop those near an edge."""
        values = self.ticks()
        places = [numbers.log10(value) for value in values] if self.log else values
        low, high = self.range
        height = theme().size("caption") + 4.0
        specs = []
        for place, text in zip(places, numbers.tick_texts(values), strict=True):
            y = area.bottom() - (place - low) / (high - low) * area.height()
            rect = QRectF(area.left(), y - height / 2, area.width() - _GAP, height)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            specs.append(Text(rect, flags | Qt.TextFlag.TextDontClip, text))
        return specs


class BottomAxis(Axis):
    """The line under a plot, with steps or times below it where `numbered`."""

    def __init__(self, numbered: bool) -> None:
        super().__init__("bottom", numbered)
        self.setHeight(BOTTOM_HEIGHT if numbered else 1)
        self.numbered = numbered
        self.fixed: list[float] = []
        self.as_time = False
        self.blank = False
        self.label_of: Callable[[float], str] | None = None

    def state(self) -> tuple[object, ...]:
        """Return what is asked of the ticks, and how they are written."""
        return self.blank, self.as_time, self.label_of, *self.fixed

    def find_ticks(self) -> list[float]:
        """Choose round steps or times, or those that are fixed."""
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

    def place(self, area: QRectF) -> list[Text]:
        """Place the numbers, the outermost kept inside the picture."""
        if not self.numbered:
            return []
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
            specs.append(Text(rect, flags | Qt.TextFlag.TextDontClip, text))
        return specs


def colour_axis(axis: pg.AxisItem) -> None:
    """Give an axis the colours and the font of the theme in use."""
    axis.setPen(pg.mkPen(theme().color("chart-axis")))
    axis.setTextPen(pg.mkPen(theme().color("text-faint")))
    axis.setTickFont(theme().font("caption"))
