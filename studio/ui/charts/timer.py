"""Ten redraws a second at most, in small parts, none while nothing changed or nobody looks."""

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

INTERVAL = 100  # ms from one redraw to the next
_APART = 12  # ms from one part of a redraw to the next: the window paints and listens meanwhile


class Redraw(QObject):
    """Calls `draw` soon after `ask`, but never begins twice within `INTERVAL`.

    `draw` may draw a part only and return True: it is then called again for the next part.
    """

    def __init__(self, draw: Callable[[], bool | None], parent: QObject) -> None:
        super().__init__(parent)
        self._draw = draw
        self._awake = False
        self._wanted = True
        self._unfinished = False
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)

    def ask(self) -> None:
        """Draw at the next beat if visible, else when shown again."""
        self._wanted = True
        if self._awake and not self._timer.isActive():
            waited = self._clock.elapsed() if self._clock.isValid() else INTERVAL
            self._timer.start(max(0, INTERVAL - int(waited)))

    def now(self) -> None:
        """Draw all of what is wanted without waiting for the beat."""
        self._timer.stop()
        while self._wanted or self._unfinished:
            self._draw_part()

    def wake(self) -> None:
        """Begin: the widget became visible."""
        self._awake = True
        if self._wanted or self._unfinished:
            self.ask()

    def rest(self) -> None:
        """Stop the timer: the widget was hidden."""
        self._awake = False
        self._timer.stop()

    def _draw_part(self) -> None:
        if not self._unfinished:
            self._wanted = False
            self._clock.restart()
        self._unfinished = bool(self._draw())

    def _on_timeout(self) -> None:
        self._draw_part()
        if self._unfinished:
            self._timer.start(_APART)
        elif self._wanted:
            self.ask()
