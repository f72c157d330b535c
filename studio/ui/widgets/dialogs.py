"""A question that must be answered before something that cannot be undone."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from studio.ui.widgets.buttons import Button
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox

WIDTH = 440


class ChoiceDialog(QDialog):
    """A title, a text and answers; Esc is always an answer (key "")."""

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        text: str,
        answers: Sequence[tuple[str, str, str]],
        extra: QWidget | None = None,
    ) -> None:
        """Build a dialog with (key, text, kind of button) answers, the main one last."""
        super().__init__(parent)
        self.key = ""
        self.setWindowTitle(title)
        self.setMinimumWidth(WIDTH)
        self.buttons: dict[str, Button] = {}
        body = vbox(Label(title, "lead", wrap=True), gap=8)
        if text:
            body.addWidget(Label(text, wrap=True))
        if extra is not None:
            body.addSpacing(8)
            body.addWidget(extra)
        row = hbox(None, gap=8)
        for key, words, kind in answers:
            row.addWidget(self._button(key, words, kind))
        vbox(body, row, gap=24, margins=24, into=self)

    def _button(self, key: str, text: str, kind: str) -> Button:
        button = Button(text, kind)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self._on_answered(key))
        self.buttons[key] = button
        if kind == "primary":
            button.setFocus(Qt.FocusReason.OtherFocusReason)
        return button

    def _on_answered(self, key: str) -> None:
        self.key = key
        self.accept()


def ask(
    parent: QWidget | None,
    title: str,
    text: str,
    answers: Sequence[tuple[str, str, str]],
    extra: QWidget | None = None,
) -> str:
    """Ask and return the key of the answer, "" when the dialog was closed."""
    dialog = ChoiceDialog(parent, title, text, answers, extra)
    dialog.exec()
    key = dialog.key
    dialog.deleteLater()
    return key
