"""What an export target must offer, and what the engine hands it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studio.errors import Problem


@dataclass(frozen=True)
class Exported:
    """What is known of the run that is exported; bytes."""

    merges: bool
    whole_model: bool
    base_bytes: int
    adapter_bytes: int


@dataclass(frozen=True)
class Job:
    """One export: where to, and the engine's means to write it.

    `copy_adapter` and `merge` write into a folder; they tell progress and may be stopped.
    """

    out: Path
    copy_adapter: Callable[[Path], None]
    merge: Callable[[Path], None]


class Target(Protocol):
    """An export target."""

    name: str
    title: str
    summary: str
    compared: bool  # the result answers by itself, so it is held against the adapter

    def refusal(self, run: Exported) -> Problem | None:
        """Return why the run cannot be exported so, or None."""

    def bytes(self, run: Exported) -> int:
        """Return about how many bytes it will take."""

    def write(self, job: Job) -> None:
        """Write the export; raises ExportError and then leaves nothing behind."""
