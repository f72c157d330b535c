"""The watcher of runs: states, batches, damaged folders, and that it never stalls the window."""

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from studio.errors import RunError
from studio.runs import events as ev
from studio.runs.log import EventWriter
from studio.ui.context import Context
from tests.helpers.histories import give_worker, recipe_of, write_run


def _looked(context: Context, qtbot: QtBot) -> None:
    context.runs.begin()
    qtbot.waitUntil(context.runs.looked)


def test_runs_are_listed_newest_first_with_their_states(
    context: Context, runs: Path, qtbot: QtBot
) -> None:
    """Every way a run can end has its state."""
    write_run(runs, "old", end="stopped", age=9000)
    write_run(runs, "mid", end="failed", age=5000)
    write_run(runs, "new", end="finished", age=100)
    _looked(context, qtbot)
    views = context.runs.list()
    assert [(view.title, view.state.name) for view in views] == [
        ("new", "finished"), ("mid", "failed"), ("old", "stopped"),
    ]  # fmt: skip
    assert views[0].state.eval_loss == pytest.approx(views[0].state.loss + 0.05)


def test_damaged_folders_are_listed_with_a_sentence(
    context: Context, runs: Path, qtbot: QtBot
) -> None:
    """A broken recipe, a history of nonsense, wrong types and bytes that are no text."""
    broken = write_run(runs, "broken")
    broken.recipe_file.write_text("this is = = no toml")
    for name, data in (
        ("nonsense", b"nonsense\n"),
        ("bytes", b"\xff\xfe\x00\n"),
        ("types", b'{"type": "step", "step": "x", "loss": [], "t": "y"}\n'),
    ):
        folder = runs / name
        folder.mkdir()
        (folder / "events.jsonl").write_bytes(data)
    (runs / "no-run").mkdir()
    _looked(context, qtbot)
    views = {view.title: view for view in context.runs.list()}
    assert set(views) == {"broken", "nonsense", "bytes", "types"}
    assert all(view.problem and view.problem.sentence() for view in views.values())


def test_new_events_come_in_batches_after_the_history(
    context: Context, runs: Path, qtbot: QtBot
) -> None:
    """History and news together are every event once, in order."""
    folder = write_run(runs, "one", steps=3000, total=4000, end="", eval_every=500)
    worker = give_worker(folder)
    told: list[ev.Event] = []
    context.runs.happened.connect(lambda _path, events: told.extend(events))
    context.runs.follow(str(folder.path))
    qtbot.waitUntil(lambda: len(told) > 6000)
    writer = EventWriter(folder.events)
    for step in range(3001, 3101):
        writer.write(ev.Step(step, 1.0, 1e-4, 1.0, 1.0, 10, 10.0, 0.1))
    writer.close()
    qtbot.waitUntil(lambda: told[-1].seq == writer._seq)
    assert [event.seq for event in told] == list(range(1, writer._seq + 1))
    assert context.runs.history(str(folder.path)) == told
    qtbot.waitUntil(lambda: context.runs.view(folder.path).state.step == 3100)
    worker.kill()
    worker.wait()


def test_a_killed_worker_reads_as_lost(context: Context, runs: Path, qtbot: QtBot) -> None:
    """Training as long as the process lives, lost contact after its death."""
    folder = write_run(runs, "one", steps=5, total=100, end="", age=6)
    worker = give_worker(folder)
    _looked(context, qtbot)
    assert context.runs.view(folder.path).state.name == "training"
    assert [view.title for view in context.runs.living()] == ["one"]
    worker.kill()
    worker.wait()
    qtbot.waitUntil(lambda: context.runs.view(folder.path).state.name == "lost")
    assert context.runs.living() == []


def test_running_run_is_not_removed_and_a_finished_one_is(
    context: Context, runs: Path, qtbot: QtBot
) -> None:
    """Removing takes the folder away at once and leaves nothing behind."""
    folder, done = write_run(runs, "one", steps=5, end=""), write_run(runs, "two")
    worker = give_worker(folder)
    _looked(context, qtbot)
    with pytest.raises(RunError):
        context.runs.remove(folder.path)
    assert folder.events.exists()
    worker.kill()
    worker.wait()
    context.runs.remove(done.path)
    assert [view.title for view in context.runs.list()] == ["one"]
    qtbot.waitUntil(lambda: [entry.name for entry in runs.iterdir()] == [folder.path.name])


def test_requests_reach_the_folder(context: Context, runs: Path) -> None:
    """What is asked lies in the run's requests folder."""
    folder = write_run(runs, "one")
    context.runs.ask(folder.path, "sample", prompt="Who are you?")
    assert [file.name.endswith("-sample.json") for file in folder.requests.iterdir()] == [True]


class Heartbeat:
    """Measures the longest time that the GUI thread did nothing else."""

    def __init__(self) -> None:
        self.longest, self._last = 0.0, time.perf_counter()
        self.timer = QTimer()
        self.timer.setInterval(1)
        self.timer.timeout.connect(self._on_beat)

    def _on_beat(self) -> None:
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now

    def __enter__(self) -> "Heartbeat":
        self.timer.start()
        self._last = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.stop()


def test_two_hundred_runs_do_not_stall_the_window(
    context: Context, runs: Path, qtbot: QtBot
) -> None:
    """The GUI thread goes on while all of them are read; a loaded machine gets some slack."""
    for number in range(200):
        write_run(runs, f"r{number}", recipe_of(f"r{number}"), steps=20, total=20)
    with Heartbeat() as beat:
        _looked(context, qtbot)
        qtbot.waitUntil(lambda: len(context.runs.list()) == 200, timeout=20_000)
    assert beat.longest < 0.2
