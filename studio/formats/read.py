"""Read data into raw rows: JSON, JSONL, CSV, Parquet, CoNLL, plain text, a folder a class.

Errors name the file and, where there is one, the line. Nothing is kept whole that can be
streamed.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from studio.errors import DataError
from studio.formats.conll import read_conll
from studio.formats.folders import read_folder
from studio.formats.json_files import read_json, read_lines
from studio.formats.source import lines
from studio.formats.tables import read_csv, read_parquet
from studio.paths import ASSETS
from studio.rows import Raw
from studio.words import mark

_SAMPLES = {"sample": "chats.jsonl", "sample:held_out": "held_out.jsonl"}


def resolve(name: str) -> Path:
    """Return the file or folder that a name in the recipe means; raises DataError."""
    if name in _SAMPLES:
        return ASSETS / "sample" / _SAMPLES[name]
    file = Path(name).expanduser()
    if os.path.isdir(file):  # noqa: PTH112 - unlike Path's, this one never raises
        return file
    if not os.path.isfile(file):  # noqa: PTH113
        raise DataError(mark("There is no file {file}."), mark("Choose the data again."), file=name)
    if file.suffix.lower() not in ENDINGS:
        raise DataError(
            mark("{file} is of a kind that cannot be read."),
            mark("Use JSON, JSONL, CSV, Parquet, CoNLL or plain text."),
            file=file.name,
        )
    return file


def read(name: str, at_most: int = 0) -> Iterator[tuple[int, Raw]]:
    """Give (number, raw row) in a fixed order; the number is a line, a row or a file, from 1.

    `at_most` 0 reads all. Raises DataError: missing, empty, broken, wrong encoding, no right.
    """
    file = resolve(name)
    count = 0
    try:
        if file.is_dir() or file.stat().st_size:
            for count, row in enumerate(_reader(file)(file), 1):
                yield row
                if count == at_most:
                    return
    except OSError as reason:
        raise DataError(
            mark("{file} cannot be read: {reason}."),
            mark("Check that you may read it."),
            file=file.name,
            reason=reason.strerror,
        ) from reason
    if not count:
        raise DataError(mark("{file} has no rows."), mark("Choose another file."), file=file.name)


def home(name: str) -> Path:
    """Return the folder at which paths in a file's rows begin: the folder itself, or its own."""
    file = resolve(name)
    return file if file.is_dir() else file.parent


def _reader(file: Path) -> Callable[[Path], Iterator[tuple[int, Raw]]]:
    """Return what reads a folder or a kind of file."""
    return read_folder if file.is_dir() else _READERS[file.suffix.lower()]


def _text(file: Path) -> Iterator[tuple[int, Raw]]:
    """Read paragraphs, which empty lines part."""
    paragraph: list[str] = []
    began = 1
    for number, line in enumerate(lines(file), 1):
        if line.strip():
            began = began if paragraph else number
            paragraph.append(line.rstrip("\r\n"))
        elif paragraph:
            yield began, {"text": "\n".join(paragraph)}
            paragraph = []
    if paragraph:
        yield began, {"text": "\n".join(paragraph)}


_READERS = {
    ".json": read_json,
    ".jsonl": read_lines,
    ".ndjson": read_lines,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
    ".conll": read_conll,
    ".bio": read_conll,
    ".iob": read_conll,
    ".txt": _text,
    ".md": _text,
}
ENDINGS = tuple(_READERS)
