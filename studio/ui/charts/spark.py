"""A small line beside numbers: no axes, a light area below."""

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPolygonF, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.charts import numbers
from studio.ui.charts.series import Points, Series
from studio.ui.charts.timer import Redraw
from studio.ui.theme import theme, themes
from studio.words import tr

_FILL = 28  # 11 % of 255


class Spark(QWidget):
    """The course of one quantity, smoothed, at a glance."""

    def __init__(
        self,
        name: str,
        color: str = "chart-1",
        smoothing: float = 0.9,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._color = color
        self._series = Series(smoothing)
        self._redraw = Redraw(self._on_beat, self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(name)
        themes().changed.connect(self._on_theme_changed)

    def _on_theme_changed(self) -> None:
        self.update()

    def add(self, x: float, y: float) -> None:
        """Store one value; it is drawn at the next beat."""
        self._series.append(x, y)
        self._redraw.ask()

    def set_values(self, x: ArrayLike, y: ArrayLike) -> None:
        """Replace everything; shapes (n,)."""
        smoothing = Series(0.9 if len(np.asarray(x)) > 50 else 0.0)
        smoothing.extend(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        self._series = smoothing
        self._redraw.ask()

    def _on_beat(self) -> None:
        found = self._series.value_at(math.inf, smooth=True)
        if found is not None:
            value = numbers.value_text(found[1], "loss")
            text = tr("{title}: {latest} at step {step}.", title=self._name, latest=value,
                      step=numbers.step_text(found[0]))  # fmt: skip
            self.setAccessibleDescription(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for the room of a card's column."""
        return QSize(312, 60)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw while seen."""
        super().showEvent(event)
        self._redraw.wake()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while hidden."""
        self._redraw.rest()
        super().hideEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the area, then the line; gaps stay open."""
        if len(self._series) < 2:
            return
        xs = self._series.x.values
        points = self._series.points(xs[0], xs[-1], self.width(), smooth=True)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = theme().color(self._color)
        pen = pg.mkPen(colour, width=1.5)
        colour.setAlpha(_FILL)
        for line in _pieces(points, self.width(), self.height()):
            ends = [QPointF(line[-1].x(), self.height()), QPointF(line[0].x(), self.height())]
            painter.setPen(pg.mkPen(None))
            painter.setBrush(colour)
            painter.drawPolygon(QPolygonF([*line, *ends]))
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(line))


def _pieces(points: Points, width: int, height: int) -> list[list[QPointF]]:
    """Return the unbroken lines in px, the whole range filling the height but a few px."""
    finite = np.isfinite(points.y)
    if finite.sum() < 2:
        return []
    low, high = points.y[finite].min(), points.y[finite].max()
    span = (high - low) or 1.0
    x = (points.x - points.x[0]) / ((points.x[-1] - points.x[0]) or 1.0) * (width - 2) + 1
    y = 2 + (high - points.y) / span * (height - 6)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], finite.astype(int), [0]])))
    return [
        [QPointF(a, b) for a, b in zip(x[start:end].tolist(), y[start:end].tolist(), strict=True)]
        for start, end in edges.reshape(-1, 2)
        if end - start > 1
    ]
