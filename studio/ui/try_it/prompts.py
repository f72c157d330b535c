"""The list of held-out prompts at the left of Try it."""

import random

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem

from studio.tasks.task import Question
from studio.ui.theme import set_props, theme
from studio.ui.widgets.buttons import IconButton
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, holder, vbox
from studio.ui.words import count
from studio.words import tr

WIDTH = 248


class PromptList(QFrame):
    """Prompts to choose from.

    Signals:
        chosen(position): a prompt was chosen, by its place in what `set_questions` got.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(WIDTH)
        self.setProperty("part", "list-panel")
        self._count = Label("", "small", elide=True)
        shuffle = IconButton("shuffle", tr("Any prompt"))
        shuffle.clicked.connect(self._on_shuffle)
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        set_props(self.list, role="prompts", framed=False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setWordWrap(True)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)  # a scroll bar takes width
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setSpacing(0)
        self.list.setAccessibleName(tr("Held-out prompts"))
        self.list.currentRowChanged.connect(self._on_row)
        head = holder(hbox(Label(tr("Prompts"), "strong"), self._count, None, shuffle))
        head.setFixedHeight(43)
        head.setContentsMargins(16, 0, 8, 0)
        column = vbox(head, hairline(), self.list, gap=0)
        column.setStretch(2, 1)
        row = hbox(holder(column), hairline(vertical=True), gap=0, into=self)
        row.setStretch(0, 1)

    def set_questions(self, questions: list[Question]) -> None:
        """Show these prompts; nothing is chosen."""
        self.list.blockSignals(True)
        self.list.clear()
        for question in questions:
            item = QListWidgetItem(_short(question.prompt))
            item.setToolTip(question.prompt[:1000])
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._count.setText(tr("{n} held out", n=count(len(questions))))
        self.list.setFont(theme().font())

    def choose(self, position: int) -> None:
        """Choose a prompt as a click would."""
        self.list.setCurrentRow(position)

    def _on_row(self, position: int) -> None:
        if position >= 0:
            self.chosen.emit(position)

    def _on_shuffle(self) -> None:
        others = [row for row in range(self.list.count()) if row != self.list.currentRow()]
        if others:
            self.list.setCurrentRow(random.choice(others))


def _short(prompt: str) -> str:
    """Return the beginning of a prompt: two lines of the list at most."""
    line = " ".join(prompt.split())
    return line if len(line) <= 70 else f"{line[:69]}…"
