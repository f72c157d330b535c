"""A context and a window of their own for each test, in a home of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from shiboken6 import delete, isValid

from studio import settings as settings_file
from studio.ui.context import Context
from studio.ui.theme import themes
from studio.ui.window import MainWindow


@pytest.fixture
def runs(home: Path) -> Path:
    """Return the empty folder of runs of the test's home."""
    folder = home / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def context(qtbot: QtBot, qapp: object, runs: Path) -> Iterator[Context]:
    """Return what the pages share; it reads the test's runs once it was told to begin."""
    themes().apply(qapp, "light")  # type: ignore[arg-type]
    made = Context(settings_file.load())
    yield made
    made.close()
    delete(made)


@pytest.fixture
def open_window(context: Context, qtbot: QtBot) -> Iterator[Callable[[], MainWindow]]:
    """Return a function that opens the window on the runs that are there by then."""
    made: list[MainWindow] = []

    def build() -> MainWindow:
        window = MainWindow(context)
        made.append(window)
        window.show()
        context.begin()
        qtbot.waitUntil(lambda: context.runs.looked() and context.measured)
        return window

    yield build
    for window in made:
        if isValid(window):
            window.close()
            delete(window)
