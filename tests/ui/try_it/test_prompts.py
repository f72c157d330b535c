"""The list of held-out prompts gives each the lines that it needs."""

from PySide6.QtWidgets import QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from studio.tasks.task import Question
from studio.ui.try_it.prompts import PromptList, _lines


def test_rows_keep_their_lines_when_a_scroll_bar_appears(qtbot: QtBot) -> None:
    """Heights that were measured without the bar let words run into the next row."""
    prompts = PromptList()
    qtbot.addWidget(prompts)
    prompts.resize(prompts.width(), 4000)
    prompts.show()
    texts = [f"Tell me {'i' * n} now." for n in range(20, 60)]
    prompts.set_questions([Question(text, "") for text in texts])
    alone = _heights(prompts)
    assert len(set(alone)) == 2, "one line, or two"
    prompts.set_questions([Question(text, "") for text in texts * 9])
    qtbot.waitUntil(lambda: prompts.list.verticalScrollBar().maximum() > 0)
    assert _heights(prompts)[: len(texts)] == alone


def test_prompts_take_two_lines_at_most(qapp: object) -> None:
    """The second ends with dots; nothing is cut from a short one."""
    assert _lines("Who are you?", 200) == ["Who are you?"]
    first, second = _lines("word " * 40, 200)
    assert first.startswith("word") and second.endswith("…")


def test_rows_of_prompts_are_as_high_as_their_words(qtbot: QtBot) -> None:
    """Also where a scroll bar takes width."""
    prompts = PromptList()
    qtbot.addWidget(prompts)
    prompts.resize(248, 300)
    texts = ["Who?", "What is a good name for a cat that sleeps all day?"] * 12
    prompts.set_questions([Question(text, "") for text in texts])
    prompts.show()
    heights = [prompts.list.visualItemRect(prompts.list.item(row)).height() for row in (0, 1)]
    assert heights == [37, 55]


def _heights(prompts: PromptList) -> list[int]:
    """Return the height of each row."""
    shown, model = prompts.list, prompts.list.model()
    rows = [model.index(row, 0) for row in range(model.rowCount())]
    return [shown.itemDelegate().sizeHint(QStyleOptionViewItem(), row).height() for row in rows]
