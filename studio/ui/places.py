"""Where the window stood, kept in a small file of its own beside the settings."""

import base64
import binascii
import logging

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow

from studio.settings import config_file, write_whole

_log = logging.getLogger(__name__)


def restore_geometry(window: QMainWindow) -> None:
    """Put the window where it was; Qt keeps it on a screen that is still there."""
    file = config_file().with_name("window.state")
    try:
        window.restoreGeometry(QByteArray(base64.b64decode(file.read_bytes())))
    except FileNotFoundError:
        return  # the first start
    except (OSError, binascii.Error) as reason:
        _log.warning("%s: %s", file, reason)


def save_geometry(window: QMainWindow) -> None:
    """Remember where the window is."""
    file = config_file().with_name("window.state")
    try:
        write_whole(file, base64.b64encode(bytes(window.saveGeometry().data())).decode())
    except OSError as reason:
        _log.warning("%s: %s", file, reason)
