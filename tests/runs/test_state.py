"""The state of a run: derived from its events and its process."""

import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from studio.recipe import Recipe
from studio.runs import events as ev
from studio.runs.folder import RunFolder, create
from studio.runs.log import EventWriter
from studio.runs.process import claim
from studio.runs.state import RunState, read_state

_STARTED = ev.Started("cpu", "CPU", 1, 10, 1.0, 40, 2, 100, 10, "bf16")


def _step(number: int, loss: float = 1.0, t: float = 0.0) -> ev.Step:
    return ev.Step(number, loss, 1e-4, 1.0, number / 10, 100, 50.0, 2.0, t=t)


def _state(*happened: ev.Event) -> RunState:
    state = RunState()
    state.feed(happened)
    return state


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return a new run."""
    return create(Recipe(), tmp_path)


@pytest.mark.parametrize(
    ("happened", "name"),
    [
        ([], "queued"),
        ([ev.Queued()], "queued"),
        ([ev.Stage("load")], "starting"),
        ([ev.Stage("load"), _STARTED], "training"),
        ([_STARTED, _step(1), ev.Paused(1)], "paused"),
        ([_STARTED, ev.Paused(1), ev.Memory(1, 1, 1, 1)], "paused"),
        ([_STARTED, ev.Paused(1), ev.Resumed(1)], "training"),
        ([_STARTED, ev.Stopped(3, "adapter")], "stopped"),
        ([_STARTED, ev.Finished(10, "adapter", 5.0)], "finished"),
        ([_STARTED, ev.Failed("No.")], "failed"),
        ([_STARTED, ev.Stopped(3, "adapter"), ev.Stage("load")], "starting"),
    ],
)
def test_names(happened: list[ev.Event], name: str) -> None:
    """By the last event that says one."""
    assert _state(*happened).name == name


def test_figures() -> None:
    """Steps, losses, the best evaluation, checkpoints, memory, time left."""
    state = _state(
        _STARTED,
        _step(1, 3.0),
        ev.Eval(1, 2.0, {"accuracy": 0.5}),
        ev.Checkpoint(1, "checkpoints/checkpoint-1", 5),
        ev.Memory(1, 900, 1, 1, reserved=0),
        _step(2, math.nan),
        ev.Eval(2, math.nan),
        ev.Checkpoint(2, "checkpoints/checkpoint-2", 5, ["checkpoints/checkpoint-1", "odd"]),
        ev.Warned("Careful, {x}.", values={"x": 1}),
    )
    assert (state.step, state.total_steps, state.share) == (2, 10, 0.2)
    assert (state.best_eval, state.best_step) == (2.0, 1)
    assert state.loss is not None
    assert math.isnan(state.loss)
    assert state.checkpoints == [2]
    assert state.peak_memory == 900
    assert state.seconds_left == 16.0
    assert [warning.sentence() for warning in state.warnings] == ["Careful, 1."]


def test_evaluation_that_is_no_number_is_never_the_best() -> None:
    """Not even as the first."""
    assert _state(_STARTED, ev.Eval(1, math.nan)).best_eval is None


def test_nothing_known_yet() -> None:
    """No division by zero, no guesses."""
    state = RunState()
    assert (state.share, state.seconds_left, state.seconds_gone) == (0.0, None, 0.0)


def test_time_leaves_out_gaps_and_pauses() -> None:
    """Silence of more than half a minute is not work."""
    happened: list[ev.Event] = [
        replace(_STARTED, t=100.0),
        _step(1, t=110.0),
        ev.Paused(1, t=112.0),
        ev.Resumed(1, t=130.0),
        _step(2, t=135.0),
        _step(3, t=500.0),
    ]
    state = _state(*happened)
    assert state.seconds_gone == 10 + 2 + 5


def test_failure_is_told_and_forgotten_when_it_goes_on() -> None:
    """With its own template and values."""
    failed = ev.Failed("Out of {what}.", "Take less.", {"what": "memory"}, 3, "memory")
    state = _state(_STARTED, failed)
    assert str(state.problem) == "Out of memory. Take less."
    assert state.failed_kind == "memory"
    state.feed([ev.Stage("load"), _STARTED])
    assert (state.name, state.problem, state.failed_kind) == ("training", None, "")


@pytest.mark.parametrize("happened", [[_STARTED], [_STARTED, ev.Paused(1)], [ev.Stage("x")]])
def test_lost(happened: list[ev.Event]) -> None:
    """What says it runs but does not; what to do depends on whether there is a checkpoint."""
    state = _state(*happened)
    state.settle(living=False, begun=True)
    assert state.name == "lost"
    assert "Start it again" in str(state.problem)
    state = _state(*happened, ev.Checkpoint(4, "checkpoints/checkpoint-4", 1))
    state.settle(living=False, begun=True)
    assert "last checkpoint" in str(state.problem)
    state.settle(living=True, begun=True)
    assert (state.name, state.problem) == ("starting", None)


@pytest.mark.parametrize("ended", [ev.Stopped(1, "a"), ev.Failed("x"), ev.Finished(1, "a", 1.0)])
def test_ended_runs_are_not_lost(ended: ev.Event) -> None:
    """With or without a process that is about to end."""
    for living in (False, True):
        state = _state(_STARTED, ended)
        name = state.name
        state.settle(living, begun=True)
        assert state.name == name


def test_resumed_run_before_its_first_word(run: RunFolder) -> None:
    """A worker younger than the last event has just been started on an ended run."""
    writer = EventWriter(run.events)
    writer.write(_STARTED)
    writer.write(ev.Stopped(3, "adapter"))
    writer.close()
    assert read_state(run).name == "stopped"
    state = _state(ev.Stopped(3, "adapter", t=100.0))
    state.settle(living=True, begun=True, since=200.0)
    assert state.name == "starting"


def test_read_state(run: RunFolder) -> None:
    """Queued, alive, killed: from the folder alone."""
    assert read_state(run).name == "queued"
    run.worker_log.touch()
    assert read_state(run).name == "lost"
    claim(run, os.getpid())
    assert read_state(run).name == "starting"
    run.events.write_bytes(run.events.read_bytes() + b"\x00garbage\n{torn")
    assert read_state(run).name == "starting"
    run.events.unlink()
    assert read_state(run).name == "starting"
