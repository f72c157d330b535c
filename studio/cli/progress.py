"""What a long act shows on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from studio.cli.terminal import console
from studio.words import mark, tr

_LOG_SECONDS = 10.0

_STAGES = {
    "start": mark("Starting"),
    "fetch": mark("Fetching the model"),
    "convert": mark("Unpacking the model"),
    "data": mark("Turning rows into tokens"),
    "load": mark("Loading the model"),
    "save": mark("Saving what was learnt"),
    "merge": mark("Merging"),
    "compare": mark("Comparing with the adapter"),
    "copy": mark("Copying"),
}


def stage_text(name: str) -> str:
    """Return what a stage does, in words."""
    return tr(_STAGES[name]) if name in _STAGES else name


class Shown:
    """A bar with a caption before it and figures behind it; use it as a context manager."""

    def __enter__(self) -> Self:
        """Begin to draw."""
        from rich.progress import BarColumn, Progress, TextColumn

        shown = console(stderr=True)
        self._live = shown.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[figures]}", markup=False),
            console=shown,
            transient=True,
            disable=not self._live,
        )
        self._task = self._bar.add_task("", total=None, figures="")
        self._told, self._told_at = ("", ""), 0.0
        self._bar.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Take the bar away; what was said stays."""
        self._bar.stop()

    def show(self, caption: str, done: int = 0, total: int = 0, figures: str = "") -> None:
        """Draw how far it is; a total of 0 means unknown."""
        share = f"{done / total:.0%}" if total else ""
        if not self._live:
            begins = caption != self._told[0]
            self._log(caption, figures or ("" if begins else share))
            return
        figures = figures or share
        self._bar.update(
            self._task, description=caption, completed=done, total=total or None, figures=figures
        )

    def _log(self, caption: str, figures: str) -> None:
        """Print a line when something else is done now, or after a while."""
        now = time.monotonic()
        if (caption, figures) == self._told or (
            caption == self._told[0] and now - self._told_at < _LOG_SECONDS
        ):
            return
        self._told, self._told_at = (caption, figures), now
        self.say(f"{caption}: {figures}" if figures else caption)

    def say(self, text: str) -> None:
        """Print a line that stays, above the bar."""
        from rich.text import Text

        self._bar.console.print(Text(text))
