"""What every test gets: a home of its own, no network, no screen, and nothing left running."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HOME = tempfile.mkdtemp(prefix="finetune-studio-tests-")
os.environ.update(
    {
        "FINETUNE_STUDIO_HOME": _HOME,
        "QT_QPA_PLATFORM": "offscreen",
        "QT_API": "pyside6",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": os.path.join(_HOME, "hub"),  # noqa: PTH118
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
)

import psutil  # noqa: E402 - the environment comes first
import pytest  # noqa: E402

from studio.words import use_language  # noqa: E402

_PATIENCE = 5.0


def pytest_sessionfinish() -> None:
    """Remove the session's home."""
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home of its own for settings, runs and models."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("FINETUNE_STUDIO_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def speak_english() -> Iterator[None]:
    """Begin and end each test in English."""
    use_language("en")
    yield
    use_language("en")


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fail a test that leaves a thread, a process, a QThread or a running QTimer behind."""
    threads = set(threading.enumerate())
    me = psutil.Process()
    processes = set(me.children())
    with _watched_qt() as started:
        yield
        _settle_qt()
        left = [*_threads(threads), *_processes(me, processes), *_running(started)]
    assert not left, f"left behind: {left}"


def _threads(before: set[threading.Thread]) -> list[threading.Thread]:
    """Wait for the threads that the test began and return the ones that do not end."""
    new = [one for one in threading.enumerate() if one not in before]
    # Qt's threads show up as dummies that Python never removes.
    new = [one for one in new if not isinstance(one, threading._DummyThread)]
    new = [one for one in new if one.name != "tqdm_monitor"]  # a progress bar's own, for ever
    for one in new:
        one.join(_PATIENCE)
    return [one for one in new if one.is_alive()]


def _processes(me: psutil.Process, before: set[psutil.Process]) -> list[psutil.Process]:
    """Wait for the child processes that the test began; end and return the ones that stay."""
    new = [one for one in me.children() if one not in before]
    _gone, alive = psutil.wait_procs(new, timeout=_PATIENCE)
    for one in alive:
        one.kill()
    return alive


class _watched_qt:  # noqa: N801 - used like a function
    """Note each QThread and QTimer that Python starts, where Qt is loaded at all."""

    def __enter__(self) -> list[Any]:
        self._started: list[Any] = []
        self._kinds = []
        core = sys.modules.get("PySide6.QtCore")
        for kind in (core.QThread, core.QTimer) if core else ():
            self._kinds.append((kind, kind.start))
            kind.start = self._noting(kind.start)
        return self._started

    def _noting(self, start: Any) -> Any:
        """Return a start that notes its object."""

        def noting(one: Any, *given: Any) -> Any:
            self._started.append(one)
            return start(one, *given)

        return noting

    def __exit__(self, *_: object) -> None:
        for kind, start in self._kinds:
            kind.start = start


def _settle_qt() -> None:
    """Let Qt delete what was asked to be deleted."""
    core = sys.modules.get("PySide6.QtCore")
    if core and core.QCoreApplication.instance():
        core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)
        core.QCoreApplication.processEvents()


def _running(started: list[Any]) -> list[Any]:
    """Return the Qt threads and timers of these that still run."""
    if not started:
        return []
    import shiboken6

    valid = [one for one in started if shiboken6.isValid(one)]
    return [one for one in valid if getattr(one, "isRunning", getattr(one, "isActive", None))()]
