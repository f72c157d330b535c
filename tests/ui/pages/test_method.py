"""The Method step: recommendations, the gallery, the settings, what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from studio.methods.catalogue import knobs_for, methods
from studio.ui.pages.method import MethodStep
from studio.ui.widgets.numbers import IntField
from studio.ui.window import MainWindow
from tests.helpers.facts import BERT, IDLE, LAPTOP, LLAMA_3B, with_card
from tests.helpers.tiny import chat_rows, label_rows
from tests.helpers.wizard import draft_of, open_step, page_of, settle, texts

Open = Callable[[], MainWindow]


@pytest.fixture
def window(open_window: Open, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """Return a window with a 3B model and chats, on a laptop without a card."""
    made = open_window()
    made.context.watcher.close()
    made.context.watcher.machine, made.context.watcher.use = LAPTOP, IDLE
    draft = draft_of(None, chat_rows(tmp_path / "rows.jsonl", 30))
    draft.model = LLAMA_3B
    draft.recipe.model.source = LLAMA_3B.source
    made.context.draft = draft
    return made


@pytest.fixture
def step(window: MainWindow, qtbot: QtBot) -> MethodStep:
    """Return the Method step."""
    found: MethodStep = open_step(window, qtbot, "method")
    settle(window.context, qtbot)
    return found


def card(step: MethodStep, key: str):
    """Return a method's card in the gallery."""
    return next(one for one in step.cards if one.key == key)


def click(qtbot: QtBot, widget) -> None:
    """Click in the middle."""
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_all_methods_are_shown_with_memory_and_size(step: MethodStep) -> None:
    assert [one.key for one in step.cards] == list(methods())
    shown = texts(card(step, "lora"))
    assert "LoRA family" in shown and " GB" in shown and " MB" in shown


def test_the_best_fit_comes_first_with_its_reasons(step: MethodStep) -> None:
    seen = [one for one in step.best if one.isVisible()]
    assert 1 <= len(seen) <= 3
    assert "Best fit" in texts(seen[0]) and "Merges into 16-bit" in texts(seen[0])
    assert all("Best fit" not in texts(one) for one in seen[1:])


def test_a_card_chooses_its_method_with_sensible_settings(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    click(qtbot, card(step, "qlora"))
    recipe = window.context.draft.recipe
    assert recipe.method.name == "qlora" and recipe.training.optimizer == "paged_adamw_8bit"
    assert card(step, "qlora").is_chosen() and not card(step, "lora").is_chosen()
    rank = step.panel.fields["r"]
    assert isinstance(rank, IntField) and rank.value() == 16  # for 1 to 10 billion
    settle(window.context, qtbot)
    assert "QLoRA" in texts(step.panel) and "Weights, 4-bit" in texts(step.panel)


def test_the_keyboard_goes_through_the_cards_and_chooses(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    first = card(step, "lora")
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert window.focusWidget() is card(step, "qlora")
    qtbot.keyClick(card(step, "qlora"), Qt.Key.Key_Space)
    assert window.context.draft.recipe.method.name == "qlora"
    stops = [one for one in step.cards if one.focusPolicy() == Qt.FocusPolicy.StrongFocus]
    assert stops == [card(step, "qlora")]


def test_a_changed_rank_takes_alpha_along_and_raises_what_is_trained(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    before = step.panel.memory.bar.total()
    step.panel.fields["r"].setValue(64)
    settle(window.context, qtbot)
    assert window.context.draft.recipe.method.knobs == {"r": 64}
    assert step.panel.fields["lora_alpha"].value() == 128
    assert step.panel.memory.bar.total() > before
    assert "97.3M trained" in texts(step.panel)


def test_a_setting_put_back_leaves_the_recipe_as_it_was(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    step.panel.fields["r"].setValue(64)
    step.panel.fields["r"].setValue(16)
    settle(window.context, qtbot)
    recipe = window.context.draft.recipe
    assert recipe.method.knobs == {}
    assert knobs_for(recipe, LLAMA_3B)["lora_alpha"] == 32


def test_more_settings_unfold_and_fold(step: MethodStep, qtbot: QtBot) -> None:
    bias = step.panel.fields["bias"]
    assert not bias.isVisible() and step.panel.more.text() == "2 more settings"
    click(qtbot, step.panel.more)
    assert bias.isVisible() and step.panel.more.text() == "Fewer settings"
    click(qtbot, step.panel.more)
    assert not bias.isVisible()


def test_a_method_that_cannot_be_here_says_why_on_its_card_and_beside(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.watcher.machine = replace(LAPTOP, four_bit=False)
    window.context.touch()
    settle(window.context, qtbot)
    assert "bitsandbytes is not installed" in texts(card(step, "qlora"))
    assert all(one.key != "qlora" for one in step.best if one.isVisible())
    click(qtbot, card(step, "qlora"))
    settle(window.context, qtbot)
    assert "bitsandbytes is not installed" in texts(step.panel)
    page_of(window).go_next()
    assert page_of(window).current() == "method" and step.alert.isVisible()


def test_a_method_that_cannot_do_the_task_is_refused(
    step: MethodStep, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    draft = draft_of(None, label_rows(tmp_path / "labels.jsonl", 30))
    draft.model = BERT
    window.context.draft = draft
    settle(window.context, qtbot)
    assert "cannot do the task" in texts(card(step, "prefix_tuning"))
    assert "cannot do the task" not in texts(card(step, "lora"))


def test_what_does_not_fit_the_card_is_told_and_can_still_be_taken(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.watcher.machine, window.context.watcher.use = with_card(12)
    click(qtbot, card(step, "full"))
    settle(window.context, qtbot)
    assert "by the estimate" in texts(step.panel) and "of 12 GB" in texts(step.panel)
    assert step.problems() == []


def test_where_nothing_fits_the_least_is_shown_as_such(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.watcher.machine, window.context.watcher.use = with_card(2)
    window.context.touch()
    settle(window.context, qtbot)
    seen = [one for one in step.best if one.isVisible()]
    assert len(seen) == 1 and "Best fit" not in texts(seen[0])
    assert "No method fits by the estimate" in texts(step)


def test_without_a_model_there_is_no_advice_and_no_figure(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft = draft_of()
    settle(window.context, qtbot)
    assert not any(one.isVisible() for one in step.best)
    assert "–" in texts(card(step, "lora")) and not step.panel.memory.isVisible()


def test_a_wrong_setting_is_shown_at_its_field_though_it_was_folded(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft.recipe.method.bias = "some"  # as a recipe's file may have it
    page_of(window).go_next()
    assert page_of(window).current() == "method"
    assert step.panel.fields["bias"].isVisible()
    assert "bias is some" in step.panel.fields["bias"].accessibleDescription()


def test_links_open_only_when_clicked(
    step: MethodStep, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url))
    assert opened == []
    click(qtbot, step.panel.links.itemAt(0).widget())
    assert [url.toString() for url in opened] == ["https://arxiv.org/abs/2106.09685"]
