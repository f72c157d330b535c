"""The worker's process: really started, found again, and not mistaken for another."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from studio import settings
from studio.errors import RunError
from studio.recipe import Recipe
from studio.runs import process
from studio.runs.folder import RunFolder, create
from studio.runs.process import alive, claim, start_worker, worker, worker_environment
from studio.runs.requests import ask, take

pytestmark = pytest.mark.usefixtures("home")
_SLEEP = "import time; print('awake', flush=True); time.sleep(60)"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return a new run."""
    return create(Recipe(), tmp_path / "runs")


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start a small process in place of the engine, and end it after the test."""
    real = subprocess.Popen

    def start(_command: list[str], **given: object) -> subprocess.Popen[bytes]:
        return real([sys.executable, "-c", _SLEEP], **given)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(process.subprocess, "Popen", start)
    yield
    for one in process._started:
        one.kill()
        one.wait()
    process._started.clear()


@pytest.mark.usefixtures("sleeper")
def test_start(run: RunFolder) -> None:
    """It lives, in a group of its own; old requests are gone; its words go to the log."""
    ask(run.requests, "stop")
    assert not alive(run)
    pid = start_worker(run)
    found = worker(run)
    assert found is not None
    assert found.pid == pid
    assert take(run.requests) == []
    if sys.platform != "win32":
        assert os.getpgid(pid) == pid != os.getpgid(0)
    for _ in range(100):
        if run.worker_log.read_text("utf-8"):
            break
        time.sleep(0.1)
    assert run.worker_log.read_text("utf-8") == "awake\n"
    with pytest.raises(RunError, match="is being trained already"):
        start_worker(run)


@pytest.mark.usefixtures("sleeper")
def test_killed(run: RunFolder) -> None:
    """Dead at once, though nobody has collected it yet."""
    pid = start_worker(run)
    psutil.Process(pid).kill()
    for _ in range(100):
        if not alive(run):
            break
        time.sleep(0.05)
    assert not alive(run)


def test_a_pid_that_is_used_again(run: RunFolder) -> None:
    """Our own process, claimed with another start, is not the worker."""
    claim(run, os.getpid())
    assert alive(run)
    claimed = json.loads(run.worker_file.read_text("utf-8"))
    run.worker_file.write_text(json.dumps({**claimed, "began": claimed["began"] - 100}), "utf-8")
    assert not alive(run)


@pytest.mark.parametrize(
    "claimed", ["", "{", "null", "[]", "{}", '{"pid": "x", "began": 1}', '{"pid": -1, "began": 1}']
)
def test_damaged_claims(run: RunFolder, claimed: str) -> None:
    """Are none."""
    run.worker_file.write_text(claimed, "utf-8")
    assert not alive(run)


def test_claim_of_a_dead_process(run: RunFolder) -> None:
    """Writes nothing."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    claim(run, ended.pid)
    assert not run.worker_file.exists()


def test_a_process_that_cannot_be_started(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the reason."""
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(RunError, match="cannot be started: No such file"):
        start_worker(run)


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our package is found from anywhere; offline means offline for every library."""
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    home = str(Path(process.__file__).parents[2])
    assert worker_environment()["PYTHONPATH"] == os.pathsep.join([home, "/mine"])
    assert "HF_HUB_OFFLINE" not in worker_environment()
    settings.save(settings.Settings(offline=True))
    assert worker_environment()["HF_HUB_OFFLINE"] == "1"


def test_working_folder_cannot_shadow_modules(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file called torch.py beside the person's data is not imported by the worker."""
    seen: list[list[str]] = []
    monkeypatch.setattr(process.subprocess, "Popen", lambda command, **_: seen.append(command))
    process._launch(run)
    assert seen[0][1:4] == ["-P", "-m", "studio.engine"]
    assert seen[0][-1] == str(run.path)
