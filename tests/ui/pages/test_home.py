"""Home: its two faces, the run that trains, this computer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.hardware import Card, CardUse, Machine, Use
from studio.recipe import Recipe, load
from studio.ui.context import Context
from studio.ui.fitting import largest
from studio.ui.pages.home import HomePage
from studio.ui.pages.home_machine import missing_for_card
from studio.ui.window import MainWindow
from tests.helpers.histories import give_worker, write_run

Open = Callable[[], MainWindow]
GIB = 2**30


def _home(window: MainWindow) -> HomePage:
    page = window.pages["home"]
    assert isinstance(page, HomePage)
    return page


def test_sample_takes_the_stage_until_there_is_a_run(
    open_window: Open, runs: Path, qtbot: QtBot
) -> None:
    """The first run turns the page to its other face."""
    page = _home(open_window())
    assert page.first and page.sample is not None
    assert "93 MB" in page.sample.note.text()
    write_run(runs, "one")
    qtbot.waitUntil(lambda: page.first is False)
    assert page.table.rows.keys() == [str(next(runs.iterdir()))]


def test_sample_card_tells_rows_and_time(open_window: Open, qtbot: QtBot) -> None:
    """Counted and estimated in the background."""
    page = _home(open_window())
    sample = page.sample
    assert sample is not None
    qtbot.waitUntil(lambda: sample.rows.text() == "220 short chats", timeout=20_000)
    assert "min" in sample.time.text()


def test_sample_starts_the_sample_recipe(
    open_window: Open, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One click is a run of presets/recipes/sample.toml."""
    started: list[Recipe] = []
    page = _home(open_window())
    monkeypatch.setattr(context, "start_run", lambda recipe: started.append(recipe) or True)
    assert page.sample is not None
    page.sample.start_button.click()
    assert started == [load("sample")]


def test_training_run_has_a_card_with_progress_and_pause(
    open_window: Open, context: Context, runs: Path, qtbot: QtBot
) -> None:
    """Pause leaves a request in the folder."""
    folder = write_run(runs, "support-tone", steps=58, total=100, end="", age=60)
    worker = give_worker(folder)
    page = _home(open_window())
    qtbot.waitUntil(lambda: bool(page.training))
    card = page.training[str(folder.path)]
    assert "Step 58 of 100" in card.step.text()
    assert "min" in card.left.text() or " s left" in card.left.text()
    qtbot.waitUntil(lambda: len(card.spark._series) == 58)
    card.pause_button.click()
    assert [file.name.split("-")[-1] for file in folder.requests.iterdir()] == ["pause.json"]
    worker.kill()
    worker.wait()
    qtbot.waitUntil(lambda: not page.training)


def test_computer_tells_its_facts_and_what_fits(open_window: Open, qtbot: QtBot) -> None:
    """Memory, disk, 4-bit, the largest models."""
    card = _home(open_window()).computer
    qtbot.waitUntil(lambda: bool(card.facts.values()), timeout=20_000)
    facts = card.facts.values()
    assert "free" in facts["Memory"] and "free" in facts["Disk for runs"]
    assert facts["4-bit"] in ("available", "not installed")
    assert "LoRA, 16-bit" in card.fits.values()


def _machine(card: Card | None) -> Machine:
    return Machine("P", 8, 64 * GIB, True, card, True, "Linux")


def test_a_24_gb_card_fits_what_people_know_it_fits() -> None:
    """4-bit holds more than 16-bit, 16-bit LoRA more than all weights."""
    machine = _machine(Card("RTX 4090", 24 * GIB, "570.1", (8, 9)))
    fits = largest(machine, Use(8 * GIB, 64 * GIB, 1.0, CardUse(GIB // 2, 0, 40)))
    assert fits.full < fits.lora < fits.qlora
    assert 7e9 < fits.lora < 9e9 and 1e10 < fits.qlora < 4e10


def test_missing_card_is_explained() -> None:
    """The driver, and a PyTorch that knows no CUDA."""
    found = missing_for_card(_machine(None), "2.13.0+cpu")
    assert [check.kind for check in found] == ["bad", "bad", "good"]
    assert "2.13.0+cpu" in found[1].text and "CUDA" in found[1].detail


def test_folder_that_is_no_run_is_refused(
    open_window: Open, context: Context, tmp_path: Path
) -> None:
    """A sentence, no page."""
    window = open_window()
    _home(window).open_run(tmp_path)
    assert window.page() == "home" and context.toaster is not None
    assert "is no run folder" in context.toaster.toasts()[0].accessibleName()
