"""The Review step: what it says, what it refuses, files of it, and the start."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from studio import recipe as recipes
from studio.errors import RunError
from studio.recipe import Recipe
from studio.ui.pages.review import ReviewStep
from studio.ui.window import MainWindow
from tests.helpers.facts import IDLE, LAPTOP, with_card
from tests.helpers.tiny import chat_rows, tiny_llama
from tests.helpers.wizard import draft_of, open_step, page_of, settle, texts

Open = Callable[[], MainWindow]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny chat model."""
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture
def window(open_window: Open, llama: Path, tmp_path: Path) -> MainWindow:
    """Return a window with a whole draft."""
    made = open_window()
    made.context.watcher.close()
    made.context.watcher.machine, made.context.watcher.use = LAPTOP, IDLE
    draft = draft_of(llama, chat_rows(tmp_path / "rows.jsonl", 40))
    draft.recipe.training.max_length = 128
    made.context.draft = draft
    return made


@pytest.fixture
def step(window: MainWindow, qtbot: QtBot) -> ReviewStep:
    """Return the Review step."""
    found: ReviewStep = open_step(window, qtbot, "review")
    settle(window.context, qtbot)
    return found


@pytest.fixture
def started(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Return the recipes that are started from now on; no worker is."""
    seen: list[Recipe] = []

    def start(recipe: Recipe) -> None:
        seen.append(recipe)
        raise RunError("no worker in this test")

    monkeypatch.setattr(window.context.runs, "start", start)
    return seen


def test_it_says_in_words_what_will_happen(step: ReviewStep) -> None:
    said = step.words.texts()
    assert said["Model"] == "tiny-llama" and said["Data"] == "rows.jsonl, 38 rows"
    assert said["Method"] == "LoRA, rank 8"
    assert said["Training"] == "3 epochs at learning rate 2e-4, cosine"
    assert "about" in texts(step.words) and "2 more for evaluation" in texts(step.words)
    assert step.figures.texts()[2] == "30"  # 38 rows, 4 a step, 3 epochs


def test_the_primary_button_starts_and_the_footer_says_the_window_may_close(
    step: ReviewStep, window: MainWindow
) -> None:
    page = page_of(window)
    assert page.next_button.text() == "Start training"
    assert "You can close the window" in page.footer.note.text()


def test_edit_leads_to_the_step(step: ReviewStep, window: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(step.words.links["method"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page_of(window).current() == "method")


def test_start_hands_over_the_recipe_with_its_name(
    step: ReviewStep, window: MainWindow, qtbot: QtBot, started: list[Recipe]
) -> None:
    qtbot.keyClicks(step.name, "My run")
    page_of(window).go_next()
    assert [recipe.output.name for recipe in started] == ["My run"]
    assert started[0] == window.context.draft.recipe
    assert started[0] is not window.context.draft.recipe


def test_memory_is_given_back_before_the_start(
    step: ReviewStep, window: MainWindow, started: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(window.context.service, "release", lambda: order.append("release"))
    before = window.context.runs.start

    def start(recipe: Recipe) -> object:
        order.append("start")
        return before(recipe)

    monkeypatch.setattr(window.context.runs, "start", start)
    step.finish()
    assert order == ["release", "start"]


def test_with_something_missing_it_goes_there_and_starts_nothing(
    step: ReviewStep, window: MainWindow, qtbot: QtBot, started: list[Recipe]
) -> None:
    window.context.draft.data = None
    window.context.draft.recipe.data.files = []
    window.context.touch()
    settle(window.context, qtbot)
    assert ("bad", "No data is chosen.") in step.panel.checks
    page_of(window).go_next()
    assert page_of(window).current() == "data" and started == []


def test_files_that_went_away_are_noticed(
    step: ReviewStep, window: MainWindow, qtbot: QtBot, started: list[Recipe]
) -> None:
    Path(window.context.draft.recipe.data.files[0]).unlink()
    page_of(window).go_next()
    assert started == [] and page_of(window).current() == "data"


def test_checks_are_listed_worst_first_and_counted(
    step: ReviewStep, window: MainWindow, qtbot: QtBot
) -> None:
    assert {kind for kind, _text in step.panel.checks} == {"good"}
    window.context.watcher.machine, window.context.watcher.use = with_card(1)
    data = window.context.draft.data
    assert data is not None
    window.context.draft.data = replace(data, facts=replace(data.facts, eval_rows=0))
    window.context.touch()
    settle(window.context, qtbot)
    kinds = [kind for kind, _text in step.panel.checks]
    assert kinds == sorted(kinds, key=["bad", "warn", "good"].index) and "warn" in kinds
    assert "No rows are held out" in texts(step.panel) and "to look at" in texts(step.panel)


def test_a_check_leads_to_where_it_is_mended(
    step: ReviewStep, window: MainWindow, qtbot: QtBot
) -> None:
    step.panel.acted.emit("training")
    qtbot.waitUntil(lambda: page_of(window).current() == "training")


def test_the_file_view_is_the_recipe_and_is_saved_where_one_says(
    step: ReviewStep, window: MainWindow, qtbot: QtBot, monkeypatch, tmp_path: Path
) -> None:
    assert not step.save_button.isVisible()
    qtbot.mouseClick(step.views.button("file"), Qt.MouseButton.LeftButton)
    assert step.file.toPlainText() == recipes.dumps(window.context.draft.recipe)
    target = tmp_path / "mine.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    qtbot.mouseClick(step.save_button, Qt.MouseButton.LeftButton)
    assert recipes.load(target) == window.context.draft.recipe


def test_the_script_view_is_a_program_and_is_saved_where_one_says(
    step: ReviewStep, qtbot: QtBot, monkeypatch, tmp_path: Path
) -> None:
    qtbot.mouseClick(step.views.button("script"), Qt.MouseButton.LeftButton)
    text = step.code.toPlainText()
    compile(text, "train.py", "exec")
    assert "get_peft_model" in text
    target = tmp_path / "train.py"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    qtbot.mouseClick(step.save_button, Qt.MouseButton.LeftButton)
    assert target.read_text("utf-8") == text


def test_without_a_model_the_script_view_says_why_there_is_none(
    step: ReviewStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft = draft_of()
    qtbot.mouseClick(step.views.button("script"), Qt.MouseButton.LeftButton)
    settle(window.context, qtbot)
    assert step.code.toPlainText().startswith("No base model is chosen.")
    assert not step.save_button.isVisible()
    assert step.figures.texts() == ["–"] * 4


def test_the_command_is_copied_once_the_recipe_has_a_file(
    step: ReviewStep, window: MainWindow, qtbot: QtBot, monkeypatch, tmp_path: Path
) -> None:
    assert step.command.text() == "finetune-studio train tiny-llama-lora.toml"
    target = tmp_path / "mine.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    qtbot.mouseClick(step.command.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == f"finetune-studio train {target}"
    assert target.is_file()


def test_a_method_of_another_version_is_told_and_nothing_falls(
    step: ReviewStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft.recipe.method.name = "lorra"
    window.context.touch()
    settle(window.context, qtbot)
    assert any(kind == "bad" and "lorra" in text for kind, text in step.panel.checks)
    page_of(window).go_next()
    assert page_of(window).current() == "method"
