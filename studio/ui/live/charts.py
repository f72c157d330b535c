"""The charts of a run: which tracks are shown, filled from `Curves`, saved and copied."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from studio.errors import DiskError, StudioError
from studio.ui.charts.specs import TrackSpec
from studio.ui.charts.tracks import Tracks
from studio.ui.context import Context
from studio.ui.icons import set_icon
from studio.ui.live.corner import Corner
from studio.ui.live.curves import Curves, Floats
from studio.ui.live.specs import DEFAULT, ORDER, track_names, track_specs
from studio.ui.widgets.layouts import vbox
from studio.ui.widgets.page import scroll
from studio.ui.words import gigabytes_number
from studio.words import mark, tr


class LiveCharts(QWidget):
    """Tracks of one run; `show_curves` takes over what is new."""

    failed = Signal(StudioError)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._kept = context.store("live charts")
        self._curves = Curves()
        self._name = ""
        self._sign: tuple[object, ...] = ()
        self.tracks: Tracks | None = None
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self._area: QWidget = QWidget()
        self._column = vbox(gap=0, into=self)

    def show_curves(self, curves: Curves, name: str) -> None:
        """Draw what is new; `name` is proposed for files."""
        if curves is not self._curves:
            self._curves, self._sign = curves, ()
        self._name = name
        sign = (curves.generation, bool(curves.on_card), curves.metrics, self.chosen())
        if sign != self._sign:
            self._sign = sign
            self._build()
        self._send()
        self._mark()

    def chosen(self) -> tuple[str, ...]:
        """Return the tracks that the person wants to see, in their order."""
        wanted = self._context.settings.tracks or DEFAULT
        return tuple(key for key in ORDER if key in wanted)

    def _specs(self) -> dict[str, TrackSpec]:
        """Return the tracks that are shown: the wanted ones that this run has."""
        every = track_specs(bool(self._curves.on_card), self._curves.metrics)
        found = {key: spec for key, spec in every.items() if key in self.chosen()}
        return found or {"loss": every["loss"]}

    def _build(self) -> None:
        """Make the tracks anew; all that is known is sent to them again."""
        old, specs = self.tracks, self._specs()
        smoothing = self._context.settings.smoothing
        self.tracks = Tracks(list(specs.values()), smoothing)
        self._shown, self._epochs_shown, self._faults_shown = specs, 0, 0
        self._sent: tuple[object, ...] = ()
        axis = self._kept.get("axis", "step")
        corner = Corner(self.menu, smoothing, axis)
        corner.smoothed.connect(self._on_smoothed)
        corner.axis_chosen.connect(self._on_axis_chosen)
        self.corner = corner
        self.tracks.set_corner(next(iter(specs)), corner)
        self.tracks.set_x(axis)
        if "loss" in specs:
            self.tracks.set_log("loss", self._kept.get("log", False))
        for line in self._curves.lines.values():
            line.rewind()
        area, before = scroll(self.tracks), self._area
        self._area = area
        self._column.addWidget(area)
        area.show()  # a layout shows it later, and what is hidden takes no focus
        self.setFocusProxy(self.tracks)
        if old is not None:
            if self.window().focusWidget() is old:
                self.tracks.setFocus()
            before.hide()
            before.deleteLater()

    def _send(self) -> None:
        """Hand new numbers to the tracks that are shown."""
        tracks = self.tracks
        assert tracks is not None
        for (track, curve), line in self._curves.lines.items():
            if track in self._shown and curve in self._fed(track):

                def put(x: Floats, y: Floats, t: Floats, track: str = track, key: str = curve):
                    tracks.extend(track, key, x, y, t)

                line.send(put, partial(tracks.gap, track, curve))

    def _fed(self, track: str) -> set[str]:
        """Return the curves of a track that are fed, as it names them."""
        return {curve.source or curve.key for curve in self._shown[track].curves}

    def _mark(self) -> None:
        """Move marks, axis and limit to where they are now."""
        tracks, curves = self.tracks, self._curves
        assert tracks is not None
        now = (curves.total, curves.step, curves.memory_limit, tuple(curves.checkpoints))
        if now != self._sent:
            before = self._sent[3] if self._sent else ()
            self._mark_changes(tracks, before)
            self._sent = now
        epochs = curves.epochs() if not self._epochs_shown else []
        for step, number in epochs:
            tracks.mark_epoch(step, tr("epoch {number}", number=number))
        self._epochs_shown += len(epochs)
        for step, kind in curves.faults[self._faults_shown :]:
            text = tr("memory ran out") if kind == "memory" else ""
            tracks.mark_fault(step, text, "memory" if kind == "memory" else None)
        self._faults_shown = len(curves.faults)

    def _mark_changes(self, tracks: Tracks, before: object) -> None:
        """Tell the tracks the run's length, its present step, the limit and its checkpoints."""
        curves = self._curves
        if curves.total:
            tracks.set_total(curves.total)
            tracks.set_future(curves.step if curves.step < curves.total else None)
            self._send_plan(tracks)
        if curves.memory_limit and "memory" in self._shown:
            size = gigabytes_number(curves.memory_limit * 2**30)
            card = tr("{size} GB: the card", size=size)
            text = card if curves.on_card else tr("{size} GB: this computer", size=size)
            tracks.set_limit("memory", curves.memory_limit, text)
        for step in before if isinstance(before, tuple) else ():
            if step not in curves.checkpoints:
                tracks.drop_checkpoint(step)
        for step in curves.checkpoints:
            tracks.mark_checkpoint(step)

    def _send_plan(self, tracks: Tracks) -> None:
        """Draw the planned learning rate; over time it moves with the run's pace."""
        over_time = self._kept.get("axis") == "time"
        if "rate" not in self._shown or (len(tracks.series("rate", "plan")) and not over_time):
            return
        plan = self._curves.plan()
        if plan is not None:
            steps, rates = plan
            tracks.extend("rate", "plan", steps, rates, steps * self._curves.pace)

    # the menu

    def _fill_menu(self) -> None:
        """Offer the tracks, the loss axis, the whole run, and ways to keep the charts."""
        self.menu.clear()
        every = track_specs(bool(self._curves.on_card), self._curves.metrics)
        chosen = self.chosen()
        names = track_names(bool(self._curves.on_card))
        for key in every:
            self._check(names[key], key in chosen, partial(self._choose, key))
        self.menu.addSeparator()
        log = self._kept.get("log", False)
        self._check(tr("Loss on a logarithmic axis"), log, self._set_log)
        self.menu.addAction(tr("Show the whole run"), self._reset)
        self.menu.addSeparator()
        if self.tracks is not None:
            self.menu.addAction(tr("Copy as picture"), self.tracks.copy_picture)
            self.menu.addAction(tr("Copy as CSV"), self.tracks.copy_csv)
        self.menu.addAction(tr("Save as PNG…"), lambda: self._save("png"))
        self.menu.addAction(tr("Save as CSV…"), lambda: self._save("csv"))

    def _check(self, text: str, on: bool, act: Callable[[bool], None]) -> None:
        action = self.menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(on)
        if on:
            set_icon(action, "check", "accent")
        action.toggled.connect(act)

    def _choose(self, key: str, on: bool) -> None:
        """Show a track or not; one always stays. Built later: the menu is still closing."""
        wanted = {name for name in self.chosen() if name != key} | ({key} if on else set())
        if not wanted & set(track_specs(bool(self._curves.on_card), self._curves.metrics)):
            return
        self._context.settings.tracks = [name for name in ORDER if name in wanted]
        self._context.save_settings()
        QTimer.singleShot(0, self, lambda: self.show_curves(self._curves, self._name))

    def _set_log(self, on: bool) -> None:
        self._kept["log"] = on
        if self.tracks is not None and "loss" in self._shown:
            self.tracks.set_log("loss", on)

    def _reset(self) -> None:
        if self.tracks is not None:
            self.tracks.reset_zoom()

    def _on_smoothed(self, factor: float) -> None:
        self._context.settings.smoothing = factor
        self._context.save_settings()
        if self.tracks is not None:
            self.tracks.set_smoothing(factor)

    def _on_axis_chosen(self, axis: str) -> None:
        self._kept["axis"] = axis
        if self.tracks is not None:
            self.tracks.set_x("time" if axis == "time" else "step")
            self._send_plan(self.tracks)

    def _save(self, kind: str) -> None:
        """Ask for a file and write it."""
        kinds = {"png": tr("Pictures (*.png)"), "csv": tr("Tables (*.csv)")}
        name, _chosen = QFileDialog.getSaveFileName(
            self, tr("Save the charts"), f"{self._name}.{kind}", kinds[kind]
        )
        if name:
            self.save_as(Path(name), kind)

    def save_as(self, file: Path, kind: str) -> None:
        """Write the charts as a picture or as numbers; says where that fails."""
        assert self.tracks is not None
        try:
            (self.tracks.save_png if kind == "png" else self.tracks.save_csv)(file)
        except OSError as reason:
            self.failed.emit(
                DiskError(
                    mark("The charts cannot be written to {file}: {reason}."),
                    mark("Choose another folder."),
                    file=file,
                    reason=reason.strerror or reason,
                )
            )
