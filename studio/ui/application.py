"""The Qt application around the window: name, icon, theme, number format, crash reports, log."""

import contextlib
import faulthandler
import locale
import logging
import logging.handlers
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import IO

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from studio.errors import StudioError
from studio.paths import ASSETS
from studio.settings import Settings, data_home
from studio.ui.focus import follow_focus
from studio.ui.speech import speak
from studio.ui.theme import themes

_log = logging.getLogger(__name__)
_crash_file: IO[str] | None = None  # faulthandler needs it open as long as the program runs


def make(argv: Sequence[str], settings: Settings) -> QApplication:
    """Return the application, dressed in the person's theme and language."""
    app = QApplication(list(argv))
    # Qt takes the system's number format for the whole process; C libraries then read 0,5.
    locale.setlocale(locale.LC_NUMERIC, "C")
    app.setApplicationName("finetune-studio")
    app.setApplicationDisplayName("Finetune Studio")
    app.setDesktopFileName("finetune-studio")
    app.setWindowIcon(QIcon(str(ASSETS / "icon.svg")))
    speak(settings.language)
    themes().apply(app, settings.theme)
    follow_focus(app)
    return app


def write_log() -> None:
    """Write what goes wrong into files: the log, and where Python stood at a crash."""
    global _crash_file
    folder = data_home() / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "window.log", maxBytes=1 << 20, backupCount=2, encoding="utf-8"
        )
        _crash_file = open(folder / "crash.log", "a", encoding="utf-8")  # noqa: SIM115 - stays open
    except OSError:
        faulthandler.enable()  # a disk that cannot be written to must not keep the window shut
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    faulthandler.enable(_crash_file)


def catch_errors(tell: Callable[[BaseException], None]) -> None:
    """Log every error that nobody caught and tell it in one sentence; the window stays."""

    def on_error(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        if not isinstance(error, StudioError):
            _log.error("nobody caught this", exc_info=(kind, error, trace))
        tell(error)

    def on_thread_error(found: threading.ExceptHookArgs) -> None:
        _log.error("a thread ended early", exc_info=found.exc_value)

    sys.excepthook = on_error
    threading.excepthook = on_thread_error


def let_interrupt() -> None:
    """Let Ctrl+C in the terminal end the program, which Qt's loop would keep from Python."""
    with contextlib.suppress(ValueError):  # not the main thread: a test runs us
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def later(milliseconds: int, work: Callable[[], object]) -> None:
    """Do something once the window has painted."""
    QTimer.singleShot(milliseconds, work)
