"""Fields for text, choices and paths."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPaintEvent, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QStyledItemDelegate,
    QWidget,
)

from studio.ui.icons import paint_icon, set_icon
from studio.ui.theme import set_props, theme
from studio.words import tr


def field_height(compact: bool) -> int:
    """Return the height of a field in px."""
    return theme().height("compact" if compact else "control")


def prepare(field: QWidget, compact: bool) -> None:
    """Give a field its height and let the wheel pass unless it has the focus."""
    field.setProperty("compact", compact)
    field.setFixedHeight(field_height(compact))
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class LineField(QLineEdit):
    """One line of text."""

    error_changed = Signal(str)

    def __init__(self, text: str = "", placeholder: str = "", compact: bool = False) -> None:
        super().__init__(text)
        self._mark: QAction | None = None
        self.setPlaceholderText(placeholder)
        prepare(self, compact)

    def set_error(self, text: str) -> None:
        """Show a bad border and mark; an empty text takes them away."""
        set_props(self, state="bad" if text else "")
        if text and self._mark is None:
            self._mark = QAction(self)
            set_icon(self._mark, "warning-circle", "bad")
            self.addAction(self._mark, QLineEdit.ActionPosition.TrailingPosition)
        if self._mark is not None:
            self._mark.setVisible(bool(text))
            self._mark.setToolTip(text)
        self.setAccessibleDescription(text)
        self.error_changed.emit(text)


class SearchField(LineField):
    """A text to search for, with a way to empty it."""

    def __init__(self, placeholder: str = "", compact: bool = False) -> None:
        super().__init__("", placeholder or tr("Search"), compact)
        self.setAccessibleName(self.placeholderText())
        glass = QAction(self)
        set_icon(glass, "magnifying-glass", "text-muted")
        self.addAction(glass, QLineEdit.ActionPosition.LeadingPosition)
        self._clear = QAction(tr("Clear the search"), self)
        set_icon(self._clear, "x", "text-muted")
        self._clear.triggered.connect(self.clear)
        self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setVisible(False)
        self.textChanged.connect(self._on_text_changed)

    def _on_text_changed(self, text: str) -> None:
        self._clear.setVisible(bool(text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Empty the field on Esc before anything else closes."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)


class ChoiceField(QComboBox):
    """One of several named values."""

    chosen = Signal(str)
    error_changed = Signal(str)

    def __init__(self, items: list[tuple[str, str]] | None = None, compact: bool = False) -> None:
        super().__init__()
        prepare(self, compact)
        self.setView(QListView(self))
        self.setItemDelegate(QStyledItemDelegate(self))
        self.view().setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMaxVisibleItems(16)
        self.set_items(items or [])
        self.activated.connect(self._on_activated)

    def set_items(self, items: list[tuple[str, str]]) -> None:
        """Offer these (key, text) pairs and keep the chosen key if it is still among them."""
        before = self.key()
        self.clear()
        for key, text in items:
            self.addItem(text, key)
        self.set_key(before)

    def key(self) -> str:
        """Return the key of the value shown, "" when there is none."""
        return str(self.currentData() or "")

    def set_key(self, key: str) -> None:
        """Show a value without the signal; an unknown key shows the first one."""
        self.setCurrentIndex(max(0, self.findData(key)))

    def set_item_enabled(self, key: str, enabled: bool, tip: str = "") -> None:
        """Offer or withdraw one value, with the reason as its tool tip."""
        model = self.model()
        item = model.item(self.findData(key)) if isinstance(model, QStandardItemModel) else None
        if item is not None:
            item.setEnabled(enabled)
            item.setToolTip(tip)

    def set_error(self, text: str) -> None:
        """Show a bad border; an empty text takes it away."""
        set_props(self, state="bad" if text else "")
        self.setAccessibleDescription(text)
        self.error_changed.emit(text)

    def showPopup(self) -> None:
        """Open a list that is wide enough for its longest text."""
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 32)
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page unless the field has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field and its mark."""
        super().paintEvent(event)
        color = "text-muted" if self.isEnabled() else "text-disabled"
        rect = QRectF(self.width() - 22, (self.height() - 12) / 2, 12, 12)
        paint_icon(QPainter(self), rect, "caret-down", color)

    def _on_activated(self, _row: int) -> None:
        self.chosen.emit(self.key())


class TextField(QPlainTextEdit):
    """Several lines of text; Ctrl+Enter submits, Tab goes on to the next field."""

    submitted = Signal()
    error_changed = Signal(str)

    def __init__(self, text: str = "", placeholder: str = "", lines: int = 3) -> None:
        super().__init__(text)
        self.setProperty("role", "field")
        self.setPlaceholderText(placeholder)
        self.setTabChangesFocus(True)
        self.ensurePolished()
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 24)

    def text(self) -> str:
        """Return what was typed."""
        return self.toPlainText()

    def set_text(self, text: str) -> None:
        """Show a text."""
        self.setPlainText(text)

    def set_error(self, text: str) -> None:
        """Show a bad border; an empty text takes it away."""
        set_props(self, state="bad" if text else "")
        self.setAccessibleDescription(text)
        self.error_changed.emit(text)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page unless the field has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Submit on Ctrl+Enter."""
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submitted.emit()
            return
        super().keyPressEvent(event)
