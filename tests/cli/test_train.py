"""Train, watch, stop and resume from the terminal, with a real worker on a tiny model."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.runs.folder import RunFolder, all_runs
from studio.runs.process import alive, worker
from studio.runs.state import RunState, read_state
from tests.cli.conftest import Terminal, Tiny

pytestmark = pytest.mark.slow
LONG = 100_000  # steps that no test waits for
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start the program without waiting for it; every worker is gone afterwards."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: object) -> "subprocess.Popen[str]":
        program = [sys.executable, "-m", "studio", *map(str, arguments)]
        process = subprocess.Popen(
            program,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
    for folder in all_runs(tmp_path / "runs"):
        if found := worker(folder):
            found.kill()
            found.wait(30)


def _until(right: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not right():
        assert time.monotonic() < end, f"it never happened: {what}"
        time.sleep(0.05)


def _the_run(runs: Path) -> RunFolder:
    """Wait for the only run there is, and for its first steps."""
    _until(lambda: len(all_runs(runs)) == 1, "a run folder")
    folder = all_runs(runs)[0]
    _until(lambda: _state(folder).step > 2, "a third step")
    return folder


def _state(folder: RunFolder) -> RunState:
    return read_state(folder)


def test_train_to_the_end(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe, runs = tiny.recipe(tmp_path / "recipe.toml", steps=4), tmp_path / "runs"
    said = terminal("train", recipe, "--runs", runs)
    assert said.returncode == 0, said.stderr
    folder = RunFolder(Path(said.stdout.splitlines()[-1]))
    assert folder.path.parent == runs
    assert (folder.adapter / "adapter_model.safetensors").is_file()
    assert "Finished 4 steps" in said.stderr
    listed = json.loads(terminal("runs", "--runs", runs, "--json").stdout)
    assert [(one["name"], one["state"], one["step"]) for one in listed] == [
        (folder.name, "finished", 4)
    ]
    assert "Finished" in terminal("runs", "--runs", runs).stdout
    seen = terminal("watch", folder.path)
    assert (seen.returncode, seen.stdout.strip()) == (0, str(folder.path))
    again = terminal("resume", folder.path)
    assert (again.returncode, again.stdout) == (1, "")
    assert "finished" in again.stderr
    assert "--set training.max_steps=" in again.stderr  # the recipe's; epochs would do nothing


def test_a_run_that_fails_is_not_a_success(terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe, runs = tiny.recipe(tmp_path / "recipe.toml"), tmp_path / "runs"
    said = terminal("train", recipe, "--runs", runs, "--set", "training.max_length=8")
    assert said.returncode == 1
    assert "worker.log" in said.stderr
    assert "Traceback" not in said.stderr
    assert _state(RunFolder(Path(said.stdout.strip()))).name == "failed"


def test_ctrl_c_stops_and_keeps(start: Start, tiny: Tiny, tmp_path: Path):
    recipe, runs = tiny.recipe(tmp_path / "recipe.toml", steps=LONG), tmp_path / "runs"
    training = start("train", recipe, "--runs", runs)
    folder = _the_run(runs)
    training.send_signal(signal.SIGINT)
    out, error = training.communicate(timeout=120)
    assert training.returncode == 0, error
    assert out.splitlines()[-1] == str(folder.path)
    assert "what it learnt is kept" in error
    assert _state(folder).name == "stopped"
    assert (folder.adapter / "adapter_model.safetensors").is_file()


def test_a_second_ctrl_c_leaves_the_run_going(start: Start, tiny: Tiny, tmp_path: Path):
    recipe, runs = tiny.recipe(tmp_path / "recipe.toml", steps=LONG), tmp_path / "runs"
    training = start("train", recipe, "--runs", runs)
    folder = _the_run(runs)
    frozen = worker(folder)
    assert frozen
    frozen.suspend()  # it cannot end before the second Ctrl+C
    training.send_signal(signal.SIGINT)
    _until(lambda: any(folder.requests.iterdir()), "a request to stop")
    training.send_signal(signal.SIGINT)
    out, error = training.communicate(timeout=30)
    assert training.returncode == 1
    assert out.splitlines()[-1] == str(folder.path)
    assert f"finetune-studio watch {folder.path}" in error
    assert alive(folder)
    frozen.resume()
    _until(lambda: _state(folder).name == "stopped", "the stop that was asked for")


def test_watch_and_stop(start: Start, terminal: Terminal, tiny: Tiny, tmp_path: Path):
    recipe, runs = tiny.recipe(tmp_path / "recipe.toml", steps=LONG), tmp_path / "runs"
    training = start("train", recipe, "--runs", runs)
    folder = _the_run(runs)
    leaving = start("watch", folder.name, "--runs", runs)
    assert leaving.stderr
    leaving.stderr.readline()  # it watches
    leaving.send_signal(signal.SIGINT)
    assert "The run goes on" in leaving.communicate(timeout=30)[1]
    assert alive(folder)
    assert terminal("resume", folder.path).returncode == 1  # somebody is at it
    watching = start("watch", folder.path)
    said = terminal("stop", folder.path)
    assert (said.returncode, said.stdout.strip()) == (0, str(folder.path)), said.stderr
    assert not alive(folder)
    for other in (training, watching):
        other.communicate(timeout=60)
        assert other.returncode == 0
    late = terminal("stop", folder.path)
    assert (late.returncode, late.stdout) == (1, "")
    assert "not running" in late.stderr


def test_killed_and_resumed(start: Start, terminal: Terminal, tiny: Tiny, tmp_path: Path):
    runs = tmp_path / "runs"
    recipe = tiny.recipe(tmp_path / "recipe.toml", steps=LONG, save_every=5)
    training = start("train", recipe, "--runs", runs)
    folder = _the_run(runs)
    _until(lambda: bool(folder.whole_checkpoints()), "a checkpoint")
    found = worker(folder)
    assert found
    found.kill()
    out, error = training.communicate(timeout=60)
    assert (training.returncode, out.strip()) == (1, str(folder.path))
    assert "ended without a word" in error
    reached = _state(folder).step
    going = start("resume", folder.path)
    _until(lambda: _state(folder).name == "training", "training again")
    _until(lambda: _state(folder).step > reached, "a step beyond the old ones")
    assert terminal("stop", folder.path).returncode == 0
    assert going.wait(60) == 0
    assert "loss" in going.communicate()[1]


def test_the_worker_outlives_the_terminal(start: Start, tiny: Tiny, tmp_path: Path):
    recipe, runs = tiny.recipe(tmp_path / "recipe.toml", steps=LONG), tmp_path / "runs"
    training = start("train", recipe, "--runs", runs)
    folder = _the_run(runs)
    training.kill()
    training.wait()
    before = _state(folder).step
    _until(lambda: _state(folder).step > before, "more steps")
