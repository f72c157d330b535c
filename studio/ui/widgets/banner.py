"""What is true of the page, until it is no longer true."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSizePolicy

from studio.ui.theme import set_props
from studio.ui.widgets.buttons import Link
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hbox, vbox

ICONS = {"info": "info", "good": "check-circle", "warn": "warning", "bad": "x-circle"}
COLORS = {"info": "accent", "good": "good", "warn": "warn", "bad": "bad"}


class Banner(QFrame):
    """One sentence, its detail and one next step: info, good, warn or bad."""

    acted = Signal()

    def __init__(self, kind: str, text: str, detail: str = "", action: str = "") -> None:
        super().__init__()
        self.setProperty("part", "banner")
        self._mark = IconLabel("info")
        self._text = Label(wrap=True)
        self._detail = Label(wrap=True)
        self._link = Link("")
        self._link.clicked.connect(self.acted)
        words = vbox(self._text, self._detail, gap=4)
        row = hbox(self._mark, words, self._link, gap=12, margins=(12, 11, 12, 11), into=self)
        row.setStretch(1, 1)
        row.setAlignment(self._mark, Qt.AlignmentFlag.AlignTop)
        row.setAlignment(self._link, Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.set(kind, text, detail, action)

    def set(self, kind: str, text: str, detail: str = "", action: str = "") -> None:
        """Say something else."""
        set_props(self, kind=kind)
        self._mark.set_icon(ICONS[kind], COLORS[kind])
        self._text.setText(text)
        self._text.set_role("section" if detail else "body")
        self._detail.setText(detail)
        self._detail.setVisible(bool(detail))
        self._link.setText(action)
        self._link.setVisible(bool(action))
        self.setAccessibleName(text)
