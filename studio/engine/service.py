"""The service: one long-lived process that answers the window's and the terminal's requests."""

import faulthandler
import logging
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studio import settings
from studio.engine.failure import plain, unanswered
from studio.engine.wire import Wire
from studio.errors import StudioError
from studio.words import use_language

Reply = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One request while it is worked on: its values and the ways to answer on the way."""

    values: dict[str, Any]
    progress: Callable[[str, int, int], None]
    text: Callable[[str, str], None]
    stopped: Callable[[], bool]


def serve() -> int:
    """Answer requests until stdin ends."""
    wire = Wire()
    faulthandler.enable(sys.stderr)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    wire.send(0, "ready")
    from studio.engine.handlers import HANDLERS

    while (request := wire.next()) is not None:
        _answer(wire, request, HANDLERS)
    return 0


def _answer(
    wire: Wire, request: dict[str, Any], handlers: dict[str, Callable[[Request], Reply]]
) -> None:
    """Work on one request; an error becomes an answer, never the end of the service."""
    number = int(request["id"])
    use_language(settings.load().language)
    asked = Request(
        request,
        _Throttled(wire, number),
        lambda side, piece: wire.send(number, "text", side=side, text=piece),
        lambda: wire.cancelled(number),
    )
    try:
        if not asked.stopped():
            wire.send(number, "result", **handlers[request["op"]](asked))
        else:
            wire.send(number, "result", cancelled=True)
    except Exception as reason:  # noqa: BLE001 - an error is an answer, not the end
        _send_error(wire, number, reason)


def _send_error(wire: Wire, number: int, reason: Exception) -> None:
    """Send an exception as a sentence with a next step; the traceback goes along and to the log."""
    detail = traceback.format_exc()
    if not isinstance(reason, StudioError):
        sys.stderr.write(detail)
    told = unanswered(reason)
    wire.send(
        number,
        "error",
        text=told.text,
        next_step=told.next_step,
        values=plain(told.values),
        detail=detail,
    )


class _Throttled:
    """Send progress ten times a second at most, and always the end of a stage."""

    def __init__(self, wire: Wire, number: int) -> None:
        self.wire, self.number, self.last = wire, number, 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Send what is due."""
        now = time.monotonic()
        if now - self.last >= 0.1 or (total and done >= total):
            self.last = now
            self.wire.send(self.number, "progress", stage=stage, done=done, total=total)
