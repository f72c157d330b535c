"""The only joint of window and terminal: without arguments the window opens."""

import os
import sys

from studio.errors import HardwareError, StudioError
from studio.words import mark


def main(arguments: list[str] | None = None) -> int:
    """Open the window, or do what the arguments say; return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if given:
        from studio import cli

        return cli.main(given)
    try:
        return _window()
    except StudioError as error:
        from studio import cli  # not before: the window must open at once

        return cli.complain(error)


def _window() -> int:
    """Open the window.

    Raises HardwareError where there is no screen or a library of the system is missing.
    """
    if not has_screen():
        raise HardwareError(
            mark("There is no screen to open a window on."),
            mark("Try the sample in the terminal: finetune-studio train sample"),
        )
    try:
        from studio.ui.window import main as open_window
    except ImportError as reason:
        if ".so" not in str(reason):
            raise  # a fault of ours, not a missing library of the system
        raise HardwareError(
            mark("The window cannot open because a library of the system is missing: {reason}."),
            mark("On Debian and Ubuntu: sudo apt install libegl1 libgl1 libxkbcommon-x11-0"),
            reason=reason,
        ) from reason
    return open_window([])


def has_screen() -> bool:
    """Say whether a window could be shown; only Linux may be without a screen."""
    if sys.platform != "linux":
        return True
    return any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")))
