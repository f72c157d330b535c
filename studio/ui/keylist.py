"""The sheet of all shortcuts."""

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QWidget

from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox
from studio.words import tr


class KeyList(QDialog):
    """What each key does: in the whole window, on a page, in lists and charts."""

    def __init__(self, parent: QWidget, window_keys: Sequence[tuple[str, str]]) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("All shortcuts"))
        self.rows = [
            FactRows([(name, keys) for name, keys in window_keys]),
            FactRows(_page_keys()),
        ]
        left = vbox(Label(tr("Everywhere"), "section"), self.rows[0], None, gap=12)
        right = vbox(Label(tr("On a page"), "section"), self.rows[1], None, gap=12)
        for column in self.rows:
            column.setMinimumWidth(240)
        hbox(left, right, gap=40, margins=24, into=self)


def _page_keys() -> list[tuple[str, str]]:
    """Return the keys that pages, tables and charts take themselves."""
    return [
        (tr("The page's main button"), "Ctrl+Enter"),
        (tr("Step back or on in a new run"), "Alt+←  Alt+→"),
        (tr("Save recipe or checkpoint"), "Ctrl+S"),
        (tr("Pause training"), "Ctrl+Shift+P"),
        (tr("Stop training"), "Ctrl+."),
        (tr("Show the log"), "Ctrl+L"),
        (tr("Delete a run"), "Del"),
        (tr("Move a chart's cursor"), "←  →"),
        (tr("Show the whole chart"), "0"),
        (tr("Close or deselect"), "Esc"),
    ]
