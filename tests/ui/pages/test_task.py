"""The Task step: what the columns allow, what is guessed, what is refused and why."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio.models.facts import ModelFacts
from studio.tasks.shelf import tasks
from studio.ui.pages.task import TaskStep
from studio.ui.window import MainWindow
from tests.helpers.facts import BERT, LLAMA_3B
from tests.helpers.tiny import chat_rows, label_rows
from tests.helpers.wizard import draft_of, open_step, page_of, settle, texts

Open = Callable[[], MainWindow]


@pytest.fixture
def step(open_window: Open, qtbot: QtBot) -> TaskStep:
    """Return the Task step of a window."""
    found: TaskStep = open_step(open_window(), qtbot, "task")
    return found


def show(step: TaskStep, qtbot: QtBot, file: Path, model: ModelFacts = LLAMA_3B) -> None:
    """Give the draft data and a model."""
    draft = draft_of(None, file)
    draft.model = model
    draft.recipe.model.source = model.source
    step.context.draft = draft
    settle(step.context, qtbot)


def order(step: TaskStep) -> list[str]:
    """Return the tasks in the order of their cards."""
    return [card.task.name for card in step.grid.cards()]  # type: ignore[attr-defined]


def test_without_data_the_way_to_it_is_offered(step: TaskStep, qtbot: QtBot) -> None:
    """The columns decide."""
    assert step.empty.isVisible() and not step.grid.isVisible()
    step.empty.button.click()
    assert page_of(step.window()).current() == "data"  # type: ignore[arg-type]


def test_chats_suggest_answering(step: TaskStep, tmp_path: Path, qtbot: QtBot) -> None:
    """The guess is the chosen card; it stands first and says what is there."""
    show(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 20))
    assert order(step)[0] == "causal_lm" and set(order(step)) == set(tasks())
    card = step.cards["causal_lm"]
    assert card.is_chosen() and card.chip.isVisible()
    assert "Needs chats, questions with answers, or plain text" in texts(card)
    assert "The rows are chat messages." in texts(card)
    assert "Llama-3.2-3B can do it" in texts(card)
    assert not step.problems()


def test_labels_suggest_classes_and_count_them(
    step: TaskStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """The panel names the classes."""
    show(step, qtbot, label_rows(tmp_path / "labels.jsonl", 40))
    assert order(step)[0] == "seq_cls" and step.cards["seq_cls"].is_chosen()
    assert set(step.panel.classes.values()) == {"warm", "cold"}
    assert not step.panel._train_on.isVisible()


def test_a_task_that_does_not_fit_is_refused_with_the_reason(
    step: TaskStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """The choice stays, the sentence names columns and layout."""
    show(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 20))
    step.cards["seq_cls"].setFocus()
    qtbot.keyClick(step.cards["seq_cls"], Qt.Key.Key_Return)
    assert step.context.draft.recipe.task.name == "auto"
    assert "needs a text and its label, and the rows are chat messages" in texts(step.alert)


def test_a_recipe_that_names_such_a_task_keeps_next_from_going_on(
    step: TaskStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """Until another one is chosen."""
    show(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 20))
    step.context.draft.recipe.task.name = "seq_cls"
    step.context.touch()
    settle(step.context, qtbot)
    page = page_of(step.window())  # type: ignore[arg-type]
    page.go_next()
    assert page.current() == "task" and step.alert.isVisible()
    step.cards["causal_lm"].clicked.emit()
    assert step.context.draft.recipe.task.name == "causal_lm" and not step.problems()
    settle(step.context, qtbot)
    assert not step.alert.isVisible()


def test_a_model_that_does_not_write_is_refused(
    step: TaskStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """BERT reads."""
    show(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 20), BERT)
    assert "does not generate text" in texts(step.cards["causal_lm"])
    assert "does not generate text" in step.problems()[0].sentence()


def test_conversations_need_a_chat_template(step: TaskStep, tmp_path: Path, qtbot: QtBot) -> None:
    """Question and answer alone do not."""
    import json

    turns = [{"role": role, "content": "a"} for role in ("user", "assistant") * 2]
    file = tmp_path / "long.jsonl"
    file.write_text((json.dumps({"messages": turns}) + "\n") * 10, "utf-8")
    show(step, qtbot, file, replace(LLAMA_3B, chat_template=False))
    assert "has no chat template" in texts(step.cards["causal_lm"])


def test_what_is_trained_on_is_chosen_beside_the_cards(
    step: TaskStep, tmp_path: Path, qtbot: QtBot
) -> None:
    """The answers by default."""
    show(step, qtbot, chat_rows(tmp_path / "chats.jsonl", 20))
    assert step.panel.answers.isChecked()
    step.panel.all.click()
    assert step.context.draft.recipe.task.train_on == "all"
    settle(step.context, qtbot)
    assert step.panel.all.isChecked() and not step.panel.answers.isChecked()


def test_plain_text_trains_every_token(step: TaskStep, tmp_path: Path, qtbot: QtBot) -> None:
    """There is nothing to choose, and the panel says so."""
    file = tmp_path / "text.txt"
    file.write_text("One paragraph.\n\nAnother one.\n\nA third.\n", "utf-8")
    show(step, qtbot, file)
    assert "every token is trained on" in texts(step.panel)
    assert not step.panel.answers.isVisible()
