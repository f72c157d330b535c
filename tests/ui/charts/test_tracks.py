"""Tracks: cursor, zoom, marks, gaps, copies, and no work while hidden."""

import csv
import io
import math

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage

from studio.ui.charts.specs import CurveSpec, TrackSpec
from studio.ui.charts.tracks import Tracks
from studio.ui.theme import theme


def specs():
    loss = TrackSpec(
        "loss",
        "Loss",
        (
            CurveSpec("smooth", "smoothed", "chart-1", "smooth", source="raw"),
            CurveSpec("raw", "raw", "chart-1", "raw"),
            CurveSpec("eval", "evaluation", "chart-2", "dots"),
        ),
        marks=True,
    )
    used = CurveSpec("used", "", "chart-1", "area")
    memory = TrackSpec(
        "memory", "Memory", (used,), zero_in_view=True, unit="GB", form="memory", peak=True
    )
    return loss, memory


@pytest.fixture
def tracks(qtbot):
    widget = Tracks(specs(), smoothing=0.0)
    qtbot.addWidget(widget)
    widget.resize(720, 420)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def fill(tracks, count=100):
    steps = np.arange(1.0, count + 1)
    tracks.extend("loss", "raw", steps, 2.0 - steps / count, steps * 3)
    tracks.extend("loss", "eval", [20.0, 60.0], [1.9, 1.5], [60.0, 180.0])
    tracks.extend("memory", "used", steps, np.full(count, 11.6), steps * 3)
    tracks.redraw()


def shown(tracks, key):
    return {value.label: value.value for value in tracks._titles[key].values}


def test_title_lines_show_the_latest_values(tracks):
    fill(tracks)
    assert shown(tracks, "loss") == {"smoothed": "1.000", "raw": "1.000", "evaluation": "1.500"}
    assert shown(tracks, "memory") == {"": "11.6 GB", "peak": "11.6"}


def test_cursor_replaces_the_values_in_every_track(tracks):
    fill(tracks)
    tracks.set_cursor(50.3)
    assert tracks.cursor_x == 50.0
    assert shown(tracks, "loss") == {"smoothed": "1.500", "raw": "1.500", "evaluation": "1.900"}
    assert tracks._tag.isVisible() and tracks._tag.text == "50"
    tracks.hide_cursor()
    assert shown(tracks, "loss")["raw"] == "1.000"
    assert not tracks._tag.isVisible()


def test_arrow_keys_move_the_cursor(tracks, qtbot):
    fill(tracks)
    qtbot.keyClick(tracks, Qt.Key.Key_Left)
    assert tracks.cursor_x == 100.0
    qtbot.keyClick(tracks, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(tracks, Qt.Key.Key_Right)
    assert tracks.cursor_x == 91.0
    qtbot.keyClick(tracks, Qt.Key.Key_Escape)
    assert tracks.cursor_x is None


def test_mouse_moves_the_cursor_to_the_step_under_it(tracks):
    fill(tracks)
    box = tracks._tracks["memory"].plot.box
    place = box.mapToScene(QPointF(box.x_of(30.0), 5.0))
    tracks._on_mouse_moved(place)
    assert tracks.cursor_x == 30.0


def test_zoom_fits_y_and_0_resets_it(tracks, qtbot):
    tracks.set_total(200)
    fill(tracks)
    assert tracks.shown_x == (0.0, 200.0)
    tracks._tracks["loss"].plot.box.zoomed.emit(80.0, 100.0)
    for track in tracks._tracks.values():
        assert track.plot.box.viewRange()[0] == [80.0, 100.0]
    assert tracks._tracks["loss"].plot.box.viewRange()[1][1] < 1.3
    qtbot.keyClick(tracks, Qt.Key.Key_0)
    assert tracks._tracks["loss"].plot.box.viewRange()[0] == [0.0, 200.0]
    tracks.zoom(1.0, 5.0)
    tracks._tracks["loss"].plot.box.reset.emit()
    assert tracks.shown_x == (0.0, 200.0)


def test_limit_and_zero_are_in_view(tracks):
    tracks.set_limit("memory", 24.0, "24 GB: the card")
    fill(tracks)
    low, high = tracks._tracks["memory"].plot.box.viewRange()[1]
    assert low == 0.0 and high > 24.0
    assert "24 GB: the card" in tracks.text_equivalent()


def test_first_nan_is_marked_once_and_said(tracks):
    fill(tracks)
    for step, value in ((101.0, math.nan), (102.0, math.nan), (103.0, math.inf)):
        tracks.add("loss", "raw", step, value, step * 3)
    tracks.redraw()
    marks = tracks._tracks["loss"].marks.set
    assert marks.faults == [101.0]
    assert marks.points[0][:2] == (101.0, 1.0)
    assert "101" in tracks.text_equivalent()
    assert shown(tracks, "loss")["raw"] == "∞"
    bad = theme().color("bad").rgb()
    image = tracks.image().toImage()
    assert any(image.pixel(x, 60) == bad for x in range(image.width()))


def test_going_back_before_the_nan_forgets_its_mark(tracks):
    fill(tracks)
    tracks.add("loss", "raw", 101.0, math.nan, 303.0)
    tracks.add("loss", "raw", 81.0, 1.1, 330.0)
    tracks.redraw()
    assert tracks._tracks["loss"].marks.set.faults == []


def test_a_pause_is_a_gap_but_no_fault(tracks):
    fill(tracks)
    tracks.gap("loss", "raw")
    tracks.add("loss", "raw", 101.0, 1.0, 900.0)
    tracks.redraw()
    assert tracks._tracks["loss"].marks.set.faults == []
    assert np.isnan(tracks.series("loss", "raw").y.values[100])


def test_time_axis_uses_the_seconds_and_places_the_marks(tracks):
    tracks.set_total(200)
    fill(tracks)
    tracks.mark_checkpoint(50)
    tracks.mark_epoch(150, "epoch 2")
    tracks.set_x("time")
    tracks.redraw()
    marks = tracks._tracks["loss"].marks.set
    assert tracks.shown_x == (0.0, 600.0)
    assert marks.checkpoints == [150.0]
    assert marks.epochs == [(450.0, "epoch 2")]
    tracks.set_cursor(149.0)
    assert tracks.cursor_x == 150.0


def test_log_axis_draws_only_what_is_positive(tracks):
    fill(tracks)
    tracks.add("loss", "raw", 101.0, -1.0, 303.0)
    tracks.set_log("loss", True)
    tracks.redraw()
    low, high = tracks._tracks["loss"].plot.box.viewRange()[1]
    assert low < 0.01 and 0.2 < high < 0.5


def test_csv_holds_every_value(tracks, tmp_path):
    fill(tracks)
    path = tmp_path / "run.csv"
    tracks.save_csv(path)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert rows[0] == ["track", "curve", "step", "seconds", "value"]
    assert len(rows) == 1 + 100 + 2 + 100
    assert ["loss", "eval", "20.0", "60.0", "1.9"] in rows


def test_png_is_the_chart(tracks, tmp_path):
    fill(tracks)
    tracks.save_png(tmp_path / "run.png")
    assert QImage(str(tmp_path / "run.png")).size() == tracks.size()
    with pytest.raises(OSError, match="could not write"):
        tracks.save_png(tmp_path / "missing" / "run.png")


def test_a_hidden_chart_does_not_draw(tracks, qtbot):
    fill(tracks)
    tracks.hide()
    tracks.add("loss", "raw", 101.0, 1.0)
    assert not tracks._redraw._timer.isActive()
    qtbot.wait(150)
    assert shown(tracks, "loss")["raw"] == "1.000"
    assert tracks._tracks["loss"].dirty
    tracks.show()
    qtbot.waitUntil(lambda: not tracks._tracks["loss"].dirty)


def test_many_values_are_drawn_ten_times_a_second_at_most(tracks, qtbot, monkeypatch):
    fill(tracks)
    drawn = []
    monkeypatch.setattr(tracks._redraw, "_draw", lambda: drawn.append(1))
    for index in range(50):
        tracks.add("loss", "raw", 101.0 + index, 1.0)
        qtbot.wait(10)
    assert 2 <= len(drawn) <= 9


def test_without_values_it_says_what_it_waits_for(tracks):
    tracks.redraw()
    assert tracks._tracks["loss"].marks.set.empty
    assert "no values yet" in tracks.text_equivalent()
    fill(tracks)
    assert tracks._tracks["loss"].marks.set.empty == ""


def test_a_beat_draws_one_track_and_leaves_the_others_for_the_next(tracks):
    fill(tracks)
    fill_more = np.arange(101.0, 111.0)
    tracks.extend("loss", "raw", fill_more, np.ones(10), fill_more * 3)
    tracks.extend("memory", "used", fill_more, np.full(10, 12.5), fill_more * 3)
    assert tracks.redraw_part()
    assert [track.dirty for track in tracks._tracks.values()] == [False, True]
    assert not tracks.redraw_part()
    assert [track.dirty for track in tracks._tracks.values()] == [False, False]
    assert shown(tracks, "memory")[""] == "12.5 GB"


def test_the_timer_draws_every_part(tracks, qtbot):
    fill(tracks)
    tracks.add("loss", "raw", 101.0, 1.0)
    tracks.add("memory", "used", 101.0, 12.5)
    qtbot.waitUntil(lambda: not any(track.dirty for track in tracks._tracks.values()))
    assert not tracks._redraw._unfinished


def test_what_did_not_change_is_not_drawn(tracks, monkeypatch):
    tracks.set_total(200)
    fill(tracks)
    drawn = []
    for key, track in tracks._tracks.items():
        monkeypatch.setattr(track, "draw", lambda *_args, key=key: drawn.append(key))
    tracks.add("loss", "raw", 101.0, 1.0)
    tracks.set_future(101.0)
    tracks.redraw()
    assert drawn == ["loss"]
    assert tracks._tracks["memory"].plot.grid._future == 101.0
