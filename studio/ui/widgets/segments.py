"""A choice of two to four that are all seen, and chips that filter."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy

from studio.ui.theme import theme
from studio.ui.widgets.buttons import ICON, Button
from studio.ui.widgets.layouts import clear, hbox


class _Segment(Button):
    """One of the segments."""

    def __init__(self, key: str, text: str, icon: str, compact: bool) -> None:
        super().__init__(text, "segment", icon, compact)
        self.key = key
        self.setCheckable(True)
        self.setAutoExclusive(False)
        height = theme().height("compact" if compact else "control")
        self.setFixedHeight(height - 2)

    def sizeHint(self) -> QSize:
        """Return room for the word at its chosen, heavier weight, so nothing moves."""
        self.ensurePolished()
        font = theme().font("small" if self._compact else "body", "strong")
        width = QFontMetrics(font).horizontalAdvance(self.text()) + (ICON if self._icon else 0)
        room = 2 * (10 if self._compact else 12)
        return QSize(width + room + (4 if self.text() else 0), self.maximumHeight())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the choice with the arrows."""
        owner, key = self.parentWidget(), Qt.Key(event.key())
        if key in _STEPS and isinstance(owner, Segments):
            owner.step(key)
            return
        super().keyPressEvent(event)

    def _color(self) -> str:
        if not self.isEnabled():
            return "text-disabled"
        return "accent" if self.isChecked() else "text-muted"


_STEPS = {
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
}


class Segments(QFrame):
    """Segments side by side, of which one is chosen; arrow keys move the choice."""

    chosen = Signal(str)

    def __init__(
        self,
        items: list[tuple[str, str]] | None = None,
        compact: bool = False,
        stretch: bool = False,
    ) -> None:
        """Build segments from (key, text); a text "icon:name|Tip" shows an icon with a tip."""
        super().__init__()
        self._compact, self._stretch = compact, stretch
        self._buttons: dict[str, _Segment] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._row = hbox(gap=0, margins=1, into=self)
        self.setProperty("part", "segments")
        self.setFixedHeight(theme().height("compact" if compact else "control"))
        across = QSizePolicy.Policy.Expanding if stretch else QSizePolicy.Policy.Fixed
        self.setSizePolicy(across, QSizePolicy.Policy.Fixed)
        self._group.buttonToggled.connect(self._on_toggled)
        self._silent = False
        self.set_items(items or [])

    def set_items(self, items: list[tuple[str, str]]) -> None:
        """Offer these instead; the first one is chosen unless the chosen key stays."""
        before = self.key()
        self._silent = True
        clear(self._row)
        self._buttons = {}
        for place, (key, text) in enumerate(items):
            button = self._make(key, text)
            button.setProperty("place", _place(place, len(items)))
            self._buttons[key] = button
        self._silent = False
        if items:
            self.set_key(before if before in self._buttons else items[0][0])

    def _make(self, key: str, text: str) -> _Segment:
        name, tip = "", ""
        if text.startswith("icon:"):
            name, _, tip = text.removeprefix("icon:").partition("|")
        button = _Segment(key, "" if name else text, name, self._compact)
        button.setToolTip(tip)
        button.setAccessibleName(tip or text)
        self._group.addButton(button)
        self._row.addWidget(button, 1 if self._stretch else 0)
        return button

    def key(self) -> str:
        """Return the key of the chosen segment, "" when there is none."""
        button = self._group.checkedButton()
        return button.key if isinstance(button, _Segment) else ""

    def set_key(self, key: str) -> None:
        """Choose a segment without the signal."""
        self._silent = True
        self._buttons[key].setChecked(True)
        self._silent = False

    def button(self, key: str) -> Button:
        """Return one segment, to disable it or to give it a tip."""
        return self._buttons[key]

    def step(self, key: Qt.Key) -> None:
        """Choose the next or the one before that is not disabled."""
        keys = [name for name, button in self._buttons.items() if button.isEnabled()]
        place = keys.index(self.key()) + _STEPS[key] if self.key() in keys else 0
        if 0 <= place < len(keys):
            self._buttons[keys[place]].setChecked(True)
            self._buttons[keys[place]].setFocus(Qt.FocusReason.TabFocusReason)

    def _on_toggled(self, button: object, checked: bool) -> None:
        if checked and not self._silent and isinstance(button, _Segment):
            self.chosen.emit(button.key)


def _place(index: int, count: int) -> str:
    if count == 1:
        return "only"
    return "first" if index == 0 else "last" if index == count - 1 else "middle"


class FilterChip(Button):
    """A filter that can be combined with others; `toggled` tells."""

    def __init__(self, text: str, checked: bool = False, tip: str = "") -> None:
        super().__init__(text, "filter", "", compact=True, tip=tip)
        self.setCheckable(True)
        self.setChecked(checked)
        self.toggled.connect(self._on_toggled)
        self._on_toggled(checked)

    def _on_toggled(self, checked: bool) -> None:
        self.set_icon("check" if checked else "")

    def _color(self) -> str:
        if not self.isEnabled():
            return "text-disabled"
        return "accent" if self.isChecked() else "text-muted"
