"""The rail at the left: where one is and where one can go."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QSizePolicy, QVBoxLayout

from studio.ui.icons import paint_icon
from studio.ui.theme import theme
from studio.ui.widgets.layouts import vbox
from studio.ui.widgets.strips import Strip
from studio.words import tr

NARROW_WINDOW = 1120  # px; below it the rail shows icons only and side panels become drawers
EDGE = 8


class RailItem(QAbstractButton):
    """One place to go: icon, word, and a count at the right."""

    def __init__(self, key: str, text: str, icon: str) -> None:
        super().__init__()
        self.key, self._icon, self._count = key, icon, 0
        self._narrow = False
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedHeight(theme().height("control"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_count(self, count: int) -> None:
        """Show how many things go on there; 0 shows nothing."""
        self._count = count
        self.setAccessibleDescription(str(count) if count else "")
        self.update()

    def set_narrow(self, narrow: bool) -> None:
        """Show the icon only, with the word as its tip."""
        self._narrow = narrow
        self.setToolTip(self.text() if narrow else "")
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room of an icon; the rail gives the width."""
        return QSize(40, self.maximumHeight())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, icon, word and count."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.isChecked()
        if chosen or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().color("selection" if chosen else "hover"))
            painter.drawRoundedRect(
                self.rect(), theme().radius("control"), theme().radius("control")
            )
        left = (self.width() - 16) / 2 if self._narrow else 10.0
        mark = QRectF(left, (self.height() - 16) / 2, 16, 16)
        paint_icon(painter, mark, self._icon, "accent" if chosen else "text-muted")
        if not self._narrow:
            self._paint_words(painter, chosen)

    def _paint_words(self, painter: QPainter, chosen: bool) -> None:
        painter.setFont(theme().font("body", "strong" if chosen else "medium"))
        painter.setPen(theme().color("text" if chosen else "text-muted"))
        rect = QRect(36, 0, self.width() - 36 - 34, self.height())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, self.text())
        if self._count:
            painter.setFont(theme().font("small"))
            painter.setPen(theme().color("text-muted"))
            rect = QRect(self.width() - 40, 0, 30, self.height())
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(rect, flags, str(self._count))


class Rail(QFrame):
    """Items on top, Settings at the bottom, strips below; `chosen` tells the key."""

    chosen = Signal(str)

    def __init__(
        self, items: Sequence[tuple[str, str, str]], last: tuple[str, str, str] | None = None
    ) -> None:
        """Build a rail from (key, text, icon); `last` stands at the bottom."""
        super().__init__()
        self.setProperty("part", "rail")
        self.setAccessibleName(tr("Pages"))
        self._items: dict[str, RailItem] = {}
        self._narrow = False
        self._strips: list[Strip] = []
        tops = [self._make(*item) for item in items]
        ends = [self._make(*last)] if last else []
        self.strips: QVBoxLayout = vbox(gap=0)
        listed = vbox(*tops, None, *ends, gap=2, margins=(EDGE, 12, EDGE + 1, 10))
        column = vbox(listed, self.strips, gap=0, into=self)
        column.setStretch(0, 1)
        self.setFixedWidth(theme().width("rail"))

    def _make(self, key: str, text: str, icon: str) -> RailItem:
        item = RailItem(key, text, icon)
        item.clicked.connect(lambda: self._on_clicked(key))
        self._items[key] = item
        return item

    def current(self) -> str:
        """Return the key of the chosen item, "" when none is."""
        return next((key for key, item in self._items.items() if item.isChecked()), "")

    def set_current(self, key: str) -> None:
        """Mark an item as chosen without the signal; an unknown key marks none."""
        for name, item in self._items.items():
            item.setChecked(name == key)

    def set_count(self, key: str, count: int) -> None:
        """Show a count at the right of an item."""
        self._items[key].set_count(count)

    def item(self, key: str) -> RailItem:
        """Return one item."""
        return self._items[key]

    def is_narrow(self) -> bool:
        """Tell whether only icons are shown."""
        return self._narrow

    def set_narrow(self, narrow: bool) -> None:
        """Show icons only, or words too; the strips follow."""
        if narrow == self._narrow:
            return
        self._narrow = narrow
        self.setFixedWidth(theme().width("rail-icons" if narrow else "rail"))
        for item in self._items.values():
            item.set_narrow(narrow)
        for strip in self._strips:
            strip.set_narrow(narrow)

    def add_strip(self, strip: Strip) -> None:
        """Add a strip below Settings."""
        self._strips.append(strip)
        self.strips.addWidget(strip)
        strip.set_narrow(self._narrow)

    def focus_current(self) -> None:
        """Take the keyboard focus (F6)."""
        item = self._items.get(self.current()) or next(iter(self._items.values()))
        item.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move along the items with the arrows; Enter goes there."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        items = list(self._items.values())
        focused = next((item for item in items if item.hasFocus()), None)
        if focused is not None and event.key() in steps:
            place = (items.index(focused) + steps[Qt.Key(event.key())]) % len(items)
            items[place].setFocus(Qt.FocusReason.TabFocusReason)
        elif focused is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused.click()
        else:
            super().keyPressEvent(event)

    def _on_clicked(self, key: str) -> None:
        self.set_current(key)
        self.chosen.emit(key)
