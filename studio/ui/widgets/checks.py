"""What was checked: worst first, each with its repair."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from studio.ui.widgets.buttons import Link
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import clear, hbox, holder, vbox
from studio.words import mark, tr

_ICONS = {
    "good": ("check", "good"),
    "warn": ("warning", "warn"),
    "bad": ("x-circle", "bad"),
    "info": ("minus", "text-faint"),
}
_SPOKEN = {
    "good": mark("Good"),
    "warn": mark("Warning"),
    "bad": mark("Problem"),
    "info": mark("Note"),
}
_RANK = ("bad", "warn", "good", "info")


@dataclass(frozen=True)
class Check:
    """One thing that was checked: good, warn, bad or info."""

    kind: str
    text: str
    detail: str = ""
    action: str = ""
    key: str = ""


def kind_mark(kind: str) -> IconLabel:
    """Return the icon of a kind of check, which is also said in words."""
    made = IconLabel(*_ICONS[kind])
    made.setAccessibleName(tr(_SPOKEN[kind]))
    return made


class CheckList(QWidget):
    """Checks in a column; `acted` tells the key of the one whose link was clicked."""

    acted = Signal(str)

    def __init__(self, checks: Sequence[Check] = (), sort: bool = True, gap: int = 8) -> None:
        super().__init__()
        self._sort = sort
        self._column = vbox(gap=gap, into=self)
        self.set_checks(checks)

    def set_checks(self, checks: Sequence[Check]) -> None:
        """Show these checks, worst first unless told to keep their order."""
        clear(self._column)
        ordered = sorted(checks, key=lambda c: _RANK.index(c.kind)) if self._sort else checks
        for check in ordered:
            self._column.addWidget(self._row(check))

    def _row(self, check: Check) -> QWidget:
        text = Label(check.text, "value", wrap=True)
        words = vbox(text, gap=2)
        if check.detail:
            words.addWidget(Label(check.detail, "small", wrap=True))
        icon = kind_mark(check.kind)
        row = hbox(icon, words, gap=8)
        row.setStretch(1, 1)
        row.setAlignment(icon, Qt.AlignmentFlag.AlignTop)
        if check.action:
            link = Link(check.action, small=True)
            link.clicked.connect(lambda _=False, key=check.key or check.text: self.acted.emit(key))
            row.addWidget(link, 0, Qt.AlignmentFlag.AlignTop)
        return holder(row)
