"""Ten redraws a second at most, none while nothing changed or nobody looks."""

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

INTERVAL = 100  # ms between two redraws


class Redraw(QObject):
    """Calls `draw` soon after `ask`, but never twice within `INTERVAL`."""

    def __init__(self, draw: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._draw = draw
        self._awake = False
        self._wanted = True
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.now)

    def ask(self) -> None:
        """Draw at the next beat if visible, else when shown again."""
        self._wanted = True
        if self._awake and not self._timer.isActive():
            waited = self._clock.elapsed() if self._clock.isValid() else INTERVAL
            self._timer.start(max(0, INTERVAL - int(waited)))

    def now(self) -> None:
        """Draw what is wanted without waiting for the beat."""
        self._timer.stop()
        if self._wanted:
            self._wanted = False
            self._clock.restart()
            self._draw()

    def wake(self) -> None:
        """Begin: the widget became visible."""
        self._awake = True
        if self._wanted:
            self.ask()

    def rest(self) -> None:
        """Stop the timer: the widget was hidden."""
        self._awake = False
        self._timer.stop()
