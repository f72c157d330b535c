"""What the person asks of a run while it works: set by one thread, read by the other."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from studio.runs.requests import Request

Ending = Literal["", "keep", "checkpoint"]


@dataclass
class Control:
    """Requests that wait to be met; each is a single word or a queue, so no lock is needed."""

    ending: Ending = ""
    save: bool = False
    prompts: deque[str] = field(default_factory=deque)
    sample_now: bool = False
    step: int = 0  # the last step that was told, for the other thread
    going: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Begin unpaused."""
        self.going.set()

    @property
    def stopping(self) -> bool:
        """Say whether the run is to end before its last step."""
        return bool(self.ending)

    def take(self, request: Request) -> None:
        """Note one request; unknown names are those of a newer window and are passed over."""
        if request.name in ("stop", "stop_at_checkpoint"):
            self.ending = "keep" if request.name == "stop" else "checkpoint"
            self.going.set()
        elif request.name == "pause":
            self.going.clear()
        elif request.name == "resume":
            self.going.set()
        elif request.name == "save":
            self.save = True
        elif request.name == "sample":
            self._take_sample(str(request.values.get("prompt", "")))

    def _take_sample(self, prompt: str) -> None:
        """Note a prompt of the person's own, or the held-out ones when there is none."""
        if prompt:
            self.prompts.append(prompt)
        else:
            self.sample_now = True
