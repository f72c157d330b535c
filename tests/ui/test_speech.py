"""The window's language: our sentences and Qt's own."""

from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from studio.ui.speech import speak
from studio.words import tr


def test_qt_speaks_the_same_language(qtbot: QtBot) -> None:
    """The menu of a text field changes with our words, and back."""
    field = QLineEdit()
    qtbot.addWidget(field)
    found = []
    for code in ("zh_CN", "en"):
        speak(code)
        entry = field.createStandardContextMenu().actions()[0]
        found.append((tr("Settings"), entry.text().split("\t")[0]))
    assert found[1] == ("Settings", "&Undo")
    assert found[0] != found[1] and found[0][1].startswith("撤") and found[0][0] == "设置"
