"""The real window, offscreen."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio import recipe as recipes
from studio.errors import DataError
from studio.recipe import Recipe
from studio.ui import application
from studio.ui.context import Context
from studio.ui.opening import is_run, offers
from studio.ui.window import MainWindow
from tests.helpers.histories import give_worker, write_run

Open = Callable[[], MainWindow]


def test_window_opens_on_home_without_heavy_libraries(open_window: Open) -> None:
    """Home is there, the other pages are made when they are first shown."""
    window = open_window()
    assert window.page() == "home" and list(window.pages) == ["home"]
    assert window.windowTitle() == "Finetune Studio"
    assert window.minimumWidth() == 1040 and window.minimumHeight() == 680


def test_running_run_stands_in_title_rail_and_strip(
    open_window: Open, runs: Path, qtbot: QtBot
) -> None:
    """One click on the strip would open it; closing the window leaves it running."""
    folder = write_run(runs, "support-tone", steps=58, total=100, end="", age=60)
    worker = give_worker(folder)
    window = open_window()
    qtbot.waitUntil(lambda: window.windowTitle() == "58% support-tone – Finetune Studio")
    assert window.run_strip.isVisible() and window.run_strip.name.text() == "support-tone"
    window.close()
    assert worker.poll() is None
    worker.kill()
    worker.wait()


def test_machine_strip_shows_what_is_measured(open_window: Open) -> None:
    """Name, memory, load."""
    window = open_window()
    assert "of" in window.machine_strip.left.text() + window.machine_strip.value.text()


def test_rail_shows_icons_only_in_narrow_windows(open_window: Open) -> None:
    """Below 1120 px."""
    window = open_window()
    window.resize(1100, 700)
    assert window.rail.is_narrow()
    window.resize(1300, 800)
    assert not window.rail.is_narrow()


def test_keys_go_to_pages(open_window: Open, qtbot: QtBot) -> None:
    """Ctrl+3 runs, Ctrl+, settings, Ctrl+1 home."""
    window = open_window()
    window.activateWindow()
    keys = {Qt.Key.Key_3: "runs", Qt.Key.Key_Comma: "settings", Qt.Key.Key_1: "home"}
    for key, page in keys.items():
        qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        assert window.page() == page


def test_language_changes_everything_at_once_and_keeps_the_page(
    open_window: Open, context: Context, qtbot: QtBot
) -> None:
    """The pages are made anew, the page that was open is open again."""
    window = open_window()
    window.show_page("settings")
    before = window.pages["settings"]
    context.settings.language = "zh_CN"
    context.save_settings()
    qtbot.waitUntil(lambda: window.pages.get("settings") is not before)
    assert window.page() == "settings" and window.rail.current() == "settings"


def test_geometry_is_kept_and_a_damaged_one_ignored(
    open_window: Open, context: Context, home: Path
) -> None:
    """A file of its own beside the settings."""
    window = open_window()
    window.resize(1180, 720)
    window.close()
    again = MainWindow(context)
    assert again.height() == 720  # the offscreen screen is narrower than the window
    again.deleteLater()
    (home / "window.state").write_bytes(b"\xff not base64")
    third = MainWindow(context)
    assert third.width() == 1280
    third.deleteLater()


def test_paths_are_offered_what_they_are(context: Context, runs: Path, tmp_path: Path) -> None:
    """A recipe, a run, a model, data; nothing for what is unknown."""
    recipes.save(Recipe(), tmp_path / "a.toml")
    (tmp_path / "rows.jsonl").write_text("{}")
    (tmp_path / "x.bin").write_bytes(b"")
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    run = write_run(runs, "one").path
    first = {path: [offer.text for offer in offers(context, path)][:1] for path in (
        tmp_path / "a.toml", tmp_path / "rows.jsonl", tmp_path / "x.bin", model, run,
        run / "adapter", tmp_path / "m.gguf",
    )}  # fmt: skip
    assert list(first.values()) == [
        ["Open this recipe"], ["New run with this data"], [], ["New run with this model"],
        ["Open this run"], [], ["New run with this model"],
    ]  # fmt: skip
    assert is_run(run)


def _drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    how = (
        Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(600, 300), *how))
    QApplication.sendEvent(window, QDropEvent(QPointF(600, 300), *how))


@pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen menus take no keyboard
def test_dropped_file_opens_a_menu(open_window: Open, tmp_path: Path) -> None:
    """The menu names the file and what can be done with it."""
    window = open_window()
    file = tmp_path / "rows.jsonl"
    file.write_text("{}")
    _drop(window, file)
    menu = window.dropping.menu
    assert menu is not None
    assert [action.text() for action in menu.actions() if action.text()] == [
        "rows.jsonl", "New run with this data", "Cancel",
    ]  # fmt: skip
    menu.close()


def test_unknown_drop_is_said(open_window: Open, context: Context, tmp_path: Path) -> None:
    """A sentence names the file."""
    window = open_window()
    file = tmp_path / "song.mp3"
    file.write_bytes(b"")
    _drop(window, file)
    assert context.toaster is not None
    assert "song.mp3" in context.toaster.toasts()[0].accessibleName()


def test_error_that_nobody_caught_is_told_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The hook tells it; errors for people are not logged as faults."""
    told: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("threading.excepthook", sys.excepthook)
    application.catch_errors(told.append)
    with caplog.at_level(logging.ERROR):
        for error in (DataError("{f} is empty.", f="a"), ValueError("unforeseen")):
            sys.excepthook(type(error), error, None)
    assert len(told) == 2
    assert "unforeseen" in caplog.text and "is empty" not in caplog.text


def test_list_of_shortcuts_names_them(open_window: Open) -> None:
    """Ctrl+/ shows what Ctrl+N does."""
    window = open_window()
    pairs = dict(window.keys.pairs())
    assert pairs["New run"] in ("Ctrl+N", "⌘N") or "Ctrl+2" in pairs["New run"]
    window.keys.show_list()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has its menu bar on the screen")
def test_alt_shows_and_hides_the_menu_bar(open_window: Open, qtbot: QtBot) -> None:
    """Alt alone, not Alt with another key."""
    window = open_window()
    assert not window.menuBar().isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Alt)
    assert window.menuBar().isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Alt)
    assert not window.menuBar().isVisible()
