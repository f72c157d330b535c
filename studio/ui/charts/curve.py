"""A small plot of one curve that is computed, not measured."""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from studio.ui.charts import numbers
from studio.ui.charts.chart import Chart, new_canvas
from studio.ui.charts.specs import CurveSpec, Format, TrackSpec
from studio.ui.charts.track import Track
from studio.ui.theme import theme
from studio.words import tr

_ROW = 26  # px between numbers: three are enough beside a form


class SmallPlot(Chart):
    """One curve with a light fill, over axes that start at zero."""

    def __init__(
        self,
        name: str,
        color: str = "chart-1",
        form: Format = "small",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas = new_canvas(self)
        curve = CurveSpec("curve", "", color, "area")
        spec = TrackSpec("plot", name, (curve,), zero_in_view=True, form=form, best="highest")
        self._track = Track(spec, numbered=True, smoothing=0.0, row=_ROW)
        self._track.plot.set_margins(0, 4, 4, 0)
        self._canvas.addItem(self._track.plot, 0, 0)
        self._range: tuple[float, float] = (0.0, 1.0)
        self.setAccessibleName(name)

    def set_curve(self, x: ArrayLike, y: ArrayLike, color: str | None = None) -> None:
        """Show another curve; shapes (n,). `color` is a token."""
        curve = self._track.curves[0]
        if color is not None and color != curve.spec.color:
            curve.set_color(color)
        series = self._track.series["curve"]
        series.clear()
        series.extend(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        xs = series.x.values
        self._range = (float(xs[0]), float(xs[-1])) if len(xs) > 1 else (0.0, 1.0)
        self._redraw.ask()

    def set_x_ticks(
        self, values: Iterable[float], text_of: Callable[[float], str] | None = None
    ) -> None:
        """Put the numbers of the x axis here, such as at the ends of epochs."""
        self._track.plot.bottom.fixed = list(values)
        self._track.plot.bottom.label_of = text_of
        self._redraw.ask()

    def set_limit(self, value: float, label: str = "") -> None:
        """Draw a dashed line that always stays in view."""
        self._track.set_limit(value, label)
        self._redraw.ask()

    def redraw(self) -> None:
        """Draw the curve."""
        low, high = self._range
        if high <= low:
            high = low + 1.0
        plot = self._track.plot
        plot.show_x(low, high)
        self._track.draw(low, high, round(plot.box.width()), time=False)
        self.setAccessibleDescription(self.text_equivalent())

    def text_equivalent(self) -> str:
        """Return the first, the greatest and the last value in words."""
        series = self._track.series["curve"]
        best = series.best(lower=False)
        last = series.value_at(math.inf)
        if best is None or last is None:
            return tr("{title}: no values yet.", title=self._track.spec.title)
        form = self._track.spec.form
        return tr(
            "{title}: highest {best} at {best_x}, {latest} at the end.",
            title=self._track.spec.title,
            best=numbers.value_text(best[1], form),
            best_x=numbers.step_text(best[0]),
            latest=numbers.value_text(last[1], form),
        )

    def rows(self) -> Iterable[list[object]]:
        """Return x and y of every point."""
        yield ["x", "y"]
        series = self._track.series["curve"]
        yield from ([x, y] for x, y in zip(series.x.values, series.y.values, strict=True))

    def recolour(self) -> None:
        """Take the colours of the theme in use."""
        self._canvas.setBackground(theme().color("raised"))
        self._track.recolour()

    def sizeHint(self) -> QSize:
        """Ask for the height of the side panel's plot."""
        return QSize(304, 124)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the widget."""
        super().resizeEvent(event)
        self._canvas.setGeometry(self.rect())
        self._redraw.ask()
