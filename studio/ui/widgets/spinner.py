"""The turning arc of work whose length is not known, and the clock that turns it."""

from PySide6.QtCore import QElapsedTimer, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from studio.ui.theme import theme

TURN_MS = 900
FRAME_MS = 40


class Turner:
    """Repaints a widget while it is busy and tells how far the arc has turned."""

    def __init__(self, widget: QWidget) -> None:
        self._clock = QElapsedTimer()
        self._timer = QTimer(widget)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(widget.update)

    def start(self) -> None:
        """Start turning, unless the system asks for stillness."""
        self._clock.start()
        if not theme().still:
            self._timer.start()

    def stop(self) -> None:
        """Stand still."""
        self._timer.stop()
        self._clock.invalidate()

    def share(self) -> float:
        """Return how much of the present turn is done, 0 to 1; 0 with reduced motion."""
        if theme().still or not self._clock.isValid():
            return 0.0
        return (self._clock.elapsed() % TURN_MS) / TURN_MS


def paint_arc(painter: QPainter, rect: QRectF, color: str, share: float) -> None:
    """Draw three quarters of a ring, open at the right when share is 0."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width = max(1.5, rect.width() / 10)
    pen = QPen(theme().color(color), width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    inset = width / 2 + rect.width() / 12
    start = round((60 - 360 * share) * 16)
    painter.drawArc(rect.adjusted(inset, inset, -inset, -inset), start, 240 * 16)
    painter.restore()


class Spinner(QWidget):
    """A turning arc of its own."""

    def __init__(self, size: int = 20, color: str = "accent") -> None:
        super().__init__()
        self._color = color
        self._turner = Turner(self)
        self.setFixedSize(size, size)

    def showEvent(self, event: object) -> None:
        """Turn while seen."""
        self._turner.start()

    def hideEvent(self, event: object) -> None:
        """Rest while unseen."""
        self._turner.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the arc."""
        paint_arc(QPainter(self), QRectF(self.rect()), self._color, self._turner.share())
