"""A clamped text takes what it needs, and no more than it may."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from studio.ui.widgets.clamped import Clamped
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import vbox


def test_a_clamped_text_grows_to_its_limit_and_scrolls(qtbot: QtBot) -> None:
    """And shrinks again with the next text."""
    label, outer = Label("One line.", wrap=True), QWidget()
    clamped = Clamped(label, 120)
    vbox(clamped, None, into=outer)
    qtbot.addWidget(outer)
    outer.resize(400, 600)
    outer.show()
    line = clamped.height()
    assert 10 < line < 30
    label.setText("A word and another. " * 200)
    qtbot.waitUntil(lambda: clamped.height() == 120)
    assert clamped.verticalScrollBar().maximum() > 0
    label.setText("One line.")
    qtbot.waitUntil(lambda: clamped.height() == line)
