"""A hub of our own: a local server that speaks the few addresses which the hub's client asks."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

COMMIT = "a" * 40
Files = dict[str, bytes]


class Hub(ThreadingHTTPServer):
    """Repositories by name; `asked` notes every path, `refusals` the answers that say no."""

    daemon_threads = False

    def __init__(self, repositories: dict[str, Files]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories = repositories
        self.asked: list[str] = []
        self.refusals: dict[str, tuple[int, dict[str, str]]] = {}

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def served(repositories: dict[str, Files]) -> Iterator[Hub]:
    """Serve repositories for the length of a block."""
    hub = Hub(repositories)
    thread = threading.Thread(target=hub.serve_forever, args=(0.01,), name="hub")
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answer one request."""

    server: Hub

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        """Find what the path means."""
        parts = urlsplit(self.path)
        path, query = parts.path, parse_qs(parts.query)
        self.server.asked.append(path)
        for prefix, (status, headers) in self.server.refusals.items():
            if path.startswith(prefix):
                return self._send(status, b"{}", headers)
        if path == "/api/models":
            return self._send_json(self._search(query))
        for name, files in self.server.repositories.items():
            if path.startswith(f"/api/models/{name}/tree/"):
                return self._send_json([_leaf(file, body) for file, body in files.items()])
            revisions = [f"/api/models/{name}/revision/{one}" for one in ("main", COMMIT)]
            if path in (f"/api/models/{name}", *revisions):
                return self._send_json(_info(name, files))
            if path.startswith(f"/{name}/resolve/"):
                return self._send_file(files.get(path.split("/", 5)[5]))
            if path.startswith(f"/api/models/{name}/revision/"):
                return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _search(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Return the repositories whose name holds the text that was searched."""
        text = query["search"][0].lower()
        return [_info(n, f) for n, f in self.server.repositories.items() if text in n.lower()]

    def _send_json(self, answer: object) -> None:
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _send_file(self, body: bytes | None) -> None:
        if body is None:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        etag = hashlib.sha1(body).hexdigest()
        return self._send(200, body, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _info(name: str, files: Files) -> dict[str, Any]:
    """Return what the hub says of a repository."""
    return {
        "id": name,
        "sha": COMMIT,
        "downloads": 7,
        "tags": ["license:apache-2.0", "text-generation"],
        "safetensors": {"parameters": {"F32": 100}, "total": 100},
        "siblings": [{"rfilename": file, "size": len(body)} for file, body in files.items()],
    }


def _leaf(file: str, body: bytes) -> dict[str, Any]:
    """Return one entry of a repository's tree."""
    return {"type": "file", "path": file, "size": len(body), "oid": hashlib.sha1(body).hexdigest()}
