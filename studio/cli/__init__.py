"""The terminal: the same runs without a window. One file holds one group of commands."""

from studio.cli.main import main
from studio.cli.terminal import complain

__all__ = ["complain", "main"]
