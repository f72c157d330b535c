"""One track: a plot, its curves, the range they need and what the title line says."""

import math

import numpy as np

from studio.ui.charts import numbers
from studio.ui.charts.axes import ROW
from studio.ui.charts.curves import Curve
from studio.ui.charts.marks import CursorLine, Marks
from studio.ui.charts.plot import Plot
from studio.ui.charts.series import Series
from studio.ui.charts.specs import CurveSpec, TrackSpec
from studio.ui.charts.title import TitleValue
from studio.words import tr

_MARGIN = 0.04  # share of the seen range kept free above and below
_HEADROOM = 0.1  # the same above a track that starts at zero
_NEAR = 0.1  # share of the range within which the outer 2 % are still shown
_FEW = 100  # below this many values all are kept in view, not the middle 98 %
_WHOLE = ("dots", "area", "band")  # styles of which every value counts: a peak of memory, a dot
_SWATCHES = {"smooth": "line", "raw": "faint", "dots": "dots", "band": "box"}


class Track:
    """Draws one `TrackSpec`; knows nothing of its neighbours."""

    def __init__(self, spec: TrackSpec, numbered: bool, smoothing: float, row: int = ROW) -> None:
        self.spec = spec
        self.series: dict[str, Series] = {}
        steps = numbers.BINARY if spec.form == "memory" else numbers.VALUES
        self.plot = Plot(numbered, steps, row)
        self.plot.left.log = spec.log
        self.marks = Marks(self.plot)
        self.cursor = CursorLine(self.plot)
        self._smoothed = {curve.source for curve in spec.curves if curve.style == "smooth"}
        self.curves = [self._curve(curve, smoothing) for curve in spec.curves]
        self.fault: tuple[int, float, float] | None = None
        self.dirty = True  # its numbers changed
        self.stale = True  # its marks changed

    def _curve(self, spec: CurveSpec, smoothing: float) -> Curve:
        key = spec.source or spec.key
        if key not in self.series:
            self.series[key] = Series(smoothing if key in self._smoothed else None)
        return Curve(spec, self.plot, self.series[key])

    def set_limit(self, value: float, label: str) -> None:
        """Draw a dashed line that always stays in view."""
        self.marks.set.limit = (value, label)
        self.marks.update()

    def needs(self, low: float, high: float) -> bool:
        """Return whether something is to be drawn to show [low, high] as it is now."""
        return self.dirty or self.stale or self.plot.box.viewRange()[0] != [low, high]

    @property
    def empty(self) -> bool:
        """Return whether no curve has a value yet."""
        return not any(len(series) for series in self.series.values())

    def draw(self, low: float, high: float, pixels: int, time: bool) -> None:
        """Draw what is seen of [low, high], and fit y to it."""
        log = self.plot.left.log
        for curve in self.curves:
            curve.draw(curve.points(low, high, pixels, time), pixels, log)
        bottom, top = self._fit(low, high, time)
        self.plot.show_y(bottom, top)
        self.plot.refresh(blank=self.empty)
        self.dirty = False

    def _fit(self, low: float, high: float, time: bool) -> tuple[float, float]:
        """Return the range of y: the 1st to the 99th percentile of what is seen."""
        log = self.plot.left.log
        bounds = [self._bounds(curve, low, high, time) for curve in self.curves]
        found = [bound for bound in bounds if bound is not None]
        if not found:
            return (-1.0, 0.0) if log else (0.0, self._ceiling(1.0))
        bottom, top = min(bound[0] for bound in found), max(bound[1] for bound in found)
        if log:
            return padded(bottom, top)
        if self.spec.zero_in_view:
            bottom = min(bottom, 0.0)
            top = max(self._ceiling(top), bottom + 1e-12)
            return padded(bottom, top, below=bottom < 0, margin=_HEADROOM)
        return padded(bottom, top)

    def _ceiling(self, top: float) -> float:
        limit = self.marks.set.limit
        return top if limit is None else max(top, limit[0])

    def _bounds(
        self, curve: Curve, low: float, high: float, time: bool
    ) -> tuple[float, float] | None:
        values = curve.series.sample(low, high, time, curve.smooth)
        if self.plot.left.log:
            values = np.log10(values[values > 0])
        if len(values) == 0:
            return None
        if len(values) < _FEW or curve.spec.style in _WHOLE:
            return float(values.min()), float(values.max())
        values = np.sort(values)
        outer = len(values) // 100
        bottom, top = float(values[outer]), float(values[-1 - outer])
        near = _NEAR * (top - bottom)
        return max(float(values[0]), bottom - near), min(float(values[-1]), top + near)

    def watch(self, key: str, first: int) -> bool:
        """Look for the first NaN among new values; return whether one was just found."""
        series = self.series[key]
        if not self.spec.marks or key not in self._smoothed:
            return False
        if self.fault is not None:
            if self.fault[0] < len(series) and not math.isfinite(series.y.values[self.fault[0]]):
                return False
            self.fault, first = None, 0  # the run went back to before it
        bad = np.flatnonzero(~np.isfinite(series.y.values[first:]))
        if len(bad) == 0:
            return False
        index = first + int(bad[0])
        before = series.y.values[:index]
        before = before[np.isfinite(before)]
        level = float(before[-1]) if len(before) else math.nan
        self.fault = (index, float(series.x.values[index]), level)
        return True

    def values(self, at: float | None, time: bool) -> list[TitleValue]:
        """Return the title line: values at the cursor, or the latest ones."""
        out = [self._value(curve, at, time) for curve in self.curves if curve.spec.in_title]
        if out and self.spec.unit and out[0].value != "–":
            first = out[0]
            text = tr("{value} {unit}", value=first.value, unit=self.spec.unit)
            out[0] = TitleValue(first.label, text, first.swatch, first.color)
        if self.spec.peak and not self.empty:
            out.insert(1, TitleValue(tr("peak"), self._peak()))
        if self.spec.note:
            out.append(TitleValue(self.spec.note, ""))
        return out

    def _value(self, curve: Curve, at: float | None, time: bool) -> TitleValue:
        where = math.inf if at is None else at
        found = curve.series.value_at(where, time, curve.smooth)
        text = "–" if found is None else numbers.value_text(found[1], self.spec.form)
        spec = curve.spec
        swatch = _SWATCHES.get(spec.style, "line") if spec.label else ""
        return TitleValue(spec.label, text, swatch, spec.color, muted=spec.style == "band")

    def _peak(self) -> str:
        best = self.curves[0].series.best(lower=False)
        return "–" if best is None else numbers.value_text(best[1], self.spec.form)

    def main_curve(self) -> Curve:
        """Return the curve on which the cursor has its dot: the smoothed one if there is one."""
        smooth = [curve for curve in self.curves if curve.smooth]
        shown = [curve for curve in self.curves if curve.spec.in_title]
        return (smooth or shown or self.curves)[0]

    def place_cursor(self, at: float | None, time: bool) -> None:
        """Put the cursor line on `at`, with a dot on the main curve; None hides it."""
        if at is None:
            self.cursor.setVisible(False)
            return
        curve = self.main_curve()
        found = curve.series.value_at(at, time, curve.smooth)
        place = None
        if found is not None and math.isfinite(found[1]) and self.spec.marks:
            value = found[1]
            if not self.plot.left.log or value > 0:
                place = self.plot.box.y_of(math.log10(value) if self.plot.left.log else value)
        self.cursor.show_at(self.plot.box.x_of(at), place, curve.spec.color)

    def recolour(self) -> None:
        """Take the colours of the theme in use."""
        self.plot.recolour()
        for curve in self.curves:
            curve.recolour()
        self.marks.update()


def padded(
    bottom: float, top: float, below: bool = True, margin: float = _MARGIN
) -> tuple[float, float]:
    """Widen a range, rounded outward so that it stays still while values trickle in."""
    span = top - bottom
    if span <= 0:
        span = abs(top) * 0.1 or 1.0
        bottom, top = (bottom - span / 2 if below else bottom), top + span / 2
    unit = 10.0 ** math.floor(math.log10(span)) / 20
    high = math.ceil((top + margin * span) / unit) * unit
    if not below:
        return bottom, high
    return math.floor((bottom - margin * span) / unit) * unit, high
