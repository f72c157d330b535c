"""Buttons: primary, default, quiet, danger, icon-only, and words that act."""

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import (
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
)

from studio.ui.icons import paint_icon
from studio.ui.theme import set_props, theme
from studio.ui.widgets.spinner import Turner, paint_arc

LEAST_WIDTH = 64
ICON = 16
GAP = 8
_COLORS = {
    "primary": "accent-text", "quiet": "text-muted", "danger": "bad", "danger-fill": "accent-text",
    "icon-quiet": "text-muted",
}  # fmt: skip


class Button(QPushButton):
    """A button with a verb; its icon, spinner and menu mark are drawn here."""

    def __init__(
        self, text: str, kind: str = "default", icon: str = "", compact: bool = False, tip: str = ""
    ) -> None:
        super().__init__(text)
        self._icon, self._compact, self._busy = icon, compact, False
        self._turner = Turner(self)
        self.setProperty("kind", kind)
        self.setProperty("compact", compact)
        self.setToolTip(tip)
        self.setFixedHeight(theme().height("compact" if compact else "control"))
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def set_kind(self, kind: str) -> None:
        """Change what the button looks like."""
        set_props(self, kind=kind)

    def set_icon(self, name: str) -> None:
        """Show another icon before the word; an empty name takes it away."""
        self._icon = name
        self.updateGeometry()
        self.update()

    def set_menu(self, menu: QMenu) -> None:
        """Open a menu instead of acting."""
        self.setMenu(menu)
        self.updateGeometry()

    def set_busy(self, busy: bool) -> None:
        """Turn a spinner in place of the icon and take no clicks; the width is kept."""
        if busy == self._busy:
            return
        self.setMinimumWidth(self.width() if busy and self.isVisible() else 0)
        self._busy = busy
        if busy:
            self._turner.start()
        else:
            self._turner.stop()
        self.update()

    def is_busy(self) -> bool:
        """Tell whether the spinner turns."""
        return self._busy

    def sizeHint(self) -> QSize:
        """Return room for icon, word and menu mark, at least 64 px wide."""
        self.ensurePolished()
        width = self._content_width(bool(self._icon)) + 2 * (12 if self._compact else 14)
        least = 0 if self._compact else LEAST_WIDTH
        return QSize(max(width, least), self.maximumHeight())

    def minimumSizeHint(self) -> QSize:
        """Return the same: a button's word is never cut."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """Take no clicks while busy."""
        return not self._busy and super().hitButton(pos)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Act on Space and on Enter, unless busy."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            if not self._busy:
                self.click()
            return
        if not (self._busy and event.key() == Qt.Key.Key_Space):
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground from the style sheet, then icon and word."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text, option.icon = "", QIcon()
        option.state &= ~QStyle.StateFlag.State_HasFocus
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        self._paint_content(painter)

    def _color(self) -> str:
        if not self.isEnabled():
            return "text-disabled"
        return _COLORS.get(str(self.property("kind")), "text")

    def _content_width(self, with_icon: bool) -> int:
        width = self.fontMetrics().horizontalAdvance(self.text().replace("&", ""))
        width += ICON + GAP if with_icon and self.text() else ICON if with_icon else 0
        return width + (ICON + 4 if self.menu() is not None else 0)

    def _paint_content(self, painter: QStylePainter) -> None:
        with_icon = bool(self._icon) or self._busy
        left = max(2, (self.width() - self._content_width(with_icon)) // 2)
        if with_icon:
            mark = QRectF(left, (self.height() - ICON) / 2, ICON, ICON)
            if self._busy:
                paint_arc(painter, mark, self._color(), self._turner.share())
            else:
                paint_icon(painter, mark, self._icon, self._color())
            left += ICON + GAP
        painter.setPen(theme().color(self._color()))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        flags |= Qt.TextFlag.TextShowMnemonic
        painter.drawText(QRect(left, 0, self.width() - left, self.height()), flags, self.text())
        if self.menu() is not None:
            caret = QRectF(self.width() - 12 - 12, (self.height() - 12) / 2, 12, 12)
            paint_icon(painter, caret, "caret-down", self._color())


class IconButton(Button):
    """A square button with an icon only: its tip is its name for screen readers too."""

    def __init__(self, icon: str, tip: str, framed: bool = False, compact: bool = False) -> None:
        super().__init__("", "icon" if framed else "icon-quiet", icon, compact, tip)
        self.setAccessibleName(tip)
        self.setFixedWidth(self.maximumHeight())

    def sizeHint(self) -> QSize:
        """Return a square."""
        return QSize(self.maximumHeight(), self.maximumHeight())

    def _content_width(self, with_icon: bool) -> int:
        return ICON if with_icon else 0


class Link(QPushButton):
    """Words that act, in the accent colour."""

    def __init__(self, text: str, small: bool = False) -> None:
        super().__init__(text)
        self.setProperty("kind", "link")
        self.setProperty("small", small)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Act on Enter as well as on Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)
