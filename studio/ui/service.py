"""The engine's service as the window sees it: one child process, typed calls over its stdio."""

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal
from shiboken6 import isValid

from studio.errors import EngineError, StudioError
from studio.runs.process import worker_environment
from studio.settings import data_home
from studio.words import mark

Progress = Callable[[str, int, int], None]
Text = Callable[[str, str], None]
Result = Callable[[dict[str, Any]], None]
Failure = Callable[[StudioError], None]

_log = logging.getLogger(__name__)
_GRACE_MS = 1500


class Call:
    """One question to the service; `cancel` ends it without an answer."""

    def __init__(
        self,
        service: "Service",
        number: int,
        progress: Progress | None,
        text: Text | None,
        result: Result,
        failure: Failure,
    ) -> None:
        self.number = number
        self._service = service
        self._progress, self._text = progress, text
        self._result, self._failure = result, failure

    def cancel(self) -> None:
        """Stop the work in the service and call nothing back."""
        self._service._cancel(self)

    def running(self) -> bool:
        """Say whether an answer is still to come."""
        return self._service._knows(self)

    def _take(self, reply: dict[str, Any]) -> bool:
        """Hand a reply on; return whether it was the last."""
        kind = reply.get("kind")
        if kind == "progress":
            _call(self._progress, reply["stage"], int(reply["done"]), int(reply["total"]))
        elif kind == "text":
            _call(self._text, reply["side"], reply["text"])
        elif kind == "result":
            _call(self._result, {k: v for k, v in reply.items() if k not in ("id", "kind")})
        elif kind == "error":
            self._fail(_error(reply))
        return kind in ("result", "error")

    def _fail(self, error: StudioError) -> None:
        """Tell the caller that there will be no answer."""
        _call(self._failure, error)


class Service(QObject):
    """Owns the process: started at the first call (or ahead of it), restarted after a crash.

    Signals:
        ready: the process answers.
    """

    ready = Signal()

    def __init__(self, parent: QObject | None = None, command: list[str] | None = None) -> None:
        super().__init__(parent)
        self._command = command or [sys.executable, "-m", "studio.engine", "serve"]
        self._process: QProcess | None = None
        self._calls: dict[int, Call] = {}
        self._last = 0
        self._rest = b""
        self._closed = False

    def start(self) -> None:
        """Start the process if it is not there; calls may be made at once."""
        if self._process is not None or self._closed:
            return
        log = data_home() / "logs" / "service.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = QProcessEnvironment()
        for name, value in worker_environment().items():
            environment.insert(name, value)
        process = self._process = QProcess(self)
        process.setProcessEnvironment(environment)
        process.setStandardErrorFile(str(log))
        process.readyReadStandardOutput.connect(self._on_output)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._rest = b""
        process.start(self._command[0], self._command[1:])

    def call(
        self,
        op: str,
        values: dict[str, Any],
        *,
        result: Result,
        failure: Failure,
        progress: Progress | None = None,
        text: Text | None = None,
    ) -> Call:
        """Ask the service for something; exactly one of result and failure is called later."""
        self._last += 1
        call = Call(self, self._last, progress, text, result, failure)
        self._calls[call.number] = call
        self.start()
        self._send({"id": call.number, "op": op, **values})
        return call

    def release(self) -> None:
        """Let the service give back the memory of its model, if it runs at all."""
        if self._process is not None:
            self.call("release", {}, result=lambda _values: None, failure=_on_release_failed)

    def is_running(self) -> bool:
        """Say whether the process is there."""
        return self._process is not None

    def pid(self) -> int:
        """Return the process's number, 0 where there is none."""
        return int(self._process.processId()) if self._process is not None else 0

    def close(self) -> None:
        """End the process with the window: it reads the end of its input, or is killed."""
        self._closed = True
        self._calls.clear()
        process, self._process = self._process, None
        if process is None:
            return
        process.blockSignals(True)
        process.closeWriteChannel()
        if not process.waitForFinished(_GRACE_MS):
            process.kill()
            process.waitForFinished(_GRACE_MS)

    def _send(self, message: dict[str, Any]) -> None:
        """Write one line; QProcess keeps it until the process reads."""
        if self._process is not None:
            self._process.write((json.dumps(message) + "\n").encode())

    def _knows(self, call: Call) -> bool:
        return self._calls.get(call.number) is call

    def _cancel(self, call: Call) -> None:
        """Forget a call and tell the service, which may be in the middle of it."""
        if self._calls.pop(call.number, None) is not None:
            self._last += 1
            self._send({"id": self._last, "op": "cancel", "target": call.number})

    def _on_output(self) -> None:
        if self._process is None:
            return
        data = self._rest + bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        """Hand one line to the call it belongs to."""
        try:
            reply = json.loads(line)
            number = reply["id"]
        except (ValueError, KeyError, TypeError):
            _log.warning("the service said something unknown: %r", line[:200])
            return
        if number == 0 and reply.get("kind") == "ready":
            self.ready.emit()
        call = self._calls.get(number)
        if call is not None and call._take(reply):
            self._calls.pop(number, None)

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end()

    def _on_finished(self, code: int, _status: QProcess.ExitStatus) -> None:
        _log.warning("the service ended with code %s", code)
        self._on_output()
        self._end()

    def _end(self) -> None:
        """Fail what was asked; the next call starts a new process."""
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        waiting, self._calls = list(self._calls.values()), {}
        for call in waiting:
            call._fail(
                EngineError(
                    mark("The engine process ended before it could answer."),
                    mark("Try again; it starts anew. Its last words are in service.log."),
                )
            )


def _call(callback: Callable[..., None] | None, *arguments: object) -> None:
    """Call back unless there is nobody: the page may have gone with its window."""
    owner = getattr(callback, "__self__", None)
    if callback is None or (isinstance(owner, QObject) and not isValid(owner)):
        return
    callback(*arguments)


def _error(reply: dict[str, Any]) -> StudioError:
    """Make the error that the service told."""
    if reply.get("detail"):
        _log.error("the service failed:\n%s", reply["detail"])
    values = reply.get("values") or {}
    return EngineError(reply.get("text", ""), reply.get("next_step", ""), **values)


def _on_release_failed(error: StudioError) -> None:
    _log.warning("the service did not give back its memory: %s", error)
