"""Measure the machine each second, off the GUI thread."""

import threading
import time
from collections import deque

from PySide6.QtCore import QObject, Signal

from studio import hardware

_SECOND = 1.0
_KEPT_EVERY = 10.0  # seconds between two points of the history
_KEPT = 720  # points: two hours


class MachineWatcher(QObject):
    """Knows the machine, what is in use now, and the memory of the last two hours.

    Signals:
        measured(Use): once a second.
    """

    measured = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.machine: hardware.Machine | None = None
        self.use: hardware.Use | None = None
        self.history: deque[tuple[float, int]] = deque(maxlen=_KEPT)  # (seconds since 1970, bytes)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="machine", daemon=True)
        self.measured.connect(self._on_measured)

    def begin(self) -> None:
        """Start to measure; calling it again changes nothing."""
        if not self._thread.is_alive() and not self._ending.is_set():
            self._thread.start()

    def close(self) -> None:
        """Stop measuring."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _work(self) -> None:
        """Look once at what stays, then each second at what changes."""
        self.machine = hardware.machine()
        while not self._ending.is_set():
            self.measured.emit(hardware.use())
            self._ending.wait(_SECOND)

    def _on_measured(self, use: hardware.Use) -> None:
        self.use = use
        now = time.time()
        if not self.history or now - self.history[-1][0] >= _KEPT_EVERY:
            self.history.append((now, use.used))
