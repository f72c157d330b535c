"""Settings act at once."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio import settings as settings_file
from studio.ui.context import Context
from studio.ui.pages import settings as page_module
from studio.ui.pages.settings import SettingsPage, folder_problem
from studio.ui.theme import theme
from studio.ui.window import MainWindow

Open = Callable[[], MainWindow]


def _page(window: MainWindow) -> SettingsPage:
    window.show_page("settings")
    page = window.pages["settings"]
    assert isinstance(page, SettingsPage)
    return page


def test_theme_changes_at_once_and_is_kept(open_window: Open) -> None:
    """No Save."""
    page = _page(open_window())
    page.theme.chosen.emit("dark")
    assert theme().dark and settings_file.load().theme == "dark"
    page.theme.chosen.emit("light")
    assert not theme().dark


def test_runs_folder_is_followed_at_once_and_a_bad_one_refused(
    open_window: Open, context: Context, tmp_path: Path
) -> None:
    """Nothing is moved; a file is no folder."""
    page = _page(open_window())
    field = page.folders["runs"]
    (tmp_path / "file").write_text("")
    field.changed.emit(str(tmp_path / "file"))
    assert field.line.toolTip() or context.settings.runs_folder == ""
    assert context.settings.runs_folder == ""
    field.changed.emit(str(tmp_path / "new"))
    assert settings_file.load().runs_folder == str(tmp_path / "new")
    assert context.runs._folder == tmp_path / "new" and not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    """Before a run fails on it."""
    tmp_path.chmod(0o500)
    assert "cannot be written to" in folder_problem(tmp_path / "runs")


def test_relative_folder_is_refused() -> None:
    """It would mean another place at the next start."""
    assert folder_problem(Path("runs"))


def test_offline_and_address(open_window: Open, context: Context) -> None:
    """An address without https is refused in words."""
    page = _page(open_window())
    page.offline.setChecked(True)
    page.address.setText("hf-mirror.example")
    page.address.editingFinished.emit()
    assert context.settings.hub_address == ""
    page.address.setText("https://hf-mirror.example/")
    page.address.editingFinished.emit()
    kept = settings_file.load()
    assert kept.offline and kept.hub_address == "https://hf-mirror.example"


def test_token_is_kept_in_the_keyring_and_never_shown(
    open_window: Open, home: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The field is emptied; the settings file does not know it."""
    kept: list[str] = []
    monkeypatch.setattr(page_module.settings_file, "set_hub_token", kept.append)
    page = _page(open_window())
    page.token.setText("hf_secret")
    page.keep_button.click()
    qtbot.waitUntil(lambda: page.token_state.text() == "set")
    assert kept == ["hf_secret"] and page.token.text() == ""
    page.theme.chosen.emit("light")
    assert not any("hf_secret" in file.read_text() for file in home.glob("*.toml"))


def test_slow_look_into_the_keyring_does_not_undo_what_was_kept(
    open_window: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer from before the click comes after it and is dropped."""
    kept = threading.Event()

    def look() -> str:
        kept.wait(10)  # a failing test must not leave a thread behind
        return ""

    monkeypatch.setattr(page_module.settings_file, "hub_token", look)
    monkeypatch.setattr(page_module.settings_file, "set_hub_token", lambda _token: None)
    page = _page(open_window())
    slow = page._look
    page.token.setText("hf_secret")
    page.keep_button.click()
    qtbot.waitUntil(lambda: page.token_state.text() == "set")
    with qtbot.waitSignal(slow._ended):
        kept.set()
    assert page.token_state.text() == "set"


def test_missing_keyring_is_a_sentence(
    open_window: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a way out."""
    from keyring.errors import NoKeyringError

    def refuse(_token: str) -> None:
        raise NoKeyringError("No recommended backend was available.")

    monkeypatch.setattr(page_module.settings_file, "set_hub_token", refuse)
    page = _page(open_window())
    page.token.setText("hf_secret")
    page.keep_button.click()
    qtbot.waitUntil(lambda: "no keyring" in page.token_row.error.text())
