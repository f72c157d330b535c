"""A dense curve as one bar per pixel column: what a line would cover, at a tenth of its cost."""

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage, QPainter

from studio.ui.charts.plot import Layer, Plot
from studio.ui.charts.series import Points

_NOTHING = Points(np.empty(0), np.empty(0))


class Bars(Layer):
    """Paints from the least to the greatest value of each column; a gap stays open."""

    def __init__(self, plot: Plot, depth: int) -> None:
        super().__init__(plot.box, below=True)
        self.setZValue(-9 + depth / 10)  # over the grid, under what is drawn as lines
        self._least = 1  # px a bar is high
        self._points = _NOTHING
        self._colour = QColor()
        self._image: QImage | None = None
        self._place = QPoint()
        self._pixels = np.empty((0, 0), np.uint32)  # the image's memory: Qt does not keep it

    def set_points(self, points: Points | None) -> None:
        """Show these points, sorted by x; None for nothing."""
        self._points = _NOTHING if points is None else points
        self._image = None
        self.update()

    def set_pen(self, colour: QColor, width: float) -> None:
        """Paint in this colour, at least as high as the line would be wide."""
        self._least = max(1, round(width))
        self._colour = QColor(colour)
        self._image = None
        self.update()

    def _on_view_changed(self, *args: object) -> None:
        self._image = None
        super()._on_view_changed(*args)

    def columns(self, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return column, least and greatest value, each reaching back to the value before it."""
        x, y = self._points
        (left, right), _range = self.box.viewRange()
        column = np.floor((x - left) / (right - left) * width).astype(np.int64)
        starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
        before = y[np.maximum(starts - 1, 0)]
        low, high = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
        own = np.isfinite(low)
        low, high = np.fmin(low, before), np.fmax(high, before)
        seen = own & (column[starts] >= 0) & (column[starts] < width)
        return column[starts][seen], low[seen], high[seen]

    def paint(self, painter: QPainter, _option: object, _widget: object = None) -> None:
        """Paint the bars."""
        width, height = int(self.box.width()), int(self.box.height())
        if len(self._points.x) == 0 or width < 1 or height < 1:
            return
        if self._image is None:
            self._image = self._picture(width, height)
        painter.setOpacity(self._colour.alphaF())
        painter.drawImage(self._place, self._image)

    def _picture(self, width: int, height: int) -> QImage:
        """Return the bars as a picture: Qt fills narrow upright bars pixel by pixel.

        It is as large as the bars need, and stands at `_place`.
        """
        column, low, high = self.columns(width)
        if len(column) == 0:
            return QImage()
        bottom, top = self.box.viewRange()[1]
        scale = height / (top - bottom)
        begin = np.clip((top - high) * scale, 0, height - self._least).astype(np.uint16)
        end = np.clip((top - low) * scale, begin + self._least, height).astype(np.uint16)
        left, first = int(column[0]), int(begin.min())
        starts, heights = np.zeros((2, int(column[-1]) - left + 1), dtype=np.uint16)
        starts[column - left] = begin - first
        heights[column - left] = end - begin
        rows = np.arange(int(end.max()) - first, dtype=np.uint16)[:, None]
        inside = rows - starts < heights  # what lies above wraps round to large numbers
        self._pixels = inside * np.uint32(self._colour.rgb())
        self._place = QPoint(left, first)
        size = self._pixels.shape[1], self._pixels.shape[0]
        return QImage(self._pixels.data, *size, QImage.Format.Format_ARGB32_Premultiplied)
