"""The tracks of a run: several plots over one x axis, with one cursor."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtWidgets import QWidget

from studio.ui.charts import numbers
from studio.ui.charts.describe import describe_track
from studio.ui.charts.marks import MarkSet
from studio.ui.charts.series import Series
from studio.ui.charts.specs import TrackSpec
from studio.ui.charts.stack import Stack
from studio.ui.charts.track import Track
from studio.words import tr

XAxis = Literal["step", "time"]
_SMOOTHING = 0.96


class Tracks(Stack):
    """Plots `TrackSpec`s above one another; `add` only stores, a timer draws.

    Steps and epochs given to the marking methods are always in steps; they are placed on the
    time axis by the pace of the run.
    """

    def __init__(
        self,
        specs: Sequence[TrackSpec],
        smoothing: float = _SMOOTHING,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(specs, smoothing, parent)
        self._future: float | None = None
        self._epochs: list[tuple[float, str]] = []
        self._checkpoints: list[float] = []
        self._faults: list[tuple[float, str, str | None]] = []
        self.setAccessibleName(tr("Charts of the run"))

    # what the run says

    def add(self, track: str, curve: str, x: float, y: float, t: float | None = None) -> None:
        """Store one value at step `x`, measured `t` seconds after the start."""
        times = None if t is None else [t]
        self.extend(track, curve, [x], [y], times)

    def extend(
        self, track: str, curve: str, x: ArrayLike, y: ArrayLike, t: ArrayLike | None = None
    ) -> None:
        """Store many values in order of their steps; shapes (n,)."""
        target = self._tracks[track]
        series = target.series[curve]
        before = len(series)
        times = None if t is None else np.asarray(t, dtype=np.float64)
        series.extend(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), times)
        target.watch(curve, min(before, len(series)))
        self._touch(target)

    def gap(self, track: str, curve: str) -> None:
        """Break the curve here: a pause, or a step that is left out."""
        series = self._tracks[track].series[curve]
        if len(series):
            series.append(series.x.values[-1], math.nan, series.t.values[-1])
            self._touch(self._tracks[track])

    def series(self, track: str, curve: str) -> Series:
        """Return the numbers of one curve."""
        return self._tracks[track].series[curve]

    def set_total(self, steps: float | None) -> None:
        """Make the axis span the whole run; None if its end is unknown."""
        self._total = steps
        self._touch_all()

    def set_future(self, from_step: float | None) -> None:
        """Shade the steps not yet done; None for none."""
        self._future = from_step
        self._touch_marks()

    def set_limit(self, track: str, value: float, label: str) -> None:
        """Draw a dashed line that always stays in view."""
        self._tracks[track].set_limit(value, label)
        self._touch(self._tracks[track])

    def mark_checkpoint(self, step: float) -> None:
        """Put a diamond on the axis of the tracks that show marks."""
        if step not in self._checkpoints:
            self._checkpoints.append(step)
            self._touch_marks()

    def drop_checkpoint(self, step: float) -> None:
        """Take a diamond away: the checkpoint was deleted."""
        if step in self._checkpoints:
            self._checkpoints.remove(step)
            self._touch_marks()

    def mark_epoch(self, step: float, label: str) -> None:
        """Draw a dotted vertical, labelled in the first track."""
        self._epochs.append((step, label))
        self._touch_marks()

    def mark_fault(self, step: float, text: str = "", track: str | None = None) -> None:
        """Draw a red vertical through all tracks; with `track` also a point and `text` there."""
        self._faults.append((step, text, track))
        self._touch_marks()

    # how it is shown

    def set_corner(self, track: str, widget: QWidget) -> None:
        """Keep a widget (a choice, a field) at the right end of a track's title line."""
        self._titles[track].set_corner(widget)

    def set_smoothing(self, factor: float) -> None:
        """Smooth with this weight of the past, 0 for none."""
        for track in self._tracks.values():
            for series in track.series.values():
                series.set_smoothing(factor)
        self._touch_all()

    def set_log(self, track: str, on: bool) -> None:
        """Draw the values of a track on a logarithmic axis."""
        self._tracks[track].plot.left.log = on
        self._touch(self._tracks[track])

    def set_x(self, axis: XAxis) -> None:
        """Draw over steps or over time; a zoom is given up."""
        self._time = axis == "time"
        self._zoom = None
        self.hide_cursor()
        for track in self._tracks.values():
            track.plot.bottom.as_time = self._time
        self._touch_all()

    def text_equivalent(self) -> str:
        """Return in words what the tracks show."""
        return " ".join(describe_track(track) for track in self._tracks.values())

    def rows(self) -> Iterable[list[object]]:
        """Return track, curve, step, seconds and value of every point."""
        yield ["track", "curve", "step", "seconds", "value"]
        for name, track in self._tracks.items():
            for curve, series in track.series.items():
                columns = (series.x.values, series.t.values, series.y.values)
                for x, t, y in zip(*(column.tolist() for column in columns), strict=True):
                    yield [name, curve, x, t, y]

    def _place_marks(self, track: Track) -> None:
        first = track is next(iter(self._tracks.values()))
        empty = all(track.empty for track in self._tracks.values())
        epochs = [(self._x_of(step), label) for step, label in self._epochs]
        future = None if self._future is None else self._x_of(self._future)
        track.plot.grid.show_places(future, [x for x, _label in epochs])
        track.plot.bottom.blank = empty and self._total is None
        track.marks.show_set(
            MarkSet(
                limit=track.marks.set.limit,
                checkpoints=list(map(self._x_of, self._checkpoints)) if track.spec.marks else [],
                epochs=epochs if first else [],
                faults=self._fault_places(track),
                points=self._fault_points(track),
                empty=tr("Waiting for the first step") if empty and first else "",
            )
        )

    def _fault_places(self, track: Track) -> list[float]:
        steps = [step for step, _text, _track in self._faults]
        own = [] if track.fault is None else [track.fault[1]]
        return [self._x_of(step) for step in (*steps, *own)]

    def _fault_points(self, track: Track) -> list[tuple[float, float, str]]:
        points = []
        for step, text, key in self._faults:
            found = track.main_curve().series.value_at(step) if key == track.spec.key else None
            if found is not None and math.isfinite(found[1]):
                points.append((self._x_of(step), found[1], text))
        if track.fault is not None and math.isfinite(track.fault[2]):
            text = tr("not a number from step {step}", step=numbers.step_text(track.fault[1]))
            points.append((self._x_of(track.fault[1]), track.fault[2], text))
        return points
