"""The list of held-out prompts at the left of Try it."""

import random
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QTextLayout
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from studio.tasks.task import Question
from studio.ui.theme import set_props, theme
from studio.ui.widgets.buttons import IconButton
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, holder, vbox
from studio.ui.words import count
from studio.words import tr

WIDTH = 248
_SIDE, _ABOVE, _LINE = 16, 9, 18  # px beside and above the words, height of a line


class _TwoLines(QStyledItemDelegate):
    """Draws a prompt on two lines at most; a style sheet's padding would elide the first."""

    def __init__(self, prompts: QListWidget) -> None:
        super().__init__(prompts)
        self._prompts = prompts

    def sizeHint(
        self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the list's width and the height of one or two lines."""
        width = self._prompts.viewport().width()
        lines = _lines(str(index.data()), self._room())
        return QSize(width, len(lines) * _LINE + 2 * _ABOVE + 1)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw ground, words and the hairline below."""
        now, rect = theme(), QRect(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, now.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, now.color("hover"))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, now.color("border"))
        painter.setFont(now.font())
        painter.setPen(now.color("text"))
        line = QRect(rect.topLeft() + QPoint(_SIDE, _ABOVE), QSize(rect.width() - _SIDE, _LINE))
        for words in _lines(str(index.data()), self._room()):
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, words)
            line.translate(0, _LINE)

    def _room(self) -> int:
        """Return the width of a line, the same with and without a scroll bar."""
        bar = self._prompts.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        return self._prompts.width() - bar - 2 * _SIDE


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
        set_props(self.list, framed=False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(_TwoLines(self.list))
        self.list.setMouseTracking(True)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)  # a scroll bar takes width
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
            text = question.prompt or Path(question.image).name
            item = QListWidgetItem(" ".join(text.split()))
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


def _lines(text: str, width: int) -> list[str]:
    """Break a text into two lines at most; the second ends with dots where more would follow."""
    layout = QTextLayout(text, theme().font())
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(width)
    layout.endLayout()
    first, rest = text[: line.textLength()], text[line.textLength() :]
    if not rest:
        return [first]
    more = QFontMetrics(theme().font()).elidedText(rest, Qt.TextElideMode.ElideRight, width)
    return [first, more]
