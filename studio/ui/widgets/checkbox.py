"""Check boxes and radio buttons, drawn from the tokens."""

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QRadioButton, QWidget

from studio.ui.icons import paint_icon
from studio.ui.theme import theme

BOX = 16
GAP = 8
HIGH = 24


def paint_box(
    painter: QPainter, rect: QRectF, state: Qt.CheckState, on: bool = True, hover: bool = False
) -> None:
    """Draw the square of a check box; tables use it too."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    full = state != Qt.CheckState.Unchecked
    if full:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("accent-fill" if on else "text-disabled"))
        painter.drawRoundedRect(rect, 4, 4)
        name = "check" if state == Qt.CheckState.Checked else "minus"
        paint_icon(painter, rect.adjusted(2, 2, -2, -2), name, "accent-text")
    else:
        edge = "text-muted" if hover else "border-strong" if on else "border"
        painter.setPen(QPen(theme().color(edge), 1))
        painter.setBrush(theme().color("raised") if on else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.restore()


def paint_dot(
    painter: QPainter, rect: QRectF, checked: bool, on: bool = True, hover: bool = False
) -> None:
    """Draw the circle of a radio button."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if checked:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("accent-fill" if on else "text-disabled"))
        painter.drawEllipse(rect)
        painter.setBrush(theme().color("accent-text"))
        painter.drawEllipse(rect.center(), 3, 3)
    else:
        edge = "text-muted" if hover else "border-strong" if on else "border"
        painter.setPen(QPen(theme().color(edge), 1))
        painter.setBrush(theme().color("raised") if on else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(rect.adjusted(0.5, 0.5, -0.5, -0.5))
    painter.restore()


def _paint_text(painter: QPainter, button: QAbstractButton) -> None:
    left = BOX + GAP
    painter.setPen(theme().color("text" if button.isEnabled() else "text-disabled"))
    flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    flags |= Qt.TextFlag.TextShowMnemonic | Qt.TextFlag.TextWordWrap
    rect = QRect(left, 0, button.width() - left, button.height())
    painter.drawText(rect, flags, button.text())


def _hint(button: QAbstractButton) -> QSize:
    width = button.fontMetrics().horizontalAdvance(button.text().replace("&", ""))
    return QSize(BOX + (GAP + width + 1 if button.text() else 0), HIGH)


def _mark_rect(widget: QWidget) -> QRectF:
    return QRectF(0, (widget.height() - BOX) // 2, BOX, BOX)


class CheckBox(QCheckBox):
    """On, off, or some of several."""

    def __init__(self, text: str = "", checked: bool = False, tip: str = "") -> None:
        super().__init__(text)
        self.setChecked(checked)
        self.setToolTip(tip)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        if not text:
            self.setAccessibleName(tip)

    def sizeHint(self) -> QSize:
        """Return room for box and words."""
        return _hint(self)

    def minimumSizeHint(self) -> QSize:
        """Return the same."""
        return _hint(self)

    def hitButton(self, pos: QPoint) -> bool:
        """Take clicks on the words too."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw box and words."""
        painter = QPainter(self)
        paint_box(painter, _mark_rect(self), self.checkState(), self.isEnabled(), self.underMouse())
        _paint_text(painter, self)


class RadioButton(QRadioButton):
    """One of several; those with the same parent exclude each other."""

    def __init__(self, text: str = "", checked: bool = False, tip: str = "") -> None:
        super().__init__(text)
        self.setChecked(checked)
        self.setToolTip(tip)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        if not text:
            self.setAccessibleName(tip)

    def sizeHint(self) -> QSize:
        """Return room for circle and words."""
        return _hint(self)

    def minimumSizeHint(self) -> QSize:
        """Return the same."""
        return _hint(self)

    def hitButton(self, pos: QPoint) -> bool:
        """Take clicks on the words too."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw circle and words."""
        painter = QPainter(self)
        paint_dot(painter, _mark_rect(self), self.isChecked(), self.isEnabled(), self.underMouse())
        _paint_text(painter, self)
