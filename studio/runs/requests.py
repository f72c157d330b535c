"""What is asked of a running worker: one small file a request, written whole, then renamed."""

import itertools
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from studio.settings import write_whole

RequestName = Literal["stop", "stop_at_checkpoint", "pause", "resume", "save", "sample"]
_asked = itertools.count()  # keeps the order of requests within one tick of the clock


@dataclass(frozen=True)
class Request:
    """One request; `values` depend on the name (sample: {"prompt": text})."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)


def ask(folder: Path, name: RequestName, **values: Any) -> None:
    """Leave a request in a run's requests folder; raises OSError."""
    file = folder / f"{time.time_ns():020d}-{next(_asked):04d}-{name}.json"
    write_whole(file, json.dumps({"name": name, "values": values}))


def take(folder: Path) -> list[Request]:
    """Return the waiting requests, oldest first, and remove them."""
    if not folder.is_dir():
        return []
    found = [_take(file) for file in sorted(folder.glob("[0-9]*.json"))]
    return [request for request in found if request]


def _take(file: Path) -> Request | None:
    """Read one request and remove its file; None for what is no request, such as a stray file."""
    text = file.read_text("utf-8", errors="replace")
    file.unlink()
    try:
        values = json.loads(text)
        return Request(str(values["name"]), dict(values.get("values", {})))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def clear(folder: Path) -> None:
    """Remove what was asked of a worker that no longer runs."""
    for file in folder.glob("*.json") if folder.is_dir() else ():
        file.unlink(missing_ok=True)
