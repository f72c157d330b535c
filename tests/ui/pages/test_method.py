"""The Method step: the guide, the gallery, the settings, what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from studio.methods import evidence
from studio.methods.capabilities import refusal
from studio.methods.catalogue import FAMILIES, knobs_for, methods
from studio.methods.guide import questions
from studio.recipe.model import MethodSection
from studio.ui.new_run.method_rows import Entry
from studio.ui.pages.method import MethodStep
from studio.ui.widgets.fields import LineField
from studio.ui.widgets.numbers import IntField
from studio.ui.widgets.segments import Segments
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


def shown(step: MethodStep, key: str) -> Entry:
    """Return what a method's card shows."""
    found = step.shelf.rows.entry(key)
    assert found is not None
    return found


def click(qtbot: QtBot, widget: object) -> None:
    """Click in the middle."""
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def take(qtbot: QtBot, step: MethodStep, key: str) -> None:
    """Click on a method's card in the gallery."""
    gallery = step.shelf.gallery
    place = gallery.visualRect(gallery.index_of(key)).center()
    qtbot.mouseClick(gallery.viewport(), Qt.MouseButton.LeftButton, pos=place)


# The guide


def test_the_best_fit_comes_first_with_its_reasons(step: MethodStep) -> None:
    seen = step.guide.seen()
    assert 1 <= len(seen) <= 3
    assert "Best fit" in texts(seen[0]) and " GB" in texts(seen[0])
    assert all("Best fit" not in texts(one) for one in seen[1:])


def test_the_answers_that_are_known_are_said(step: MethodStep) -> None:
    assert "for Llama-3.2-3B (3.21B)" in texts(step.guide)
    assert "this computer (16 GB)" in texts(step.guide)


def test_another_goal_changes_what_is_recommended_and_is_kept(
    step: MethodStep, window: MainWindow
) -> None:
    asked = {}
    for goal in questions()[0].choices:
        step.goal.choice.set_key(goal)
        step.goal.chosen.emit(goal)
        asked[goal] = tuple(card.key for card in step.guide.seen())
        assert window.context.draft.goal == goal
    assert len(set(asked.values())) > 1


def test_the_arrows_choose_a_goal(step: MethodStep, window: MainWindow, qtbot: QtBot) -> None:
    choice, goals = step.goal.choice, list(questions()[0].choices)
    if isinstance(choice, Segments):
        qtbot.keyClick(choice.button(goals[0]), Qt.Key.Key_Right)
    else:
        qtbot.keyClick(choice, Qt.Key.Key_Down)
    assert window.context.draft.goal == goals[1]


def test_a_recommendation_is_taken_by_a_click(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    other = step.guide.seen()[-1]
    click(qtbot, other)
    assert window.context.draft.recipe.method.name == other.key and other.is_chosen()


def test_where_nothing_fits_the_least_is_shown_as_such(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.watcher.machine, window.context.watcher.use = with_card(2)
    window.context.touch()
    settle(window.context, qtbot)
    seen = step.guide.seen()
    assert len(seen) == 1 and "Best fit" not in texts(seen[0])
    assert "No method fits by the estimate" in texts(step)


def test_without_a_model_there_is_no_advice_and_no_figure(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft = draft_of()
    settle(window.context, qtbot)
    assert not step.guide.isVisible()
    assert shown(step, "lora").need_text() == "–" and not step.panel.memory.isVisible()


# The gallery


def test_all_methods_are_shown_with_memory_and_size(step: MethodStep) -> None:
    assert sorted(step.shelf.rows.keys()) == sorted(methods())
    lora = shown(step, "lora")
    assert lora.family_name == "LoRA family"
    assert lora.need_text().endswith(" GB") and lora.size_text().endswith(" MB")
    best = evidence.best("lora")
    assert best is not None and lora.score_text() == f"{100 * best.accuracy:.1f}%"
    assert best.knobs in lora.tip()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_method_of_each_family_is_chosen_by_its_card(
    step: MethodStep, window: MainWindow, qtbot: QtBot, family: str
) -> None:
    key = [one.key for one in methods().values() if one.family == family][-1]
    take(qtbot, step, key)
    settle(window.context, qtbot)
    assert window.context.draft.recipe.method.name == key
    assert shown(step, key).chosen
    assert methods()[key].name in texts(step.panel) and step.panel.drawing.isVisible()


def test_a_card_chooses_its_method_with_sensible_settings(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    take(qtbot, step, "qlora")
    recipe = window.context.draft.recipe
    assert recipe.method.name == "qlora" and recipe.training.optimizer == "paged_adamw_8bit"
    assert shown(step, "qlora").chosen and not shown(step, "lora").chosen
    rank = step.panel.fields["r"]
    assert isinstance(rank, IntField) and rank.value() == 16  # for 1 to 10 billion
    settle(window.context, qtbot)
    assert "QLoRA" in texts(step.panel) and "Weights, 4-bit" in texts(step.panel)


def test_the_keyboard_goes_through_the_cards_chooses_and_opens(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    gallery, keys = step.shelf.gallery, step.shelf.rows.keys()
    gallery.setFocus(Qt.FocusReason.TabFocusReason)
    gallery.go_to(keys[0])
    qtbot.keyClick(gallery, Qt.Key.Key_Right)
    assert gallery.current_key() == keys[1] and gallery.ringed
    qtbot.keyClick(gallery, Qt.Key.Key_Down)
    assert gallery.current_key() == keys[1 + gallery.columns]
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    assert window.context.draft.recipe.method.name == keys[1 + gallery.columns]
    qtbot.keyClick(gallery, Qt.Key.Key_Return)
    assert step.opened() == keys[1 + gallery.columns]


def test_a_method_that_cannot_be_here_says_why_on_its_card_and_beside(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.watcher.machine = replace(LAPTOP, four_bit=False)
    window.context.touch()
    settle(window.context, qtbot)
    assert "bitsandbytes is not installed" in shown(step, "qlora").refused
    assert "bitsandbytes is not installed" in shown(step, "qlora").spoken()
    assert all(one.key != "qlora" for one in step.guide.seen())
    take(qtbot, step, "qlora")
    settle(window.context, qtbot)
    assert "bitsandbytes is not installed" in texts(step.panel)
    page_of(window).go_next()
    assert page_of(window).current() == "method" and step.alert.isVisible()


def test_a_method_that_cannot_do_the_task_is_refused_and_another_named(
    step: MethodStep, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    draft = draft_of(None, label_rows(tmp_path / "labels.jsonl", 30))
    draft.model = BERT
    window.context.draft = draft
    settle(window.context, qtbot)
    key = next(one.key for one in methods().values() if refusal(one.key, "seq_cls", "none", "bert"))
    assert "does not work here" in shown(step, key).refused and not shown(step, "lora").refused
    step.choose(key)
    settle(window.context, qtbot)
    page_of(window).go_next()
    assert step.alert.isVisible() and "Choose" in texts(step.alert)


def test_what_does_not_fit_the_card_is_greyed_with_its_number_and_can_still_be_taken(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.watcher.machine, window.context.watcher.use = with_card(12)
    window.context.touch()
    settle(window.context, qtbot)
    full = shown(step, "full")
    assert full.dim and full.need_text().endswith("of 12 GB") and not full.refused
    step.choose("full")
    settle(window.context, qtbot)
    assert "by the estimate" in texts(step.panel) and "of 12 GB" in texts(step.panel)
    assert step.problems() == []


# The settings


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
    assert not bias.isVisible() and "more settings" in step.panel.more.text()
    click(qtbot, step.panel.more)
    assert bias.isVisible() and step.panel.more.text() == "Fewer settings"
    click(qtbot, step.panel.more)
    assert not bias.isVisible()


def test_a_wrong_setting_is_shown_at_its_field_though_it_was_folded(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft.recipe.method.bias = "some"  # as a recipe's file may have it
    page_of(window).go_next()
    assert page_of(window).current() == "method"
    assert step.panel.fields["bias"].isVisible()
    assert "bias is some" in step.panel.fields["bias"].accessibleDescription()


def test_the_tab_key_goes_through_the_panel_from_above_to_below(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    step._store["unfolded"] = True
    for key in ("boft", "lora"):  # the fields of the second are made after all else
        step.choose(key)
        settle(window.context, qtbot)
        panel = step.panel
        links = [panel.more, panel.source, panel.about, *panel.links.links()]
        fields = sorted(panel.fields.values(), key=lambda one: one.mapTo(panel, QPoint()).y())
        wanted = [*fields, *links]
        ring, widget = [], step.back.nextInFocusChain()
        while widget is not step.back:
            ring.append(widget)
            widget = widget.nextInFocusChain()
        assert [one for one in ring if one in wanted] == wanted
        assert ring.index(wanted[-1]) < ring.index(page_of(window).next_button)


def test_a_long_text_shows_its_beginning_on_a_line_of_its_own(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft.recipe.method = MethodSection(
        name="prompt_tuning", prompt_tuning_init_text="Classify the feeling of what follows. " * 9
    )
    step._store["unfolded"] = True
    window.context.touch()
    settle(window.context, qtbot)
    field = next(one for one in step.panel.fields.values() if isinstance(one, LineField))
    assert len(field.text()) > 200 and field.cursorPosition() == 0
    assert field.isVisible() and field.width() > step.panel.width() * 0.8


def test_links_open_only_when_clicked(
    step: MethodStep, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url))
    assert opened == []
    click(qtbot, step.panel.links.links()[0])
    assert [url.toString() for url in opened] == ["https://arxiv.org/abs/2106.09685"]
