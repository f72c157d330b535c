"""What the pages share."""

from pathlib import Path

from pytestqt.qtbot import QtBot

from studio import settings as settings_file
from studio.flow import Draft
from studio.ui.context import Context


def test_measurements_come_each_second_from_another_thread(context: Context, qtbot: QtBot) -> None:
    """Nothing is measured before somebody begins."""
    assert not context.measured
    context.begin()
    with qtbot.waitSignal(context.use_changed):
        pass
    assert context.measured and context.use.memory_total == context.machine.memory


def test_draft_is_announced_when_it_is_replaced_or_touched(context: Context, qtbot: QtBot) -> None:
    """Footer and stepper hear of it."""
    with qtbot.waitSignal(context.draft_changed):
        context.draft = Draft()
    with qtbot.waitSignal(context.draft_changed):
        context.draft.recipe.training.seed = 7
        context.touch()


def test_settings_are_saved_and_announced(context: Context, home: Path, qtbot: QtBot) -> None:
    """They are in the file and the runs folder is followed at once."""
    context.settings.runs_folder = str(home / "elsewhere")
    with qtbot.waitSignal(context.settings_changed):
        context.save_settings()
    assert settings_file.load().runs_folder == str(home / "elsewhere")
    assert context.runs._folder == home / "elsewhere"


def test_settings_that_cannot_be_saved_are_told_not_raised(
    context: Context, home: Path, qtbot: QtBot
) -> None:
    """A full or closed disk must not end the window."""
    (home / "settings.toml").mkdir()
    said = []
    context.fail = said.append  # type: ignore[method-assign, assignment]
    context.save_settings()
    assert "cannot be saved" in said[0].sentence()


def test_store_keeps_what_a_page_put_there(context: Context) -> None:
    """The same dictionary for the same key."""
    context.store("a")["x"] = 1
    assert context.store("a") == {"x": 1} and context.store("b") == {}
