"""The journal: numbered, appended, read once, torn lines and all."""

import threading
import time
from pathlib import Path

import pytest

from studio.runs import events as ev
from studio.runs.log import EventReader, EventWriter


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the journal goes."""
    return tmp_path / "events.jsonl"


def _write(file: Path, count: int) -> None:
    writer = EventWriter(file)
    for number in range(count):
        writer.write(ev.Paused(number))
    writer.close()
    writer.close()


def _steps(events: list[ev.Event]) -> list[int]:
    return [event.step for event in events if isinstance(event, ev.Paused)]


def test_written_and_read(file: Path) -> None:
    """Numbers go on after a restart; what was read is not read again."""
    reader = EventReader(file)
    assert reader.read() == []
    _write(file, 3)
    first = reader.read()
    assert ([event.seq for event in first], _steps(first)) == ([1, 2, 3], [0, 1, 2])
    assert abs(first[0].t - time.time()) < 60
    assert reader.read() == []
    _write(file, 1)
    assert [event.seq for event in reader.read()] == [4]


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_read_in_pieces(file: Path, size: int) -> None:
    """Wherever a piece ends."""
    _write(file, 20)
    reader, found = EventReader(file), []
    for _ in range(file.stat().st_size // size + 1):
        found += reader.read(size)
    assert _steps(found) == list(range(20))


def test_read_all(file: Path) -> None:
    """Without asking for more memory than the file takes."""
    _write(file, 20)
    assert len(EventReader(file).read_all()) == 20
    assert len(EventReader(file).read(1 << 45)) == 20


def test_torn_line_waits_for_its_end(file: Path) -> None:
    """And is read when it comes."""
    _write(file, 2)
    line = file.read_bytes().splitlines(keepends=True)[1]
    with open(file, "ab") as out:
        out.write(line[:10])
    reader = EventReader(file)
    assert len(reader.read()) == 2
    with open(file, "ab") as out:
        out.write(line[10:])
    assert _steps(reader.read()) == [1]


def test_writer_goes_on_after_a_torn_line(file: Path) -> None:
    """A worker that was killed in the middle of one: the rest of the journal is whole."""
    _write(file, 2)
    with open(file, "ab") as out:
        out.write(b'{"seq": 3, "t": 1.0, "type": "pau')
    _write(file, 2)
    found = EventReader(file).read()
    assert [event.seq for event in found] == [1, 2, 4, 5]


def test_numbers_go_on_after_unknown_kinds(file: Path) -> None:
    """Lines of a newer version count too."""
    file.write_text('{"seq": 41, "t": 1, "type": "newer"}\n' * 5, "utf-8")
    _write(file, 1)
    assert [event.seq for event in EventReader(file).read()] == [42]


def test_damaged_lines_are_passed_over(file: Path) -> None:
    """The others count."""
    _write(file, 2)
    with open(file, "ab") as out:
        out.write(b"\x00\xff\n\n[1]\n")
    _write(file, 1)
    assert _steps(EventReader(file).read()) == [0, 1, 0]


def test_many_threads(file: Path) -> None:
    """Each number once, each line whole."""
    writer = EventWriter(file)

    def work() -> None:
        for number in range(200):
            writer.write(ev.Paused(number))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert [event.seq for event in EventReader(file).read()] == list(range(1, 801))
