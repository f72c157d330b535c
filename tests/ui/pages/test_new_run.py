"""The wizard: its steps, its footer, and recipes as files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from studio import recipe as recipes
from studio.flow import STEPS
from studio.models.facts import ModelFacts
from studio.ui.pages.new_run import NewRunPage
from studio.ui.window import MainWindow
from tests.helpers.facts import LLAMA_3B
from tests.helpers.tiny import chat_rows
from tests.helpers.wizard import draft_of, open_step, page_of, settle, texts

Open = Callable[[], MainWindow]


@pytest.fixture
def window(open_window: Open, qtbot: QtBot) -> MainWindow:
    """Return a window that shows the wizard."""
    made = open_window()
    open_step(made, qtbot, "model")
    return made


@pytest.fixture
def page(window: MainWindow) -> NewRunPage:
    """Return the wizard."""
    return page_of(window)


def known(window: MainWindow, file: Path | None = None, model: ModelFacts = LLAMA_3B) -> None:
    """Give the draft a model in figures, and data from a file."""
    draft = draft_of(None, *([file] if file else []))
    draft.model = model
    draft.recipe.model.source = model.source
    window.context.draft = draft


def test_next_goes_to_the_field_and_says_what_is_missing(page: NewRunPage, qtbot: QtBot) -> None:
    """Next is never disabled."""
    assert page.next_button.isEnabled() and page.next_button.text() == "Next: Data"
    page.go_next()
    assert page.current() == "model"
    assert "No base model is chosen." in texts(page.step("model"))
    assert page.window().focusWidget() is page.step("model").table


def test_the_sentence_goes_when_the_field_is_filled(
    page: NewRunPage, window: MainWindow, qtbot: QtBot
) -> None:
    """It is true of the page only as long as the field is empty."""
    page.go_next()
    known(window)
    qtbot.waitUntil(lambda: not page.step("model").alert.isVisible())


def test_steps_go_on_back_and_by_the_stepper(
    page: NewRunPage, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    """What was done can be clicked; what was chosen stays."""
    known(window, chat_rows(tmp_path / "rows.jsonl", 30))
    page.go_next()
    assert page.current() == "data"
    qtbot.waitUntil(lambda: not page.step("data").problems())
    page.go_next()
    assert page.current() == "task" and page.next_button.text() == "Next: Method"
    assert page.stepper.states()["model"] == "done"
    assert page.stepper.states()["method"] == "later"
    page.go_back()
    assert page.current() == "data"
    page.stepper.clicked.emit("model")
    assert page.current() == "model" and not page.back_button.isVisible()
    assert page.stepper.states()["task"] == "done"
    assert window.context.draft.recipe.data.files


def test_a_visited_step_that_misses_something_says_so_in_the_stepper(
    page: NewRunPage, window: MainWindow, qtbot: QtBot
) -> None:
    """It can still be gone to."""
    page.show_step("task")
    assert page.stepper.states()["model"] == "problem"
    assert page.stepper.states()["task"] == "now"


def test_footer_follows_the_draft(page: NewRunPage, window: MainWindow, qtbot: QtBot) -> None:
    """Memory and verdict are there as soon as a model is, the time with the data."""
    assert page.footer.memory.text() == "–" and page.footer.verdict.isHidden()
    known(window)
    qtbot.waitUntil(lambda: "GB" in page.footer.memory.text())
    before = page.footer.bar.total()
    window.context.draft.recipe.training.batch_size = 32
    window.context.touch()
    qtbot.waitUntil(lambda: page.footer.bar.total() > before)
    assert page.footer.verdict.text()
    assert page.footer.time.text() == "–"


def test_footer_names_the_time_once_there_are_rows(
    page: NewRunPage, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    """The estimate needs both."""
    known(window, chat_rows(tmp_path / "rows.jsonl", 30))
    qtbot.waitUntil(lambda: page.footer.time.text().startswith("about "))


def test_what_is_too_large_is_told_with_the_excess(
    page: NewRunPage, window: MainWindow, qtbot: QtBot
) -> None:
    """The bar's verdict in words."""
    from dataclasses import replace

    known(window, model=replace(LLAMA_3B, parameters=400_000_000_000))
    qtbot.waitUntil(lambda: page.footer.verdict.text().startswith("Too large by "))


def test_draft_and_step_survive_leaving_and_rebuilding(
    page: NewRunPage, window: MainWindow, qtbot: QtBot
) -> None:
    """Another language makes all pages anew; the wizard stands where it stood."""
    known(window)
    page.show_step("data")
    window.context.open_page("home")
    window.context.open_page("new_run")
    assert page.current() == "data"
    window.rebuild()
    fresh = open_again(window)
    assert fresh is not page and fresh.current() == "data"
    assert window.context.draft.model is LLAMA_3B


def open_again(window: MainWindow) -> NewRunPage:
    """Return the wizard after the window was rebuilt."""
    window.context.open_page("new_run")
    return page_of(window)


def test_keys_step_and_escape_does_not_close_the_wizard(
    page: NewRunPage, window: MainWindow, qtbot: QtBot
) -> None:
    """QWizard is a dialog by birth."""
    known(window)
    window.activateWindow()
    settle(window.context, qtbot)
    page.step("model").search.setFocus()
    qtbot.keyClick(page.step("model").search, Qt.Key.Key_Escape)
    assert page.wizard.isVisible()
    qtbot.keyClick(page.step("model").search, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert page.current() == "data"
    qtbot.keyClick(page.next_button, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert page.current() == "model"


def test_a_recipe_with_mistakes_lists_all_of_them(
    page: NewRunPage, window: MainWindow, tmp_path: Path
) -> None:
    """The draft stays as it was; the list can be answered."""
    file = tmp_path / "wrong.toml"
    file.write_text("[training]\nepochs = -1\nlearning_rat = 1\n", "utf-8")
    before = window.context.draft
    page.menu.open_file(file)
    shown = texts(page.banner)
    assert "training.epochs is -1" in shown and "no field training.learning_rat" in shown
    assert "Did you mean learning_rate?" in shown and window.context.draft is before
    page.banner.acted.emit()
    assert not page.banner.isVisible()


def test_a_recipe_is_saved_opened_and_its_command_copied(
    page: NewRunPage, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    """The file is the recipe, and the command runs that file."""
    rows = chat_rows(tmp_path / "rows.jsonl", 30)
    known(window, rows)
    file = Path(page.menu.save_to(tmp_path / "my run"))
    assert file.name == "my run.toml"
    assert recipes.load(file).data.files == [str(rows)]
    page.menu.copy_command()
    assert QGuiApplication.clipboard().text() == f"finetune-studio train '{file}'"
    page.menu.start_over()
    assert not window.context.draft.recipe.data.files and page.current() == "model"
    window.context.draft.recipe.model.source = ""
    text = file.read_text("utf-8").replace(LLAMA_3B.source, str(tmp_path / "gone"))
    file.write_text(text, "utf-8")
    page.menu.open_file(file)
    qtbot.waitUntil(lambda: page.current() == STEPS[-1])
    assert window.context.draft.data is not None
    assert "There is no folder" in window.context.draft.wrong["model"].sentence()


def test_a_changed_recipe_is_saved_again_before_its_command_is_copied(
    page: NewRunPage, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that ran something else would be worse than none."""
    asked = []
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a: asked.append(1) or ("", ""))
    QGuiApplication.clipboard().setText("before")
    page.menu.save_to(tmp_path / "run.toml")
    window.context.draft.recipe.training.seed = 7
    page.menu.copy_command()
    assert asked and QGuiApplication.clipboard().text() == "before"


def test_the_run_is_exported_as_a_script(
    page: NewRunPage, window: MainWindow, tmp_path: Path
) -> None:
    """Plain transformers and peft; without a model it says what is missing."""
    page.menu.write_script(tmp_path / "train.py")
    assert not (tmp_path / "train.py").exists()
    assert window.context.toaster is not None and len(window.context.toaster.toasts()) == 1
    known(window, chat_rows(tmp_path / "rows.jsonl", 30))
    page.menu.write_script(tmp_path / "train.py")
    text = (tmp_path / "train.py").read_text("utf-8")
    compile(text, "train.py", "exec")
    assert "peft" in text and "studio" not in text.split("import")[1]


def test_a_disk_that_refuses_is_told(page: NewRunPage, window: MainWindow, tmp_path: Path) -> None:
    """Nothing is raised into the window."""
    (tmp_path / "file").write_text("x")
    assert page.menu.save_to(tmp_path / "file" / "run.toml") == ""
    assert window.context.toaster is not None and window.context.toaster.toasts()


def test_starting_over_can_be_undone(page: NewRunPage, window: MainWindow, qtbot: QtBot) -> None:
    """The toast offers it."""
    known(window)
    before = window.context.draft
    page.menu.start_over()
    assert window.context.draft.model is None
    toast = window.context.toaster.toasts()[-1]  # type: ignore[union-attr]
    from studio.ui.widgets.buttons import Link

    toast.findChildren(Link)[0].click()
    assert window.context.draft is before


def test_no_step_asks_for_more_room_than_the_smallest_window(
    page: NewRunPage, window: MainWindow, qtbot: QtBot
) -> None:
    """1040 x 680 shows everything, or scrolls."""
    known(window)
    window.resize(1040, 680)
    for key in STEPS[:3]:
        page.show_step(key)
        settle(window.context, qtbot)
        assert (window.width(), window.height()) == (1040, 680)
        assert page.is_drawer()
        right = page.next_button.mapTo(window, page.next_button.rect().bottomRight())
        assert right.x() <= 1040 and right.y() <= 680
