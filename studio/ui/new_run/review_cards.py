"""Cards of the Review step: four figures, the recipe in words, the command, the recipe as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from studio.ui.theme import theme
from studio.ui.widgets.buttons import IconButton, Link
from studio.ui.widgets.cards import Card
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import clear, hairline, hbox, holder, vbox
from studio.words import tr

_NAME_WIDTH = 88
_COMMAND = 36
_TEXT_LEAST = 360
_TEXT_MARGIN = 12
_FIGURE = 34  # px: as high with Chinese letters as without, so that all stand in line


class Figures(Card):
    """Numbers side by side, each with a name above and a line below."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(margins=0, gap=0)
        self._figures = [(Label("", "figure"), Label("", "small", elide=True)) for _ in names]
        row = hbox(gap=0)
        for place, (name, (figure, below)) in enumerate(zip(names, self._figures, strict=True)):
            if place:
                row.addWidget(hairline(vertical=True))
            figure.setMinimumHeight(_FIGURE)
            column = vbox(Label(name, "small"), figure, below, None, gap=4, margins=16)
            row.addLayout(column, 1)
        self.body.addLayout(row)

    def show_figures(self, figures: Sequence[tuple[str, str]]) -> None:
        """Show (figure, line below) in the order of the names."""
        for (label, below), (figure, line) in zip(self._figures, figures, strict=True):
            label.setText(figure)
            below.setText(line)
            below.setToolTip("")

    def texts(self) -> list[str]:
        """Return the figures as they are shown."""
        return [label.text() for label, _below in self._figures]


@dataclass(frozen=True)
class Line:
    """One part of the recipe in words; `page` and `argument` say where it is edited."""

    name: str
    text: str
    detail: str
    page: str
    argument: str = ""


class RecipeCard(Card):
    """The recipe in words, part by part, each with a link to where it is edited."""

    edit = Signal(str, str)

    def __init__(self) -> None:
        super().__init__(margins=0, gap=0)
        self._lines: list[Line] = []
        self.links: dict[str, Link] = {}

    def show_lines(self, lines: list[Line]) -> None:
        """Show these parts; nothing is made anew when they did not change."""
        if lines == self._lines:
            return
        self._lines = lines
        clear(self.body)
        for place, line in enumerate(lines):
            if place:
                self.body.addWidget(hairline())
            self.body.addWidget(self._row(line))

    def texts(self) -> dict[str, str]:
        """Return what is said of each part."""
        return {line.name: line.text for line in self._lines}

    def _row(self, line: Line) -> QWidget:
        """Make the row of a part."""
        name = Label(line.name, "muted")
        name.setFixedWidth(_NAME_WIDTH)
        words = vbox(Label(line.text, "strong", wrap=True), gap=3)
        if line.detail:
            words.addWidget(Label(line.detail, "small", wrap=True))
        link = Link(tr("Edit"), small=True)
        link.setAccessibleName(tr("Edit: {part}", part=line.name))
        link.clicked.connect(lambda: self.edit.emit(line.page, line.argument))
        self.links[line.argument or line.page] = link
        row = hbox(name, words, link, gap=16, margins=(16, 11, 16, 11))
        row.setStretch(1, 1)
        row.setAlignment(name, Qt.AlignmentFlag.AlignTop)
        row.setAlignment(link, Qt.AlignmentFlag.AlignTop)
        return holder(row)


class CommandRow(QFrame):
    """The command that does the same from a terminal, with a button that copies it."""

    copied = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("part", "command")
        self.setFixedHeight(_COMMAND)
        self._text = Label("", "mono", elide=True)
        self.copy_button = IconButton("copy", tr("Copy the terminal command"), compact=True)
        self.copy_button.clicked.connect(self.copied)
        mark = IconLabel("terminal-window", tip=tr("Terminal"))
        row = hbox(mark, self._text, self.copy_button, gap=8, margins=(12, 0, 6, 0), into=self)
        row.setStretch(1, 1)

    def show_command(self, text: str) -> None:
        """Show a command."""
        self._text.setText(text)
        self._text.setToolTip("")

    def text(self) -> str:
        """Return the command."""
        return self._text.text()


class CodeView(QPlainTextEdit):
    """A file to read and to copy from: mono, lines as they are."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("role", "log")
        self.setReadOnly(True)
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setFont(theme().font("small", mono=True))
        self.setMinimumHeight(_TEXT_LEAST)
        self.setAccessibleName(name)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(_TEXT_MARGIN)

    def show_text(self, text: str) -> None:
        """Show a text; where it did not change the place of reading stays."""
        if text != self.toPlainText():
            self.setPlainText(text)
