"""The page of a run: live events, pauses, stops, failures, lost and damaged runs."""

import json
import math
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from studio.recipe import load
from studio.runs import events as ev
from studio.runs.log import EventWriter
from studio.ui.live import stop
from studio.ui.live.repairs import Repair
from tests.helpers.histories import give_worker, recipe_of, write_run

GIB = 2**30


@pytest.fixture
def worker_of():
    """Return a function that gives a run a living process; it is ended after the test."""
    made = []

    def give(folder):
        made.append(give_worker(folder))
        return made[-1]

    yield give
    for process in made:
        process.kill()
        process.wait()


@pytest.fixture
def show(open_window, context, qtbot):
    """Return a function that opens the window on a run and waits until it is read."""

    def open_run(folder):
        window = open_window()
        context.open_page("live", str(folder.path))
        page = window.pages["live"]
        qtbot.waitUntil(lambda: page.follower.state.last > 0 and page.follower.caught_up())
        page.follower.beat.emit()
        return page

    return open_run


def requests_of(folder) -> list[tuple[str, dict]]:
    """Return what was asked of the worker, oldest first."""
    found = [json.loads(file.read_text()) for file in sorted(folder.requests.glob("*.json"))]
    return [(one["name"], one["values"]) for one in found]


def tell(folder, *events: ev.Event) -> None:
    """Write events as the worker does."""
    writer = EventWriter(folder.events)
    for event in events:
        writer.write(event)
    writer.close()


def a_step(number: int, loss: float = 1.0) -> ev.Step:
    return ev.Step(number, loss, 1e-4, 0.5, number / 20, 100, 200.0, 0.5)


def checkpoint(folder, step: int) -> ev.Checkpoint:
    (folder.checkpoints / f"checkpoint-{step}").mkdir(parents=True)
    return ev.Checkpoint(step, f"checkpoints/checkpoint-{step}", 93_000_000)


def shown(page, track: str) -> dict[str, str]:
    """Return the title line of a track."""
    page.charts.tracks.redraw()
    return {value.label: value.value for value in page.charts.tracks._titles[track].values}


@pytest.fixture
def living(runs, worker_of):
    """Return a run at step 30 of 60 with a living process and a checkpoint of step 20."""
    folder = write_run(runs, "tone", steps=30, total=60, end="", age=31.0)
    worker_of(folder)
    tell(folder, checkpoint(folder, 20))
    return folder


def test_points_arrive_on_the_charts(show, living, qtbot):
    page = show(living)
    assert page.chip.text() == "Training" and page.head.step.text() == "Step 30 of 60"
    assert shown(page, "loss")["evaluation"] != "–"
    tell(living, a_step(31, 0.7771), ev.Sample(31, 0, "Who?", "Me.", ""))
    qtbot.waitUntil(lambda: page.head.step.text() == "Step 31 of 60")
    assert shown(page, "loss")["raw"] == "0.777"
    assert len(page.charts.tracks.series("loss", "raw")) == 31
    assert page.side.samples.step.text() == "Step 31"
    assert "0.777" in page.log.text.toPlainText()


def test_six_charts_can_be_shown_and_the_choice_is_kept(show, living, context):
    page = show(living)
    assert list(page.charts.tracks._tracks) == ["loss", "memory", "speed", "rate"]
    page.charts._choose("gradient", True)
    page.charts._choose("load", True)
    page.refresh()
    assert list(page.charts.tracks._tracks)[-2:] == ["gradient", "load"]
    assert context.settings.tracks[-1] == "load"
    assert shown(page, "gradient")[""] == "1"
    for key in ("loss", "memory", "speed", "rate", "gradient", "load"):
        page.charts._choose(key, False)
    assert list(page.charts._specs()) == ["load"]  # one always stays


def test_smoothing_axis_and_scale_are_kept(show, living, context):
    page = show(living)
    page.charts.corner.smoothing.setValue(0.5)
    page.charts.corner.axis.button("time").click()
    page.charts._set_log(True)
    page.charts._build()
    assert context.settings.smoothing == 0.5
    assert page.charts.corner.axis.key() == "time"
    assert page.charts.tracks._tracks["loss"].plot.left.log


def test_smoothing_can_be_typed(show, living, qtbot):
    page = show(living)
    field = page.charts.corner.smoothing
    field.selectAll()
    qtbot.keyClicks(field, "0.75")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 0.75 and field.text().startswith("Smoothing")


def test_charts_are_saved(show, living, tmp_path: Path, qtbot):
    page = show(living)
    page.charts.save_as(tmp_path / "a.csv", "csv")
    page.charts.save_as(tmp_path / "a.png", "png")
    assert (tmp_path / "a.csv").read_text().count("loss,raw") == 30
    assert (tmp_path / "a.png").stat().st_size > 1000
    with qtbot.waitSignal(page.charts.failed):
        page.charts.save_as(tmp_path / "nowhere" / "a.csv", "csv")


def test_a_diverged_loss_is_said(show, living, qtbot):
    page = show(living)
    tell(living, a_step(31, math.nan))
    qtbot.waitUntil(page.head.notice.isVisible)
    assert page.head.notice._text.text() == "The loss diverged at step 31."
    assert "lower learning rate" in page.head.notice._detail.text()


def test_pause_go_on_sample_and_save_are_asked_of_the_worker(show, living, qtbot):
    page = show(living)
    page.buttons.button("pause").click()
    assert page.buttons.button("pause").is_busy()
    tell(living, ev.Paused(30))
    qtbot.waitUntil(lambda: page.chip.text() == "Paused")
    assert "NaN" not in shown(page, "loss").values()
    page.buttons.button("resume").click()
    tell(living, ev.Resumed(30))
    qtbot.waitUntil(lambda: page.chip.text() == "Training")
    page.side.samples.prompt.setText("Who are you?")
    page.side.samples.send.click()
    page._save_checkpoint()
    names = [("pause", {}), ("resume", {}), ("sample", {"prompt": "Who are you?"}), ("save", {})]
    assert requests_of(living) == names
    tell(living, ev.Sample(30, 0, "Who are you?", "A model."))
    qtbot.waitUntil(lambda: not page.buttons.button("sample").is_busy())


@pytest.mark.parametrize("answer", ["stop", "stop_at_checkpoint", ""])
def test_stop_asks_once_and_sends_what_was_chosen(show, living, monkeypatch, answer):
    asked = []
    monkeypatch.setattr(stop, "ask", lambda *given: asked.append(given[3]) or answer)
    page = show(living)
    page._press("stop")
    texts = [text for _key, text, _kind in asked[0]]
    assert texts == ["Go on training", "Stop and go back to 20", "Stop and keep step 30"]
    assert requests_of(living) == ([(answer, {})] if answer else [])
    assert page.buttons.button("stop").is_busy() == bool(answer)


def test_keys(show, living, qtbot, monkeypatch):
    monkeypatch.setattr(stop, "ask", lambda *_given: "")
    page = show(living)
    page.window().activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is page.window())
    height = page.log.height_wanted()
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(page.charts.tracks, Qt.Key.Key_L, control)
    assert page.log.height_wanted() < height
    qtbot.keyClick(page.charts.tracks, Qt.Key.Key_P, control | shift)
    qtbot.keyClick(page.charts.tracks, Qt.Key.Key_S, control)
    assert [name for name, _ in requests_of(living)] == ["pause", "save"]


def test_a_resumed_run_forgets_its_tail(show, living, qtbot):
    page = show(living)
    resumed = [ev.Stage("start"), ev.Resumed(20, "checkpoint-20"), a_step(21, 0.5)]
    tell(living, *resumed)
    qtbot.waitUntil(lambda: page.follower.state.step == 21)
    page.refresh()
    assert len(page.charts.tracks.series("loss", "raw")) == 21
    assert shown(page, "loss")["raw"] == "0.500"


def test_a_lost_run_offers_to_go_on(show, runs, context, worker_of, qtbot, monkeypatch):
    folder = write_run(runs, "tone", steps=30, total=60, end="", age=31.0)
    worker = worker_of(folder)
    tell(folder, checkpoint(folder, 20))
    page = show(folder)
    assert page.chip.text() == "Training"
    worker.kill()
    worker.wait()
    folder.worker_log.write_text("")
    qtbot.waitUntil(lambda: page.chip.text() == "Lost contact", timeout=8000)
    words = page.head.banner
    assert words._text.text() == "The training process ended without a word at step 30."
    assert "the checkpoint of step 20 is whole" in words._detail.text()
    assert page.side.shown() == "go_on" and page.side.go_on.go.text() == "Go on from step 20"
    resumed = []
    monkeypatch.setattr(context, "resume_run", lambda path: resumed.append(path) or True)
    page.side.go_on.go.click()
    assert resumed == [str(folder.path)]


def failed_run(runs, kind: str = "memory"):
    folder = write_run(runs, "sql", recipe_of("sql"), steps=30, total=60, end="")
    text = "The card ran out of memory at step {step}."
    tell(folder, checkpoint(folder, 20), ev.Failed(text, "Do this.", {"step": 30}, 30, kind))
    return folder


def test_a_run_out_of_memory_offers_repairs_with_their_need(
    show, runs, context, qtbot, monkeypatch
):
    folder = failed_run(runs)
    changed = recipe_of("sql")
    changed.training.batch_size = 1
    found = [
        Repair("rows", changed, 17 * GIB, 24 * GIB),
        Repair("recompute", changed, 30 * GIB, 24 * GIB),
    ]
    monkeypatch.setattr("studio.ui.live.goon.find_repairs", lambda *_given: found)
    page = show(folder)
    panel = page.side.go_on
    qtbot.waitUntil(lambda: panel.chosen() == "rows")
    assert panel.title.text() == "Go on from step 20" and "new run" in panel.text.text()
    assert panel.go.text() == "Start a new run" and panel.verdict.text() == "Fits"
    panel.choose("recompute")
    assert panel.verdict.text() == "Too large"
    panel.choose("rows")
    started = []
    monkeypatch.setattr(context, "start_run", started.append)
    panel.go.click()
    assert started == [changed] and load(folder.recipe_file).training.batch_size == 4
    panel.choose("same")
    assert panel.go.text() == "Go on from step 20"


def test_another_failure_goes_on_from_the_checkpoint(show, runs):
    page = show(failed_run(runs, "error"))
    assert page.side.go_on.chosen() == "same" and not page.side.go_on._cards
    assert page.head.banner._detail.text().startswith("Do this.")
    assert page.charts.tracks._faults[0][0] == 30


def test_a_finished_run_can_be_tried_and_exported(show, runs, context, qtbot):
    folder = write_run(runs, "tone")
    folder.adapter.mkdir()
    page = show(folder)
    assert page.head.banner._text.text().startswith("Finished in")
    assert "step 60</b>" in page.side.best.text()
    for key in ("try_it", "export"):
        with qtbot.waitSignal(context.go) as told:
            page.buttons.button(key).click()
        assert told.args == [key, str(folder.path)]


def test_another_run_shows_nothing_of_the_one_before(show, living, runs, context, qtbot):
    other = write_run(runs, "other", steps=5, total=5, day="2026-11-16_10-00")
    page = show(living)
    context.open_page("live", str(other.path))
    qtbot.waitUntil(lambda: page.title.text() == "other" and page.curves.step == 5)
    page.refresh()
    assert len(page.charts.tracks.series("loss", "raw")) == 5
    assert not page.side.checkpoints.table.rows.rowCount()


def test_no_run_and_a_run_that_is_gone(open_window, context, tmp_path):
    window = open_window()
    context.open_page("live")
    page = window.pages["live"]
    assert page.stack.state() == "empty" and page.head.isHidden()
    context.open_page("live", str(tmp_path / "gone"))
    assert page.stack.state() == "empty"


def test_a_damaged_history_is_said(open_window, context, runs, qtbot):
    folder = write_run(runs, "tone", steps=3, total=3)
    folder.events.write_text("not an event\n" * 5, "utf-8")
    window = open_window()
    context.open_page("live", str(folder.path))
    page = window.pages["live"]
    page.refresh()
    assert page.stack.state() == "problem"


def test_a_long_history_does_not_hold_the_window_up(show, runs, qtbot):
    folder = write_run(runs, "long", steps=4000, total=4000, eval_every=500)
    page = show(folder)
    page.refresh()
    assert len(page.charts.tracks.series("loss", "raw")) == 4000
    began = time.perf_counter()
    page.charts._build()
    page.charts.show_curves(page.curves, "long")
    assert time.perf_counter() - began < 2.0


def test_focus_begins_at_the_charts(show, living, qtbot):
    page = show(living)
    page.window().activateWindow()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is page.charts.tracks)
