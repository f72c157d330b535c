"""Several plots over one x axis: their layout, their zoom and their one cursor."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from studio.ui.charts import numbers
from studio.ui.charts.axes import BOTTOM_HEIGHT, LEFT_WIDTH
from studio.ui.charts.chart import Chart, new_canvas
from studio.ui.charts.series import Series
from studio.ui.charts.specs import TrackSpec
from studio.ui.charts.tag import AxisTag
from studio.ui.charts.title import TitleLine
from studio.ui.charts.track import Track
from studio.ui.theme import theme

_FIRST_TITLE, _TITLE, _ABOVE, _BELOW = 36, 26, 5, 6  # px around a plot
_LEAST = 60  # px of a track of share 1


class Stack(Chart):
    """Tracks above one another; subclasses fill them and place the marks."""

    def __init__(
        self, specs: Sequence[TrackSpec], smoothing: float, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._time = False
        self._total: float | None = None
        self._zoom: tuple[float, float] | None = None
        self._cursor: float | None = None
        self._waiting: list[Track] = []  # to be drawn in this round, one at a time
        self._canvas = new_canvas(self)
        self._tracks: dict[str, Track] = {}
        self._titles: dict[str, TitleLine] = {}
        for row, spec in enumerate(specs):
            self._add_track(spec, row, smoothing, last=row == len(specs) - 1)
        self._tag = AxisTag(self)
        self._canvas.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self._canvas.viewport().installEventFilter(self)
        self.setMinimumHeight(sum(round(_LEAST * spec.height_share) for spec in specs))

    def _place_marks(self, track: Track) -> None:
        """Move the marks of one track to where they stand on the axis in use."""
        raise NotImplementedError

    def _add_track(self, spec: TrackSpec, row: int, smoothing: float, last: bool) -> None:
        track = Track(spec, last, smoothing)
        self._canvas.addItem(track.plot, row, 0)
        track.plot.box.zoomed.connect(self._on_zoomed)
        track.plot.box.reset.connect(self.reset_zoom)
        self._tracks[spec.key] = track
        self._titles[spec.key] = TitleLine(spec.title, row > 0, self)

    def reset_zoom(self) -> None:
        """Show the whole run again."""
        self._zoom = None
        self._touch_all(now=True)

    def zoom(self, low: float, high: float) -> None:
        """Show only this stretch of x, in units of the axis."""
        self._zoom = (low, high)
        self._touch_all(now=True)

    @property
    def shown_x(self) -> tuple[float, float]:
        """Return the stretch of x that is shown."""
        return self._zoom or self._whole()

    def _touch(self, track: Track) -> None:
        track.dirty = True
        self._redraw.ask()

    def _touch_marks(self) -> None:
        for track in self._tracks.values():
            track.stale = True
        self._redraw.ask()

    def _touch_all(self, now: bool = False) -> None:
        for track in self._tracks.values():
            track.dirty = True
        self._waiting.clear()
        self._redraw.ask()
        if now:
            self._redraw.now()

    def redraw(self) -> None:
        """Draw the tracks that changed; all of them if the stretch of x did."""
        self._waiting.clear()
        while self.redraw_part():
            pass

    def redraw_part(self) -> bool:
        """Draw one track: painting all of them at once would stall the window."""
        if not self._waiting:
            seen = self.shown_x
            self._waiting = [track for track in self._tracks.values() if track.needs(*seen)]
        if self._waiting:
            self._draw_track(self._waiting.pop(0))
        if not self._waiting:
            self._place_tag()
            self.announce()
        return bool(self._waiting)

    def _draw_track(self, track: Track) -> None:
        low, high = self.shown_x
        moved = track.plot.show_x(low, high)
        self._place_marks(track)
        track.stale = False
        if track.dirty or moved:
            track.draw(low, high, round(track.plot.box.width()), self._time)
            self._show_values(track)

    def _whole(self) -> tuple[float, float]:
        reference = self._reference()
        if len(reference) == 0:
            return 0.0, float(self._total or 1.0) if not self._time else 1.0
        last = float((reference.t if self._time else reference.x).values[-1])
        if self._total is None:
            return 0.0, max(last, 1e-9)
        return 0.0, max(self._x_of(self._total), last, 1e-9)

    def _reference(self) -> Series:
        """Return the longest measured series: its steps are where the cursor can stand."""
        measured = [
            (track, curve.source or curve.key)
            for track in self._tracks.values()
            for curve in track.spec.curves
            if curve.style != "dotted"
        ]
        every = [track.series[key] for track, key in measured]
        return max(every, key=len)

    def _x_of(self, step: float) -> float:
        """Return where a step lies on the axis in use; beyond the run by its mean pace."""
        if not self._time:
            return float(step)
        reference = self._reference()
        steps, times = reference.x.values, reference.t.values
        if len(steps) == 0 or steps[-1] <= 0:
            return 0.0
        if step > steps[-1]:
            return float(times[-1] * step / steps[-1])
        return float(np.interp(step, steps, times))

    def recolour(self) -> None:
        """Take the colours of the theme in use."""
        self._canvas.setBackground(theme().color("raised"))
        for track in self._tracks.values():
            track.recolour()
            track.dirty = True
        for title in self._titles.values():
            title.update()

    # the cursor

    @property
    def cursor_x(self) -> float | None:
        """Return where the cursor stands, in units of the axis; None while hidden."""
        return self._cursor

    def set_cursor(self, x: float) -> None:
        """Put the cursor on the value nearest to `x`."""
        reference = self._reference()
        xs = (reference.t if self._time else reference.x).values
        if len(xs) == 0:
            return
        right = int(np.searchsorted(xs, x))
        near = [index for index in (right - 1, right) if 0 <= index < len(xs)]
        self._cursor = float(min((xs[index] for index in near), key=lambda at: abs(at - x)))
        self._show_cursor()

    def hide_cursor(self) -> None:
        """Take the cursor away; the title lines show the latest values again."""
        self._cursor = None
        self._show_cursor()

    def _seen_cursor(self) -> float | None:
        """Return where the cursor stands if that is in view."""
        low, high = self.shown_x
        at = self._cursor
        return at if at is not None and low <= at <= high else None

    def _show_cursor(self) -> None:
        for track in self._tracks.values():
            self._show_values(track)
        self._place_tag()

    def _show_values(self, track: Track) -> None:
        """Write a title line, and put the cursor into the plot below it."""
        at = self._seen_cursor()
        self._titles[track.spec.key].set_values(track.values(at, self._time))
        track.place_cursor(at, self._time)

    def _place_tag(self) -> None:
        at = self._seen_cursor()
        if at is None:
            self._tag.hide()
            return
        last = list(self._tracks.values())[-1].plot
        place = last.box.mapToScene(QPointF(last.box.x_of(at), last.box.height()))
        text = numbers.time_text(at) if self._time else numbers.step_text(at)
        self._tag.show_at(text, round(place.x()), round(place.y()))

    def _on_mouse_moved(self, place: QPointF) -> None:
        for track in self._tracks.values():
            box = track.plot.box
            if box.sceneBoundingRect().contains(place):
                self.set_cursor(box.mapSceneToView(place).x())
                return
        self.hide_cursor()

    def _on_zoomed(self, low: float, high: float) -> None:
        self.zoom(low, high)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hide the cursor when the mouse leaves."""
        if event.type() == QEvent.Type.Leave and not self.hasFocus():
            self.hide_cursor()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor with the arrows (Shift: ten values), 0 resets, Esc hides it."""
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        key = Qt.Key(event.key())
        if key in moves:
            wide = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._step_cursor(moves[key] * (10 if wide else 1))
        elif key == Qt.Key.Key_0:
            self.reset_zoom()
        elif key == Qt.Key.Key_Escape and self._cursor is not None:
            self.hide_cursor()
        else:
            super().keyPressEvent(event)

    def _step_cursor(self, count: int) -> None:
        reference = self._reference()
        xs = (reference.t if self._time else reference.x).values
        if len(xs) == 0:
            return
        if self._cursor is None:
            index = len(xs) - 1
        else:
            index = int(np.searchsorted(xs, self._cursor)) + count
        self.set_cursor(float(xs[min(max(index, 0), len(xs) - 1)]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the height among the tracks."""
        super().resizeEvent(event)
        self._canvas.setGeometry(self.rect())
        self._share_height()
        self._touch_all()

    def _share_height(self) -> None:
        tops = [_FIRST_TITLE, *[_TITLE] * (len(self._tracks) - 1)]
        below = [*[_BELOW] * (len(tops) - 1), 0]
        taken = sum(tops) + _ABOVE * len(tops) + sum(below) + BOTTOM_HEIGHT
        shares = sum(track.spec.height_share for track in self._tracks.values())
        room = max(self.height() - taken, 30 * len(tops))
        side, y, given = theme().space("wide"), 0, 0.0
        for row, (name, track) in enumerate(self._tracks.items()):
            start = round(given / shares * room)
            given += track.spec.height_share
            height = tops[row] + _ABOVE + below[row] + round(given / shares * room) - start
            height += BOTTOM_HEIGHT if row == len(tops) - 1 else 0
            track.plot.set_margins(side, tops[row] + _ABOVE, side + LEFT_WIDTH // 8, below[row])
            self._canvas.ci.layout.setRowFixedHeight(row, height)
            self._titles[name].setGeometry(QRect(0, y, self.width(), tops[row]))
            y += height
