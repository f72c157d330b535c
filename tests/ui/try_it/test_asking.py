"""Where a person asks: what is missing is said at its field, and another run begins anew."""

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QPixmap
from pytestqt.qtbot import QtBot

from studio.tasks.shelf import task
from studio.tasks.task import Question
from studio.ui.try_it.answers import AnswerPair
from studio.ui.try_it.asking import Asking


@pytest.fixture
def asking(qtbot: QtBot) -> Asking:
    """Return the fields, which can be seen."""
    made = Asking()
    qtbot.addWidget(made)
    made.show()
    return made


def test_asking_says_what_is_missing(asking: Asking, tmp_path: Path) -> None:
    """A prompt, a passage, a picture: by the task's rows."""
    heard: list[Question] = []
    asking.asked.connect(heard.append)
    asking.set_task(task("question_answering"))
    asking.input.set_text("What is it?")
    asking.press()
    assert not heard
    asking.passage.set_text("A red boat.")
    asking.press()
    assert heard == [Question("What is it?", "", passage="A red boat.")]
    asking.set_task(task("image_cls"))
    asking.press()
    assert len(heard) == 1
    assert asking.picture.name.text() == "Choose a picture first."
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    asking.picture.set_path(str(broken))
    assert asking.picture.path() == ""
    assert "broken.png" in asking.picture.name.text()


def test_the_sentence_stands_below_and_the_focus_where_something_is_missing(
    asking: Asking,
) -> None:
    """From above to below: the passage first, then the question."""
    asking.set_task(task("question_answering"))
    asking.input.set_text("What is it?")
    asking.press()
    assert asking.error.isVisible() and asking.error.text() == "Paste a passage first."
    assert asking.focusWidget() is asking.passage
    assert asking.input.accessibleDescription() == ""
    asking.passage.set_text("A red boat.")
    assert not asking.error.isVisible() and asking.passage.accessibleDescription() == ""
    asking.input.set_text("")
    asking.press()
    assert asking.error.text() == "Write a prompt first."
    assert asking.focusWidget() is asking.input
    asking.set_task(task("image_cls"))
    asking.press()
    assert not asking.error.isVisible() and asking.focusWidget() is asking.picture.choose


def test_nothing_of_another_run_stays(asking: Asking, tmp_path: Path) -> None:
    """Neither what was written nor what was missing."""
    file = tmp_path / "red.png"
    picture = QPixmap(4, 4)
    picture.fill(QColor("red"))
    assert picture.save(str(file))
    asking.set_task(task("question_answering"))
    asking.press()
    asking.passage.set_text("A red boat.")
    asking.picture.set_path(str(file))
    asking.press()
    asking.input.set_text("What")
    asking.set_task(task("question_answering"))
    assert (asking.passage.text(), asking.input.text(), asking.picture.path()) == ("", "", "")
    assert not asking.error.isVisible() and asking.input.accessibleDescription() == ""


def test_an_answer_given_up_is_not_being_loaded(qtbot: QtBot) -> None:
    """What was waited for is not said any more."""
    pair = AnswerPair()
    qtbot.addWidget(pair)
    pair.begin()
    pair.base.took.setText("Loading the model")
    pair.stop()
    assert pair.base.took.text() == ""
