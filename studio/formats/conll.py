"""Tagged words in columns: CoNLL, BIO and IOB files, a word a line.

Empty lines part sentences. The first column is the word and the last its tag, as in the CoNLL-2003
files; columns are parted by tabs where a line has one, otherwise by blanks.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from studio.errors import DataError
from studio.formats.source import lines
from studio.rows import Raw
from studio.words import mark

_DOCUMENT = "-DOCSTART-"
_SPACE = re.compile(r"[^\S \t\r\n]+[ \t]")  # a word that is a space of another kind


def read_conll(file: Path) -> Iterator[tuple[int, Raw]]:
    """Read sentences; the number is the line of the first word.

    Raises DataError for a line without a tag, or with other columns than the lines before.
    """
    tokens: list[str] = []
    tags: list[str] = []
    began, width = 1, 0
    for number, line in enumerate(lines(file), 1):
        if _is_word(line, within=bool(tokens)):
            found = _columns(line, file, number, width)
            began, width = began if tokens else number, len(found)
            tokens.append(found[0])
            tags.append(found[-1])
        elif tokens and not line.strip():
            yield began, {"tokens": tokens, "tags": tags}
            tokens, tags = [], []
    if tokens:
        yield began, {"tokens": tokens, "tags": tags}


def _is_word(line: str, within: bool) -> bool:
    """Say whether a line holds a word: not empty, no mark of a document, no note before words.

    A note is a line like `# id = 3`; a # that is a word of its own has no equals sign after it.
    A full-width space with a tag, as texts in Chinese have it, is no word and parts no sentence.
    """
    note = not within and line.startswith("# ") and "=" in line
    unread = note or line.startswith(_DOCUMENT) or _SPACE.match(line)
    return bool(line.strip()) and not unread


def _columns(line: str, file: Path, number: int, width: int) -> list[str]:
    """Part a line; raises DataError where there is no tag, or other columns than before."""
    bare = line.rstrip("\r\n")
    parts = bare.split("\t") if "\t" in bare else bare.split(" ")
    found = [part.strip() for part in parts if part.strip() or "\t" in bare]
    if len(found) < 2 or not found[0] or not found[-1]:
        raise DataError(
            mark("Line {line} of {file} has no word with a tag."),
            mark("Write the word first and its tag last on each line."),
            line=number,
            file=file.name,
        )
    if width and len(found) != width:
        raise DataError(
            mark("Line {line} of {file} has {found} columns, the lines before have {expected}."),
            mark("Correct that line."),
            line=number,
            file=file.name,
            found=len(found),
            expected=width,
        )
    return found
