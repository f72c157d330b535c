"""The Training step: presets, values with their consequences, what memory and time they take."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio import flow
from studio.recipe import Recipe
from studio.ui.new_run.training_notes import learning_rates, shown_steps
from studio.ui.pages.training import TrainingStep
from studio.ui.window import MainWindow
from tests.helpers.facts import LLAMA_3B, with_card
from tests.helpers.tiny import chat_rows
from tests.helpers.wizard import draft_of, open_step, page_of, settle, texts

Open = Callable[[], MainWindow]


@pytest.fixture
def window(open_window: Open, tmp_path: Path) -> MainWindow:
    """Return a window with a 3B model and 120 chats, with a card of 12 GB."""
    made = open_window()
    made.context.watcher.close()
    made.context.watcher.machine, made.context.watcher.use = with_card(12)
    draft = draft_of(None, chat_rows(tmp_path / "rows.jsonl", 120))
    draft.model = LLAMA_3B
    made.context.draft = draft
    return made


@pytest.fixture
def step(window: MainWindow, qtbot: QtBot) -> TrainingStep:
    """Return the Training step."""
    found: TrainingStep = open_step(window, qtbot, "training")
    settle(window.context, qtbot)
    return found


def note(step: TrainingStep, key: str) -> str:
    """Return what stands beside a field."""
    return step.form.rows[key].note.text()


def test_basic_shows_what_is_usually_set_and_all_shows_all(
    step: TrainingStep, qtbot: QtBot
) -> None:
    rows = step.form.rows
    assert rows["epochs"].isVisible() and not rows["weight_decay"].isVisible()
    step.tiers.chosen.emit("all")
    assert all(row.isVisibleTo(step.form) for row in rows.values())
    assert step.tiers.button("all").text() == f"All {len(rows)}"


def test_a_preset_sets_its_values_and_nothing_else(
    step: TrainingStep, window: MainWindow, qtbot: QtBot
) -> None:
    training = window.context.draft.recipe.training
    training.learning_rate = 5e-4
    qtbot.mouseClick(step.presets.button("quick"), Qt.MouseButton.LeftButton)
    assert window.context.draft.training_preset == "quick"
    assert training.max_steps == 60 and training.learning_rate == 5e-4
    assert step.form.inputs["max_steps"].value() == 60
    assert "A few minutes" in texts(step)


def test_each_value_says_what_it_leads_to(step: TrainingStep) -> None:
    assert note(step, "epochs") == "87 steps in all"  # 114 rows, 4 a step, 3 epochs
    assert note(step, "warmup") == "The first 3 steps"
    assert note(step, "accumulation") == "4 rows a step"
    assert note(step, "eval_every") == "6 rows, 1 time"
    assert "none is cut" in note(step, "max_length")
    assert note(step, "learning_rate") == "Usual for LoRA: 2e-4"


def test_the_dot_shows_what_differs_and_puts_it_back(
    step: TrainingStep, window: MainWindow, qtbot: QtBot
) -> None:
    row = step.form.rows["epochs"]
    assert not row.dot.isVisible() and not step.changed.isVisible()
    step.form.inputs["epochs"].setValue(5)
    settle(window.context, qtbot)
    assert row.dot.isVisible() and step.changed.text() == "1 changed from Balanced"
    assert note(step, "epochs") == "145 steps in all"
    qtbot.mouseClick(row.dot, Qt.MouseButton.LeftButton)
    settle(window.context, qtbot)
    assert window.context.draft.recipe.training.epochs == 3
    assert not row.dot.isVisible() and not step.changed.isVisible()


def test_everything_changed_is_put_back_at_once(
    step: TrainingStep, window: MainWindow, qtbot: QtBot
) -> None:
    flow.choose_method(window.context.draft, "qlora")
    step.form.inputs["epochs"].setValue(5)
    step.form.inputs["learning_rate"].setValue(1e-3)
    settle(window.context, qtbot)
    qtbot.mouseClick(step.changed, Qt.MouseButton.LeftButton)
    training = window.context.draft.recipe.training
    assert (training.epochs, training.learning_rate) == (3, 2e-4)
    assert training.optimizer == "paged_adamw_8bit"  # the method's own, not a change


def test_a_value_that_cannot_be_is_refused_at_its_field(
    step: TrainingStep, window: MainWindow
) -> None:
    step.form.inputs["learning_rate"].setValue(0)
    assert "more than 0" in step.form.rows["learning_rate"].error.text()
    assert window.context.draft.recipe.training.learning_rate == 2e-4
    step.form.inputs["learning_rate"].setValue(1e-4)
    assert step.form.rows["learning_rate"].error.text() == ""
    assert window.context.draft.recipe.training.learning_rate == pytest.approx(1e-4)


def test_rows_at_a_time_keep_the_rows_of_a_step(
    step: TrainingStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft.recipe.training.accumulation = 4  # 16 rows a step
    window.context.touch()
    settle(window.context, qtbot)
    assert step.panel.batches.radios[4].isChecked()
    qtbot.mouseClick(step.panel.batches.radios[2], Qt.MouseButton.LeftButton)
    training = window.context.draft.recipe.training
    assert (training.batch_size, training.accumulation) == (2, 8)
    settle(window.context, qtbot)
    assert step.form.inputs["batch_size"].value() == 2
    assert "Each step learns from 16 rows" in texts(step.panel)


def test_a_number_of_rows_of_ones_own_joins_the_list(
    step: TrainingStep, window: MainWindow, qtbot: QtBot
) -> None:
    step.form.inputs["batch_size"].setValue(3)
    settle(window.context, qtbot)
    assert list(step.panel.batches.radios) == [1, 2, 3, 4, 8, 16]
    assert step.panel.batches.radios[3].isChecked()


def test_recomputing_saves_memory_and_says_how_much(
    step: TrainingStep, window: MainWindow, qtbot: QtBot
) -> None:
    before = window.context.draft.estimate(window.context.machine, window.context.use)
    assert "saves " in texts(step.panel)
    qtbot.mouseClick(
        step.panel.recompute, Qt.MouseButton.LeftButton, pos=step.panel.recompute.rect().center()
    )
    assert window.context.draft.recipe.training.gradient_checkpointing
    after = window.context.draft.estimate(window.context.machine, window.context.use)
    assert before and after and after.total < before.total


def test_the_plan_is_the_schedule_of_transformers() -> None:
    import torch
    from transformers import get_scheduler

    for name in ("cosine", "linear", "constant"):
        training = Recipe().training
        training.schedule, training.warmup = name, 0.1
        weight = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([weight], lr=training.learning_rate)
        theirs = get_scheduler(
            "constant_with_warmup" if name == "constant" else name, optimizer, 5, 50
        )
        rates = []
        for _ in range(51):
            rates.append(theirs.get_last_lr()[0])
            optimizer.step()
            theirs.step()
        assert shown_steps(50) == list(range(51))
        assert learning_rates(training, 50) == pytest.approx(rates)


def test_rows_longer_than_the_model_reads_are_sent_back_here(
    step: TrainingStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft.recipe.training.max_length = 200_000
    page_of(window).go_next()
    assert page_of(window).current() == "training"
    assert "reads at most 131,072 tokens" in step.form.rows["max_length"].error.text()
    step.form.inputs["max_length"].setValue(4096)
    qtbot.waitUntil(lambda: not step.alert.isVisible())
    assert step.form.rows["max_length"].error.text() == ""


def test_a_preset_never_asks_for_more_than_the_model_reads(
    window: MainWindow, qtbot: QtBot
) -> None:
    from dataclasses import replace

    window.context.draft.model = replace(LLAMA_3B, context=256)
    step = open_step(window, qtbot, "training")
    assert window.context.draft.recipe.training.max_length == 256
    assert step.problems() == [] and not step.form.rows["max_length"].dot.isVisible()


def test_without_model_and_data_the_form_still_works(
    step: TrainingStep, window: MainWindow, qtbot: QtBot
) -> None:
    window.context.draft = draft_of()
    settle(window.context, qtbot)
    step.form.inputs["epochs"].setValue(2)
    settle(window.context, qtbot)
    assert window.context.draft.recipe.training.epochs == 2
    assert note(step, "epochs") == "How often each row is seen"
