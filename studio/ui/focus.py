"""The ring around what has the keyboard focus, seen only after keyboard use."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFocusFrame,
    QLineEdit,
    QWidget,
)
from shiboken6 import isValid

from studio.ui.style import RING_MARGIN
from studio.ui.theme import theme

KEYS = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_INSIDE = (QLineEdit, QAbstractSpinBox, QComboBox, QAbstractScrollArea)  # draw it themselves


class FocusRing(QFocusFrame):
    """2 px, 2 px outside the control."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ring."""
        width = theme().width("focus")
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().color("focus"), width))
        inset = width / 2
        radius = self._inner_radius() + RING_MARGIN - inset
        rect = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(rect, radius, radius)

    def _inner_radius(self) -> int:
        widget = self.widget()
        own = widget.property("ring") if widget is not None else None
        return int(own) if own else theme().radius("control")


class FocusFollower(QObject):
    """Moves the one ring of the application to what the keyboard brought the focus to.

    Qt tells the reason only to the widget that loses the focus, so that one is listened to.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._ring: FocusRing | None = None
        self._watched: QWidget | None = None
        self._reason = Qt.FocusReason.OtherFocusReason
        app.focusChanged.connect(self._on_focus_changed)

    def ringed(self) -> QWidget | None:
        """Return the widget that wears the ring."""
        ring = self._living()
        return ring.widget() if ring is not None else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note why the watched widget loses the focus, and take the ring off on a click."""
        if isinstance(event, QFocusEvent) and event.type() == QEvent.Type.FocusOut:
            self._reason = event.reason()
        elif event.type() == QEvent.Type.MouseButtonPress:
            self._wear(None)
        return False

    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self._watched is not None and isValid(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = new
        if new is not None:
            new.installEventFilter(self)
        if self._reason == Qt.FocusReason.ActiveWindowFocusReason:
            return
        wanted = new is not None and self._reason in KEYS and not isinstance(new, _INSIDE)
        self._wear(new if wanted else None)
        self._reason = Qt.FocusReason.OtherFocusReason

    def _wear(self, widget: QWidget | None) -> None:
        ring = self._living()
        if widget is None:
            if ring is not None:
                ring.setWidget(None)  # type: ignore[arg-type]
            return
        if ring is None:
            ring = self._ring = FocusRing(widget.window())
        ring.setWidget(widget)

    def _living(self) -> FocusRing | None:
        """Return the ring unless it went with the page that it lay on."""
        return self._ring if self._ring is not None and isValid(self._ring) else None


def follow_focus(app: QApplication) -> FocusFollower:
    """Show the focus ring in this application from now on."""
    return FocusFollower(app)
