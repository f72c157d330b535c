"""Slow work comes back on the GUI thread, or not at all when nobody waits any more."""

import threading

import pytest
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from studio.errors import DataError, StudioError
from studio.ui import jobs


def test_result_comes_back_on_the_gui_thread(qtbot: QtBot) -> None:
    """The work runs elsewhere, the callback here."""
    parent, got = QObject(), []

    def work() -> int:
        return threading.get_ident()

    jobs.run(parent, work, lambda there: got.append((there, QThread.currentThread())), got.append)
    qtbot.waitUntil(lambda: bool(got))
    assert got[0][0] != threading.get_ident()
    assert got[0][1] is parent.thread()


def test_error_for_people_is_handed_on(qtbot: QtBot) -> None:
    """A StudioError arrives as it is."""
    parent, got = QObject(), []

    def work() -> None:
        raise DataError("{file} is empty.", "Choose another.", file="a.json")

    jobs.run(parent, work, got.append, got.append)
    qtbot.waitUntil(lambda: bool(got))
    assert got[0].sentence() == "a.json is empty."


def test_unforeseen_error_becomes_a_sentence(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    """The traceback goes to the log, a sentence to the person."""
    parent, got = QObject(), []
    jobs.run(parent, lambda: 1 / 0, got.append, got.append)
    qtbot.waitUntil(lambda: bool(got))
    assert isinstance(got[0], StudioError)
    assert "ZeroDivisionError" in got[0].sentence()
    assert "ZeroDivisionError" in caplog.text


def test_nothing_is_called_after_the_parent_is_gone(qtbot: QtBot) -> None:
    """A page that was closed hears nothing."""
    parent, got, go_on = QObject(), [], threading.Event()
    job = jobs.run(parent, go_on.wait, got.append, got.append)
    delete(parent)
    go_on.set()
    qtbot.waitUntil(lambda: not job.running())
    assert got == []


def test_cancelled_job_says_nothing(qtbot: QtBot) -> None:
    """Cancel drops the answer."""
    parent, got, go_on = QObject(), [], threading.Event()
    job = jobs.run(parent, go_on.wait, got.append, got.append)
    job.cancel()
    go_on.set()
    qtbot.waitUntil(lambda: job not in jobs._running)
    assert got == []
