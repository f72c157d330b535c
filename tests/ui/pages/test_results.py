"""Try it and Export: which run they show when runs come, go, or the language changes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.tasks.shelf import task
from studio.tasks.task import Question
from studio.ui.context import Context
from studio.ui.pages.export import ExportPage
from studio.ui.pages.try_it import TryItPage
from studio.ui.window import MainWindow
from tests.helpers.histories import write_run

Open = Callable[[], MainWindow]


def _shown(context: Context, page: str) -> str:
    return str(context.store(page).get("run", ""))


@pytest.mark.parametrize("key", ["try_it", "export"])
def test_a_deleted_run_makes_room_for_the_next(
    open_window: Open, context: Context, runs: Path, qtbot: QtBot, key: str
) -> None:
    """Without any run the page says so; the next one that has a result is shown."""
    first = write_run(runs, "one")
    window = open_window()
    window.show_page(key)
    page: TryItPage | ExportPage = window.pages[key]  # type: ignore[assignment]
    assert _shown(context, key) == str(first.path)
    context.runs.remove(str(first.path))
    qtbot.waitUntil(lambda: page.stack.state() == "empty")
    second = write_run(runs, "two")
    qtbot.waitUntil(lambda: _shown(context, key) == str(second.path))
    qtbot.waitUntil(lambda: page.stack.state() != "empty")


def test_exports_are_offered_again_in_another_language(
    open_window: Open, context: Context, runs: Path, qtbot: QtBot
) -> None:
    """The page is made anew and looks at its run anew."""
    write_run(runs, "one")
    window = open_window()
    window.show_page("export")
    qtbot.waitUntil(lambda: bool(window.pages["export"].targets._rows))  # type: ignore[attr-defined]
    window.rebuild()
    page: ExportPage = window.pages["export"]  # type: ignore[assignment]
    qtbot.waitUntil(lambda: bool(page.targets._rows))
    assert page.stack.state() == "ready"


def test_a_long_reference_has_room(
    open_window: Open, context: Context, runs: Path, qtbot: QtBot
) -> None:
    """Its card stood hidden while the text came."""
    write_run(runs, "one")
    window = open_window()
    window.show_page("try_it")
    page: TryItPage = window.pages["try_it"]  # type: ignore[assignment]
    qtbot.waitUntil(lambda: page.stack.state() == "problem")  # that run holds no rows
    page.stack.show_ready()
    card = page.reference_card
    page._show_question(Question("Who?", "A word."))
    qtbot.waitUntil(lambda: card.isVisible() and card.height() > 0)
    low = card.height()
    for reference in ("A word and another. " * 20, "A word.", "A word and another. " * 40):
        page.stack.show_busy("Reading")
        page._ask_nothing()
        qtbot.waitUntil(lambda: not card.isVisible())
        page.stack.show_ready()
        page._show_question(Question("Who?", reference))
        qtbot.waitUntil(lambda: (card.height() > low + 30) == (len(reference) > 10))  # noqa: B023


def test_the_answers_of_another_run_do_not_stay(
    open_window: Open, runs: Path, qtbot: QtBot
) -> None:
    """They would stand under the name of the run that is shown."""
    write_run(runs, "one")
    window = open_window()
    window.show_page("try_it")
    page: TryItPage = window.pages["try_it"]  # type: ignore[assignment]
    page.pair.begin()
    page.pair.tuned.add("An answer.")
    page.pair.end({"tuned": {"seconds": 1.0, "tokens": 3}})
    page._on_read((task("causal_lm"), []))
    assert page.pair.tuned.text.toPlainText() == "" and page.pair.tuned.took.text() == ""


def test_every_choice_at_the_head_has_a_name(open_window: Open, runs: Path, qtbot: QtBot) -> None:
    """A screen reader says what "128 tokens at most" is about."""
    write_run(runs, "one")
    window = open_window()
    window.show_page("try_it")
    page: TryItPage = window.pages["try_it"]  # type: ignore[assignment]
    assert page.length_field.accessibleName() == "Length of the answer"
    assert page.run_field.accessibleName() == "Run"
