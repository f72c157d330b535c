"""Comparison: the same quantity of up to eight runs in one plot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from studio.ui.charts import numbers
from studio.ui.charts.chart import Chart, new_canvas
from studio.ui.charts.curves import new_item
from studio.ui.charts.labels import EndLabel, EndLabels
from studio.ui.charts.plot import Plot
from studio.ui.charts.series import Points, Series
from studio.ui.charts.specs import Format
from studio.ui.charts.track import padded
from studio.ui.theme import theme
from studio.words import tr

MOST = 8  # runs; more lines cannot be told apart
_SIDE = 84  # px at the right for the names of lines that reach the end
_DASHES: tuple[tuple[float, ...], ...] = (
    (), (3.0, 2.0), (1.0, 1.5), (5.0, 2.0, 1.0, 2.0),
    (8.0, 3.0), (1.0, 3.0), (5.0, 2.0, 1.0, 2.0, 1.0, 2.0), (2.0, 4.0),
)  # fmt: skip
_MARGIN = 0.12  # share of the range kept free: a name fits under the lowest line
Axis = Literal["step", "time", "tokens"]


@dataclass(slots=True)
class RunLine:
    """One run: its name and one quantity over steps, and over seconds and tokens if known.

    Args:
        name: What stands at the end of the line.
        values: The quantity, shape (n,).
        x: Places of the values by axis, each of shape (n,); "step" must be there.
        order: Place in the order of choice, 0 to 7: decides colour and line style.
    """

    name: str
    values: ArrayLike
    x: Mapping[Axis, ArrayLike]
    order: int
    series: dict[Axis, Series] = field(default_factory=dict, init=False)

    def on(self, axis: Axis, smoothing: float) -> Series:
        """Return the values over this axis, empty if it is not known."""
        if axis not in self.series:
            made = Series(smoothing)
            if axis in self.x:
                made.extend(np.asarray(self.x[axis], float), np.asarray(self.values, float))
            self.series[axis] = made
        self.series[axis].set_smoothing(smoothing)
        return self.series[axis]


def line_pen(order: int) -> QPen:
    """Return the pen of the run at this place in the order of choice."""
    pen = pg.mkPen(theme().color(f"chart-{order % MOST + 1}"), width=1.8)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if _DASHES[order % MOST]:
        pen.setDashPattern(list(_DASHES[order % MOST]))
    return pen


def line_swatch(order: int, width: int = 16, ratio: float = 1.0) -> QPixmap:
    """Return a piece of that line to stand before the run's name."""
    picture = QPixmap(round(width * ratio), round(8 * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(line_pen(order))
    painter.drawLine(QPointF(0.0, 4.0), QPointF(float(width), 4.0))
    painter.end()
    return picture


class Comparison(Chart):
    """Overlays runs; names stand at the line ends, and each best value has a dot."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = new_canvas(self)
        self._plot = Plot(numbered=True)
        self._plot.set_margins(4, 20, _SIDE, 4)
        self._canvas.addItem(self._plot, 0, 0)
        self._labels = EndLabels(self._plot, _SIDE)
        self._runs: list[RunLine] = []
        self._items: list[pg.PlotDataItem] = []
        self._axis: Axis = "step"
        self._form: Format = "loss"
        self._lower = True
        self._smoothing = 0.0
        self._zoom: tuple[float, float] | None = None
        self._plot.box.zoomed.connect(self._on_zoomed)
        self._plot.box.reset.connect(self.reset_zoom)
        self.setAccessibleName(tr("Comparison of runs"))

    def set_runs(
        self, runs: Sequence[RunLine], form: Format = "loss", lower_is_better: bool = True
    ) -> None:
        """Show these runs, at most eight; ValueError for more."""
        if len(runs) > MOST:
            raise ValueError(f"{len(runs)} runs, at most {MOST} can be told apart")
        self._runs, self._form, self._lower = list(runs), form, lower_is_better
        for item in self._items:
            self._plot.removeItem(item)
        self._items = [new_item(self._plot) for _run in runs]
        self.recolour()
        self._redraw.ask()

    def set_x(self, axis: Axis) -> None:
        """Draw over steps, time or tokens; a zoom is given up."""
        self._axis, self._zoom = axis, None
        self._plot.bottom.as_time = axis == "time"
        self._redraw.ask()

    def set_smoothing(self, factor: float) -> None:
        """Smooth with this weight of the past, 0 for none."""
        self._smoothing = factor
        self._redraw.ask()

    def set_log(self, on: bool) -> None:
        """Draw the values on a logarithmic axis."""
        self._plot.left.log = on
        self._redraw.ask()

    def reset_zoom(self) -> None:
        """Show everything again."""
        self._zoom = None
        self._redraw.ask()

    def _on_zoomed(self, low: float, high: float) -> None:
        self._zoom = (low, high)
        self._redraw.ask()

    def _series(self) -> list[Series]:
        return [run.on(self._axis, self._smoothing) for run in self._runs]

    def redraw(self) -> None:
        """Draw every line, fit the axes, place names and dots."""
        series = self._series()
        ends = [float(one.x.values[-1]) for one in series if len(one)]
        low, high = self._zoom or (0.0, max(ends, default=1.0) or 1.0)
        self._plot.show_x(low, high)
        pixels = round(self._plot.box.width())
        drawn = [one.points(low, high, pixels, smooth=True) for one in series]
        if self._plot.left.log:
            drawn = [Points(p.x, np.log10(np.where(p.y > 0, p.y, np.nan))) for p in drawn]
        for item, points in zip(self._items, drawn, strict=True):
            item.setData(points.x, points.y)
        seen = [points.y[np.isfinite(points.y)] for points in drawn]
        values = np.concatenate(seen) if seen else np.empty(0)
        low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
        self._plot.show_y(*padded(low, high, margin=_MARGIN))
        pairs = zip(self._runs, series, strict=True)
        self._labels.set_labels([self._label(*pair) for pair in pairs])
        self._labels.empty = "" if len(values) else tr("No values to compare")
        self._plot.bottom.blank = not len(values)
        self._plot.refresh(blank=not len(values))
        self.announce()

    def _label(self, run: RunLine, series: Series) -> EndLabel | None:
        best = series.best(self._lower, smooth=True)
        last = series.last_finite(smooth=True)
        if best is None or last is None:
            return None
        text = tr("{run} {value}", run=run.name, value=numbers.value_text(best[1], self._form))
        return EndLabel(text, last, best, f"chart-{run.order % MOST + 1}")

    def text_equivalent(self) -> str:
        """Return each run's best value in words."""
        parts = []
        for run, series in zip(self._runs, self._series(), strict=True):
            best = series.best(self._lower, smooth=True)
            value = "–" if best is None else numbers.value_text(best[1], self._form)
            parts.append(tr("{run}: best {value}.", run=run.name, value=value))
        return " ".join(parts) or tr("No values to compare")

    def rows(self) -> Iterable[list[object]]:
        """Return run, place on the axis in use and value of every point."""
        yield ["run", self._axis, "value"]
        for run, series in zip(self._runs, self._series(), strict=True):
            for x, y in zip(series.x.values.tolist(), series.y.values.tolist(), strict=True):
                yield [run.name, x, y]

    def recolour(self) -> None:
        """Take the colours of the theme in use."""
        self._canvas.setBackground(theme().color("raised"))
        self._plot.recolour()
        for run, item in zip(self._runs, self._items, strict=True):
            item.setPen(line_pen(run.order))
        self._labels.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Reset the zoom with 0."""
        if event.key() == Qt.Key.Key_0:
            self.reset_zoom()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Ask for room for six ticks."""
        return QSize(594, 300)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the widget."""
        super().resizeEvent(event)
        self._canvas.setGeometry(self.rect())
        self._redraw.ask()
