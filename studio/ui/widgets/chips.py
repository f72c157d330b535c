"""States: a chip with ground for headers and cards, an icon with a word elsewhere."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from studio.ui.theme import set_props, theme
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hbox

_COLORS = {"neutral": "text-muted", "accent": "accent"}


class Chip(QFrame):
    """A short word on a tinted ground: neutral, accent, good, warn or bad."""

    def __init__(self, text: str, kind: str = "neutral", icon: str = "", tip: str = "") -> None:
        super().__init__()
        self.setProperty("part", "chip")
        self._mark = IconLabel(icon or "check", size=12)
        self._text = Label(text)
        hbox(self._mark, self._text, gap=4, margins=(6, 0, 6, 0), into=self)
        self.setFixedHeight(theme().height("chip"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set(text, kind, icon, tip)

    def set(self, text: str, kind: str = "neutral", icon: str = "", tip: str = "") -> None:
        """Say something else."""
        self._text.setText(text)
        self._mark.setVisible(bool(icon))
        if icon:
            self._mark.set_icon(icon, _COLORS.get(kind, kind))
        self.setToolTip(tip)
        set_props(self, kind=kind)
        self._text.style().unpolish(self._text)
        self._text.style().polish(self._text)

    def text(self) -> str:
        """Return the word."""
        return self._text.text()


class StateWord(QWidget):
    """A state as icon and word, with an optional muted addition."""

    def __init__(self, icon: str, text: str, color: str = "text-muted", more: str = "") -> None:
        super().__init__()
        self._mark = IconLabel(icon, color)
        self._text = Label(text)
        self._more = Label(more, "small")
        row = hbox(self._mark, self._text, self._more, None, gap=6, into=self)
        row.setAlignment(self._mark, Qt.AlignmentFlag.AlignVCenter)
        self._more.setVisible(bool(more))

    def set(self, icon: str, text: str, color: str = "text-muted", more: str = "") -> None:
        """Say something else."""
        self._mark.set_icon(icon, color)
        self._text.setText(text)
        self._more.setText(more)
        self._more.setVisible(bool(more))
