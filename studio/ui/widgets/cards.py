"""Cards: for holding one thing, or for choosing."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from studio.ui.icons import paint_icon
from studio.ui.theme import theme
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import Margins, hbox, vbox


class Card(QFrame):
    """A raised frame around one thing; put it into `body`."""

    def __init__(self, margins: Margins = 16, gap: int = 8) -> None:
        super().__init__()
        self.setProperty("part", "card")
        self.body: QVBoxLayout = vbox(gap=gap, margins=margins, into=self)


class ChoiceCard(QFrame):
    """A card to choose by click, Enter or Space; chosen it has a 2 px accent edge."""

    clicked = Signal()

    def __init__(self, margins: Margins = (15, 13, 15, 13), gap: int = 6) -> None:
        super().__init__()
        self._chosen = self._held = False
        self.body: QVBoxLayout = vbox(gap=gap, margins=margins, into=self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setProperty("ring", 8)

    def is_chosen(self) -> bool:
        """Tell whether the card is the chosen one."""
        return self._chosen

    def set_chosen(self, chosen: bool) -> None:
        """Mark the card as chosen."""
        self._chosen = chosen
        self.setAccessibleDescription("✓" if chosen else "")
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hold the card."""
        self._held = event.button() == Qt.MouseButton.LeftButton

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Act when released inside."""
        inside = self.rect().contains(event.position().toPoint())
        if self._held and inside and self.isEnabled():
            self.clicked.emit()
        self._held = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Act on Enter and Space, go to the next card with the arrows."""
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
            self._go(1)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Up):
            self._go(-1)
        else:
            super().keyPressEvent(event)

    def _go(self, step: int) -> None:
        parent = self.parentWidget()
        cards = [card for card in _cards_in(parent) if card.isVisible()]
        place = cards.index(self) + step
        if 0 <= place < len(cards):
            reason = (
                Qt.FocusReason.TabFocusReason if step > 0 else Qt.FocusReason.BacktabFocusReason
            )
            cards[place].setFocus(reason)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground and edge."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        now = theme()
        hover = self.underMouse() and self.isEnabled()
        edge = "accent" if self._chosen else "border-strong" if hover else "border"
        width = 2 if self._chosen else 1
        painter.setPen(QPen(now.color(edge), width))
        painter.setBrush(now.color("raised"))
        inset = width / 2
        rect = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(rect, now.radius("card") - inset, now.radius("card") - inset)


def _cards_in(parent: QWidget | None) -> list[ChoiceCard]:
    if parent is None:
        return []
    return parent.findChildren(ChoiceCard, options=Qt.FindChildOption.FindDirectChildrenOnly)


class _Plate(QWidget):
    """The icon of a start on its square."""

    def __init__(self, icon: str, primary: bool) -> None:
        super().__init__()
        self._icon, self._primary = icon, primary
        self.setFixedSize(36, 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw square and icon."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("accent-fill" if self._primary else "hover"))
        painter.drawRoundedRect(self.rect(), 6, 6)
        color = "accent-text" if self._primary else "text-muted"
        paint_icon(painter, QRectF(9, 9, 18, 18), self._icon, color)


class StartCard(ChoiceCard):
    """A way to begin: icon, title, one muted line."""

    def __init__(self, icon: str, title: str, subtitle: str, primary: bool = False) -> None:
        super().__init__(margins=(16, 16, 16, 16))
        words = vbox(
            Label(title, "section", elide=True), Label(subtitle, "small", elide=True), gap=1
        )
        self.body.addStretch(1)
        row = hbox(_Plate(icon, primary), words, gap=12)
        row.setStretch(1, 1)
        self.body.addLayout(row)
        self.body.addStretch(1)
        self.setFixedHeight(72)
        self.setAccessibleName(title)
        self.setAccessibleDescription(subtitle)
