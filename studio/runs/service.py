"""A blocking client of the engine's service: one child process, one JSON line a message.

The process is started apart from us, so that Ctrl+C reaches only us; it ends when its stdin
ends, and at the latest when the `with` block does.
"""

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any, Self

from studio.errors import EngineError, Problem
from studio.runs.process import apart, worker_environment
from studio.words import mark

Reply = dict[str, Any]

_FAREWELL_SECONDS = 15.0  # an export that is cancelled first removes what it has written
_TICK_SECONDS = 0.2  # so that Ctrl+C is heard on Windows too, where a read cannot be interrupted


class ServiceError(EngineError):
    """What the service answered; `detail` is its traceback or its last words."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(problem.text, problem.next_step)
        self.problem = problem
        self.detail = detail


class Service:
    """The service for the length of a `with` block."""

    def __enter__(self) -> Self:
        """Start the process; whether it came up shows at the first call."""
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "studio.engine", "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=worker_environment(),
            **apart(),
        )
        self._replies: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="service", daemon=True)
        self._reader.start()
        self._asked = 0
        self._open = 0
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End the process: politely, then not."""
        if self._open:
            self._send({"op": "cancel", "target": self._open})
        self._hang_up()
        try:
            self._process.wait(_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()
        self._errors.close()

    def call(self, op: str, **values: object) -> Iterator[Reply]:
        """Ask for an operation and give its replies; the last has the kind "result".

        Raises ServiceError: as the service words it, or because the process ended.
        """
        number = self._send({"op": op, **values})
        self._open = number
        while True:
            reply = self._next()
            if reply.get("id") != number:
                continue
            if reply["kind"] == "error":
                self._open = 0
                raise _error(reply)
            if reply["kind"] == "result":
                self._open = 0
                yield reply
                return
            yield reply

    def result(self, op: str, **values: object) -> Reply:
        """Ask for an operation and return its result alone."""
        return list(self.call(op, **values))[-1]

    def _send(self, request: Reply) -> int:
        """Write a request and return its number; a process that is gone is noticed when read."""
        self._asked += 1
        line = json.dumps({"id": self._asked, **request}) + "\n"
        try:
            assert self._process.stdin
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except OSError:
            return self._asked  # the reader finds the end of the pipe and tells it
        return self._asked

    def _next(self) -> Reply:
        """Wait for the next reply; raises EngineError at the end of the pipe."""
        while True:
            try:
                reply = self._replies.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                continue
            if reply is None:
                self._replies.put(None)  # the next call must find it as well
                raise self._gone()
            return reply

    def _read(self) -> None:
        """Put each line of the process into the queue, and None at its end."""
        assert self._process.stdout
        try:
            for line in self._process.stdout:
                self._replies.put(json.loads(line))
        finally:
            self._replies.put(None)

    def _gone(self) -> ServiceError:
        """Return the error for a process that ended in the middle."""
        code = self._process.wait()
        self._errors.seek(0)
        words = self._errors.read()[-8000:].decode("utf-8", "replace")
        problem = Problem(
            "",
            mark("The engine ended without an answer (exit code {code})."),
            mark("Run the command again with --debug to see what it said."),
            {"code": code},
        )
        return ServiceError(problem, words)

    def _hang_up(self) -> None:
        """Close the process's stdin, which tells it to end."""
        try:
            assert self._process.stdin
            self._process.stdin.close()
        except OSError:
            return  # it is gone already


def _error(reply: Reply) -> ServiceError:
    """Rebuild the error that the service met."""
    text, step = str(reply.get("text", "")), str(reply.get("next_step", ""))
    problem = Problem("", text, step, dict(reply.get("values") or {}))
    return ServiceError(problem, str(reply.get("detail") or ""))
