"""Write and read events.jsonl: append-only, numbered, read once by offset."""

import os
import re
import sys
import threading
import time
from pathlib import Path

from studio.runs.events import Event, decode, encode

_TAIL = 1 << 20  # far more than the longest line: enough to find the last number


class EventWriter:
    """Append events; safe for several threads of one process. Each line is flushed at once."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._seq, torn = _end_of(file)
        self._out = open(file, "a", encoding="utf-8", newline="\n")  # noqa: SIM115 - kept open
        if torn:
            self._out.write("\n")

    def write(self, event: Event) -> Event:
        """Number the event, note the time, append it."""
        with self._lock:
            self._seq += 1
            event.seq, event.t = self._seq, time.time()
            self._out.write(encode(event) + "\n")
            self._out.flush()
        return event

    def close(self) -> None:
        """Close the file, once or again; what was written stays."""
        with self._lock:
            if self._out.closed:
                return
            self._out.flush()
            os.fsync(self._out.fileno())
            self._out.close()


def _end_of(file: Path) -> tuple[int, bool]:
    """Return the last number in the file and whether its last line is torn."""
    if not file.is_file():
        return 0, False
    with open(file, "rb") as source:
        source.seek(max(0, file.stat().st_size - _TAIL))
        data = source.read()
    numbers = [int(found) for found in re.findall(rb'^{"seq": (\d+),', data, re.MULTILINE)]
    return max(numbers, default=0), bool(data) and not data.endswith(b"\n")


class EventReader:
    """Read what is new since the last call; a torn last line waits for its end."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0
        self._rest = b""

    def read(self, at_most: int = 8 << 20) -> list[Event]:
        """Return the new events, reading at most so many bytes in one call."""
        try:
            with open(self._file, "rb") as source:
                new = os.fstat(source.fileno()).st_size - self._offset
                source.seek(self._offset)
                data = source.read(max(0, min(new, at_most)))
        except FileNotFoundError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [event for line in lines if line and (event := decode(line))]

    def read_all(self) -> list[Event]:
        """Return every new event that is on the disk now."""
        return self.read(sys.maxsize)
