"""The tag on the axis that names the step under the cursor."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio.ui.theme import theme

_HEIGHT = 18
_PAD = 11


class AxisTag(QWidget):
    """A small box in the text's colour; lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.text = ""
        self.hide()

    def show_at(self, text: str, x: int, y: int) -> None:
        """Stand centred below the point (x, y) of the parent, inside its sides."""
        self.text = text
        width = QFontMetrics(theme().font("caption", "strong")).horizontalAdvance(text) + 2 * _PAD
        parent = self.parentWidget()
        assert parent is not None, "a tag lives on a chart"
        left = min(max(x - width // 2, 0), parent.width() - width)
        self.setGeometry(left, y + 3, width, _HEIGHT)
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the box and its words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("text"))
        radius = theme().radius("chip")
        painter.drawRoundedRect(self.rect(), radius, radius)
        painter.setPen(theme().color("raised"))
        painter.setFont(theme().font("caption", "strong"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text)
