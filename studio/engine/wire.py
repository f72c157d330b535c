"""The service's wire: one JSON object a line on a private copy of stdout, requests on stdin.

File descriptor 1 points at stderr afterwards, so that no library's print can corrupt the wire;
stdin is read unbuffered, because a thread that blocks on buffered stdin aborts Python at exit.
"""

import json
import os
import queue
import sys
import threading
from typing import Any


class Wire:
    """Requests in, replies out. `next` gives None when the window is gone."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self._lock = threading.Lock()
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._cancelled: set[int] = set()
        threading.Thread(target=self._read, name="wire", daemon=True).start()

    def _read(self) -> None:
        """Read requests until stdin ends; a cancel takes effect at once."""
        rest = b""
        while chunk := os.read(0, 1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._take(json.loads(line))
        self._waiting.put(None)

    def _take(self, request: dict[str, Any]) -> None:
        """Queue a request, or note a cancel."""
        if request["op"] == "cancel":
            self._cancelled.add(int(request["target"]))
        else:
            self._waiting.put(request)

    def next(self) -> dict[str, Any] | None:
        """Wait for a request."""
        return self._waiting.get()

    def cancelled(self, number: int) -> bool:
        """Say whether somebody gave up on a request."""
        return number in self._cancelled

    def send(self, number: int, kind: str, **values: Any) -> None:
        """Write one reply."""
        line = json.dumps({"id": number, "kind": kind, **values}, ensure_ascii=False)
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()
