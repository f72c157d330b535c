"""Curves: a spec, its numbers, and the items that draw them."""

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from studio.ui.charts.bars import Bars
from studio.ui.charts.plot import Plot
from studio.ui.charts.series import Points, Series
from studio.ui.charts.specs import CurveSpec
from studio.ui.theme import theme

_DOT = 8  # px
_DOT_ROOM = 12  # px a dot needs before dots are left out
_DENSE = 2.5  # points per px from which lines would only paint over one another
_WIDE = ("smooth", "line", "area")  # as one path of many points they take 30 times as long
_FAINT = 102  # 40 % of 255
_DEPTH = {"area": 1, "band": 2, "raw": 3, "dotted": 4, "line": 5, "smooth": 6, "dots": 7}
_FILL = 38  # 15 % of 255


def new_item(plot: Plot) -> pg.PlotDataItem:
    """Return an empty curve on the plot that leaves gaps open; `Series` has thinned its points."""
    item = pg.PlotDataItem(antialias=True, connect="finite")
    plot.addItem(item, ignoreBounds=True)
    return item


class Curve:
    """One curve on a plot; keeps the numbers and draws what is seen of them."""

    def __init__(self, spec: CurveSpec, plot: Plot, series: Series) -> None:
        self.spec = spec
        self.series = series
        self.smooth = spec.style == "smooth"
        self._fill = new_item(plot) if spec.style in ("area", "band") else None
        self._bars = Bars(plot, _DEPTH[spec.style]) if spec.style in ("raw", *_WIDE) else None
        self._line = new_item(plot)
        if self._fill is not None:  # chunks of a smooth-edged fill would show seams
            self._fill.setData(antialias=False)
        for item in (self._fill, self._line):
            if item is not None:
                item.setZValue(_DEPTH[spec.style])
        self._dots = False
        self.recolour()

    def points(self, low: float, high: float, pixels: int, time: bool) -> Points:
        """Return what is seen in [low, high] on a plot `pixels` wide."""
        return self.series.points(low, high, pixels, time, self.smooth)

    def draw(self, points: Points, pixels: int, log: bool) -> None:
        """Put the points on the plot."""
        x, y = points
        if log:
            positive = np.where(y > 0, y, np.nan)
            y = np.log10(positive)
        dense = self._bars is not None and len(x) > _DENSE * pixels
        if self._bars is not None:
            self._bars.set_points(Points(x, y) if dense else None)
        self._line.setData(*(([], []) if dense else (x, y)))
        if self.spec.style in _WIDE:
            self._line.curve.setSegmentedLineMode("on" if 2 * len(x) > pixels else "off")
        if self._fill is not None:
            self._fill.setData(x, y)
        self._show_dots(self.spec.style == "dots" and len(x) * _DOT_ROOM <= max(pixels, 1))

    def _show_dots(self, shown: bool) -> None:
        if shown != self._dots:
            self._dots = shown
            self._line.setSymbol("o" if shown else None)

    def set_color(self, color: str) -> None:
        """Draw in the colour of another token."""
        self.spec = replace(self.spec, color=color)
        self.recolour()

    def recolour(self) -> None:
        """Take the colours of the theme in use."""
        colour = theme().color(self.spec.color)
        self._line.setPen(_pen(self.spec.style, colour))
        if self.spec.style == "dots":
            self._line.setSymbolSize(_DOT)
            self._line.setSymbolBrush(pg.mkBrush(colour))
            self._line.setSymbolPen(pg.mkPen(theme().color("raised")))
        if self._bars is not None:
            line = _pen(self.spec.style, theme().color(self.spec.color))
            self._bars.set_pen(line.color(), line.widthF())
        if self._fill is not None:
            colour.setAlpha(_FILL if self.spec.style == "area" else 178)
            self._fill.setPen(pg.mkPen(None))
            self._fill.setFillLevel(0.0)
            self._fill.setFillBrush(pg.mkBrush(colour))


def _pen(style: str, colour: QColor) -> QPen:
    if style == "band":
        return pg.mkPen(None)
    if style == "raw":
        colour.setAlpha(_FAINT)
        return pg.mkPen(colour, width=1)
    if style == "dots":
        pen = pg.mkPen(colour, width=1.5)
        pen.setDashPattern([3.0, 2.0])
        return pen
    if style == "dotted":
        pen = pg.mkPen(colour, width=1)
        pen.setDashPattern([2.0, 3.0])
        return pen
    pen = pg.mkPen(colour, width=2 if style == "smooth" else 1.5)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen
