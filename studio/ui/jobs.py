"""Slow work off the GUI thread: a function runs on a pool thread, its answer comes back here."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QThreadPool, Signal
from shiboken6 import isValid

from studio.errors import EngineError, StudioError
from studio.words import mark

T = TypeVar("T")

_log = logging.getLogger(__name__)
_running: set["Job"] = set()  # a job must outlive its thread even when nobody keeps it


class Job(QObject, Generic[T]):
    """One piece of work; its callbacks run on the GUI thread, or never if the parent is gone.

    Signals:
        _ended: result and error, sent from the pool thread.
    """

    _ended = Signal(object, object)

    def __init__(
        self,
        parent: QObject,
        op: Callable[[], T],
        success: Callable[[T], None],
        failure: Callable[[StudioError], None],
    ) -> None:
        super().__init__()
        self._owner, self._op = parent, op
        self._success, self._failure = success, failure
        self._wanted = True
        self._ended.connect(self._on_ended)

    def start(self) -> None:
        """Begin on a thread of the pool."""
        _running.add(self)
        QThreadPool.globalInstance().start(self._work)

    def cancel(self) -> None:
        """Drop the answer; the work itself goes on to its end."""
        self._wanted = False

    def running(self) -> bool:
        """Say whether an answer is still to come."""
        return self._wanted and self in _running

    def _work(self) -> None:
        """Run the function on the pool's thread and send what came of it."""
        result, error = None, None
        try:
            result = self._op()
        except StudioError as reason:
            error = reason
        except Exception as reason:  # noqa: BLE001 - a person must hear of it, whatever it is
            _log.exception("work in the background failed")
            error = unexpected(reason)
        if isValid(self):
            self._ended.emit(result, error)

    def _on_ended(self, result: T, error: StudioError | None) -> None:
        _running.discard(self)
        if not self._wanted or not isValid(self._owner):
            return
        self._wanted = False
        if error is not None:
            self._failure(error)
        else:
            self._success(result)


def unexpected(reason: BaseException) -> EngineError:
    """Return the sentence for an error that nobody foresaw."""
    text = f"{type(reason).__name__}: {reason}" if str(reason) else type(reason).__name__
    return EngineError(
        mark("Something unexpected happened: {reason}."),
        mark("The full text is in the log; its folder is named in the settings."),
        reason=text.rstrip("."),
    )


def run(
    parent: QObject,
    op: Callable[[], T],
    success: Callable[[T], None],
    failure: Callable[[StudioError], None],
) -> Job[T]:
    """Start `op` on a pool thread and return the job."""
    job: Job[T] = Job(parent, op, success, failure)
    job.start()
    return job
