"""The recipe of a run, as its file has it; it never changes after the start."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from studio.errors import Problem
from studio.runs.folder import RunFolder
from studio.ui.theme import theme
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.layouts import hbox, vbox
from studio.ui.widgets.page import EDGE
from studio.words import tr


class RecipePanel(QWidget):
    """The file's text, what was told about it, and ways to use it again.

    Signals:
        reused: the person wants a new run of this recipe.
    """

    reused = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._warnings: list[Problem] = []
        self.checks = CheckList([])
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(theme().font("small", mono=True))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.text.document().setDocumentMargin(0)
        self.text.setAccessibleName(tr("Recipe"))
        copy = Button(tr("Copy"), "default", "copy", compact=True)
        copy.clicked.connect(self._on_copied)
        again = Button(tr("Open as new run"), "default", "plus-circle", compact=True)
        again.clicked.connect(self.reused)
        column = vbox(
            self.checks,
            self.text,
            hbox(copy, again, None, gap=8),
            gap=12,
            margins=(EDGE, 16, EDGE, 12),
            into=self,
        )
        column.setStretch(1, 1)
        self.checks.hide()

    def open_run(self, folder: RunFolder) -> None:
        """Show another run's recipe."""
        try:
            text = folder.recipe_file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            text = tr("The recipe cannot be read.")
        self.text.setPlainText(text)
        self.show_warnings([])

    def show_warnings(self, warnings: list[Problem]) -> None:
        """Say what the worker noticed about rows and settings."""
        if warnings == self._warnings:
            return
        self._warnings = list(warnings)
        found = {one.sentence(): Check("warn", one.sentence(), one.step()) for one in warnings}
        self.checks.set_checks(list(found.values()))
        self.checks.setVisible(bool(found))

    def _on_copied(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
