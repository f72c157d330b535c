"""A person at the window: goes through the pages by mouse and keyboard, waits for what comes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QScrollArea, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import delete, isValid

from studio import settings as settings_file
from studio.runs import process, requests
from studio.runs.folder import RunFolder
from studio.runs.process import alive, worker
from studio.ui.context import Context
from studio.ui.pages.export import ExportPage
from studio.ui.pages.live import LivePage
from studio.ui.pages.new_run import NewRunPage
from studio.ui.pages.try_it import TryItPage
from studio.ui.theme import themes
from studio.ui.widgets.dialogs import ChoiceDialog
from studio.ui.window import MainWindow

PATIENCE = 120_000  # ms: torch alone takes ten seconds to load on a busy machine
_LOOK = 20  # ms between two looks for a dialog


class Person:
    """One person at one window; two of them may look at the same runs."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.context = Context(settings_file.load())
        self.window = MainWindow(self.context)
        self.window.show()
        self.context.begin()
        self.until(lambda: self.context.runs.looked() and self.context.measured)

    def leave(self) -> None:
        """Close the window; what trains goes on."""
        if isValid(self.window):
            self.window.close()
            delete(self.window)
            delete(self.context)

    # hands and eyes

    def until(self, condition: Callable[[], Any], patience: int = PATIENCE) -> None:
        """Wait until something is so."""
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=patience)

    def press(self, button: QWidget) -> None:
        """Click on a button as soon as it can be reached."""
        self.until(lambda: self.reaches(button))
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def reaches(self, widget: QWidget) -> bool:
        """Say whether a click in the middle of a widget gets to it; scroll to it if need be."""
        if not widget.isVisible() or not widget.isEnabled():
            return False
        around = widget.parentWidget()
        while around is not None:
            if isinstance(around, QScrollArea):
                around.ensureWidgetVisible(widget)
            around = around.parentWidget()
        place = widget.mapTo(self.window, widget.rect().center())
        found = self.window.childAt(place)
        return found is widget or (found is not None and widget.isAncestorOf(found))

    def write(self, field: QWidget, text: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
        """Put a text into a field in place of what is there."""
        field.setFocus()
        self.qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        self.qtbot.keyClicks(field, text)
        self.qtbot.keyClick(field, end)

    def answer(self, key: str) -> None:
        """Answer the next question that is asked by a click on this answer."""

        def look() -> None:
            asked = QApplication.activeModalWidget()
            if isinstance(asked, ChoiceDialog):
                self.qtbot.mouseClick(asked.buttons[key], Qt.MouseButton.LeftButton)
            elif isValid(self.window):
                QTimer.singleShot(_LOOK, look)

        QTimer.singleShot(_LOOK, look)

    # pages

    def page(self, key: str) -> Any:
        """Return the page that is shown, which must be this one."""
        assert self.window.page() == key
        return self.window.pages[key]

    @property
    def wizard(self) -> NewRunPage:
        """The wizard."""
        return self.page("new_run")

    @property
    def live(self) -> LivePage:
        """The page of a run."""
        return self.page("live")

    @property
    def tries(self) -> TryItPage:
        """The page with two answers."""
        return self.page("try_it")

    @property
    def exports(self) -> ExportPage:
        """The page of exports."""
        return self.page("export")

    # the wizard

    def go_next(self, step: str) -> Any:
        """Click on Next, which leads to this step, once nothing is missing; return the step."""
        wizard = self.wizard
        self.until(lambda: not wizard.step(wizard.current()).problems())
        self.press(wizard.next_button)
        assert wizard.current() == step
        return wizard.step(step)

    def choose_model(self, folder: Path) -> None:
        """Type the path of a model."""
        self.context.open_page("new_run", "model")
        self.write(self.wizard.step("model").search, str(folder))
        self.until(lambda: self.context.draft.model is not None)

    def choose_data(self, patch: pytest.MonkeyPatch, *files: Path) -> None:
        """Go to the data and choose files in the system's dialog."""
        step = self.go_next("data")
        names = [str(file) for file in files]
        patch.setattr(QFileDialog, "getOpenFileNames", lambda *_given: (names, ""))
        self.press(step.drop.choose)
        self.until(lambda: step.stack.state() == "ready")

    def set_training(self, **values: int) -> None:
        """Type numbers into the form of the training step."""
        step = self.wizard.step("training")
        self.press(step.tiers.button("all"))
        for key, value in values.items():
            self.write(step.form.inputs[key], str(value), Qt.Key.Key_Tab)
            assert getattr(self.context.draft.recipe.training, key) == value

    def start(self) -> RunFolder:
        """Start the run from the review; the page of the run opens."""
        self.press(self.wizard.next_button)
        assert self.window.page() == "live"
        return self.live.follower.folder

    def start_run(
        self, patch: pytest.MonkeyPatch, model: Path, rows: Path, **training: int
    ) -> RunFolder:
        """Go through the whole wizard and start."""
        self.choose_model(model)
        self.choose_data(patch, rows)
        for step in ("task", "method", "training"):
            self.go_next(step)
        self.set_training(**training)
        self.go_next("review")
        return self.start()

    # a run

    def open_run(self, folder: RunFolder) -> None:
        """Open the page of a run and wait until its history is told."""
        self.context.open_page("live", str(folder.path))
        self.until(lambda: self.live.follower.state.last and self.live.follower.caught_up())

    def state(self) -> str:
        """Return the state of the run as its chip says it."""
        return self.live.chip.text()

    def points(self, track: str = "loss", curve: str = "raw") -> list[int]:
        """Return the steps at which a chart has points."""
        tracks = self.live.charts.tracks
        return [] if tracks is None else tracks.series(track, curve).x.values.astype(int).tolist()

    def sees(self, steps: int) -> None:
        """Wait until the chart of the loss has this many points at least."""
        self.until(lambda: len(self.points()) >= steps)

    def stop(self) -> None:
        """Stop the run, keep what it learnt, and wait until that is said."""
        self.answer("stop")
        self.press(self.live.buttons.button("stop"))
        self.until(lambda: self.state() == "Stopped")


def end_worker(folder: RunFolder) -> None:
    """Wait until the run's worker is gone; one that stays is asked, then killed."""
    running = worker(folder)
    if running is not None:
        requests.ask(folder.requests, "stop")
        _gone, stays = psutil.wait_procs([running], timeout=20)
        for one in stays:
            one.kill()
            one.wait(10)
    assert not alive(folder)
    for one in process._started:
        one.wait(20)  # a zombie may still have threads that end


def dress() -> None:
    """Dress the application as the window does."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    themes().apply(app, "light")
