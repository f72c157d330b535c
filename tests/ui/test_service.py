"""The service's wire, with a small real process that answers as the engine does."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from studio.errors import StudioError
from studio.ui.service import Service

_SERVER = """
import json, os, sys
def say(**values):
    sys.stdout.write(json.dumps(values) + "\\n")
    sys.stdout.flush()
say(id=0, kind="ready")
waiting = {}
for line in sys.stdin:
    asked = json.loads(line)
    number, op = asked["id"], asked["op"]
    if op == "count":
        for done in range(3):
            say(id=number, kind="progress", stage="load", done=done, total=3)
        say(id=number, kind="text", side="base", text="Grüße 你好")
        say(id=number, kind="result", folder="/somewhere")
    elif op == "refuse":
        say(id=number, kind="error", text="{name} is no model.", next_step="Choose another.",
            values={"name": "x"}, detail="Traceback ...")
    elif op == "noise":
        sys.stdout.write("not json\\n[1, 2]\\n")
        say(id=number, kind="result")
    elif op == "die":
        os._exit(9)
    elif op == "cancel":
        say(id=number, kind="result", cancelled=asked["target"])
"""


@pytest.fixture
def service(home: Path, qtbot: QtBot) -> Iterator[Service]:
    """Return a service whose process is the small server above."""
    made = Service(command=[sys.executable, "-c", _SERVER])
    yield made
    made.close()
    delete(made)


class Heard:
    """Notes everything a call says."""

    def __init__(self) -> None:
        self.progress: list[tuple[str, int, int]] = []
        self.text: list[tuple[str, str]] = []
        self.results: list[dict[str, Any]] = []
        self.errors: list[StudioError] = []

    def callbacks(self) -> dict[str, Callable[..., None]]:
        """Return the arguments of `call`."""
        return {
            "progress": lambda *values: self.progress.append(values),
            "text": lambda *values: self.text.append(values),
            "result": self.results.append,
            "failure": self.errors.append,
        }


def test_progress_text_and_result_reach_their_call(service: Service, qtbot: QtBot) -> None:
    """Two calls at once are not mixed up; pieces of text are whole in any language."""
    one, two = Heard(), Heard()
    service.call("count", {}, **one.callbacks())
    service.call("noise", {}, **two.callbacks())
    qtbot.waitUntil(lambda: bool(one.results and two.results))
    assert one.progress == [("load", 0, 3), ("load", 1, 3), ("load", 2, 3)]
    assert one.text == [("base", "Grüße 你好")]
    assert one.results == [{"folder": "/somewhere"}]
    assert two.results == [{}] and not two.progress


def test_error_is_told_in_words(service: Service, qtbot: QtBot) -> None:
    """The template is filled in on our side."""
    heard = Heard()
    service.call("refuse", {}, **heard.callbacks())
    qtbot.waitUntil(lambda: bool(heard.errors))
    assert str(heard.errors[0]) == "x is no model. Choose another."


def test_death_fails_the_calls_and_the_next_call_starts_anew(
    service: Service, qtbot: QtBot
) -> None:
    """Nobody waits for ever, and one crash is not the end."""
    dead, waiting, again = Heard(), Heard(), Heard()
    service.call("die", {}, **dead.callbacks())
    service.call("count", {}, **waiting.callbacks())
    qtbot.waitUntil(lambda: bool(dead.errors and waiting.errors))
    assert "ended before it could answer" in dead.errors[0].sentence()
    service.call("count", {}, **again.callbacks())
    qtbot.waitUntil(lambda: bool(again.results))


def test_a_command_that_does_not_exist_fails_the_call(home: Path, qtbot: QtBot) -> None:
    """A broken installation is told too."""
    service, heard = Service(command=["/no/such/program"]), Heard()
    service.call("count", {}, **heard.callbacks())
    qtbot.waitUntil(lambda: bool(heard.errors))
    service.close()


def test_cancelled_call_hears_nothing(service: Service, qtbot: QtBot) -> None:
    """The service is told, the page is not."""
    heard, after = Heard(), Heard()
    call = service.call("hang", {}, **heard.callbacks())
    call.cancel()
    assert not call.running()
    service.call("count", {}, **after.callbacks())
    qtbot.waitUntil(lambda: bool(after.results))
    assert not heard.results and not heard.errors


def test_bound_callbacks_of_deleted_pages_are_dropped(service: Service, qtbot: QtBot) -> None:
    """A page that went with a rebuild of the window is not called."""

    class Page(QObject):
        def result(self, values: dict[str, Any]) -> None:
            raise AssertionError("called after it was deleted")

    page, after = Page(), Heard()
    service.call("count", {}, result=page.result, failure=lambda _error: None)
    delete(page)
    service.call("count", {}, **after.callbacks())
    qtbot.waitUntil(lambda: bool(after.results))


def test_close_ends_the_process(home: Path, qtbot: QtBot) -> None:
    """The service dies with the window."""
    service = Service(command=[sys.executable, "-c", _SERVER])
    with qtbot.waitSignal(service.ready):
        service.start()
    pid = service.pid()
    service.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
