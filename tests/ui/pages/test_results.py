"""Try it and Export: which run they show when runs come, go, or the language changes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.ui.context import Context
from studio.ui.pages.export import ExportPage
from studio.ui.pages.try_it import TryItPage
from studio.ui.try_it.prompts import PromptList, _lines
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


def test_prompts_take_two_lines_at_most(qapp: object) -> None:
    """The second ends with dots; nothing is cut from a short one."""
    assert _lines("Who are you?", 200) == ["Who are you?"]
    first, second = _lines("word " * 40, 200)
    assert first.startswith("word") and second.endswith("…")


def test_rows_of_prompts_are_as_high_as_their_words(qtbot: QtBot) -> None:
    """Also where a scroll bar takes width."""
    from studio.tasks.task import Question

    prompts = PromptList()
    qtbot.addWidget(prompts)
    prompts.resize(248, 300)
    texts = ["Who?", "What is a good name for a cat that sleeps all day?"] * 12
    prompts.set_questions([Question(text, "") for text in texts])
    prompts.show()
    heights = [prompts.list.visualItemRect(prompts.list.item(row)).height() for row in (0, 1)]
    assert heights == [37, 55]
