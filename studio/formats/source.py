"""Text files as lines, in whatever encoding they are; errors name the file and the line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from charset_normalizer import from_bytes
from charset_normalizer.utils import is_multi_byte_encoding

from studio.errors import DataError
from studio.words import mark

_HEAD = 1 << 20
_LOOKED_AT = 1 << 16


def lines(file: Path) -> Iterator[str]:
    """Give the lines, in UTF-8 or in the encoding that the bytes look like; ends are kept.

    Raises DataError where the bytes are no text, or not in that encoding throughout.
    """
    with _opened(file) as source:
        yield from source


def pieces(file: Path) -> Iterator[str]:
    """Give the text a million characters at a time; raises DataError like `lines`."""
    with _opened(file) as source:
        while piece := source.read(_HEAD):
            yield piece


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    """Open the file in its encoding and word what cannot be decoded."""
    encoding = encoding_of(file)
    try:
        with open(file, encoding=encoding, newline="") as source:
            yield source
    except UnicodeDecodeError as reason:
        raise DataError(
            mark("Line {line} of {file} is not text in {encoding}."),
            mark("Save the file as UTF-8."),
            file=file.name,
            encoding=encoding.removesuffix("-sig"),
            line=_broken_line(file, encoding),
        ) from reason


def encoding_of(file: Path) -> str:
    """Return the encoding that the file's first megabyte is in; raises DataError for none."""
    with open(file, "rb") as source:
        head = source.read(_HEAD)
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if _is_utf8(head):
        return "utf-8-sig"
    if b"\0" in head:
        raise _no_text(file)
    if _is_chinese(head):
        return "gb18030"
    likely = _likely(head[:_LOOKED_AT])
    if not likely:
        raise _no_text(file)
    return likely


def _likely(head: bytes) -> str:
    """Return the likeliest old encoding, or nothing.

    Where Windows' western one is as good as the likeliest, it is taken: short texts with a few
    accents fit the Baltic and the Central European ones just as well, and are hardly ever those.
    Where no two bytes above ASCII stand together, they are letters or signs of one byte each.
    """
    alone = re.search(rb"[\x80-\xff]{2}", head) is None
    found = [
        one for one in from_bytes(head) if not (alone and is_multi_byte_encoding(one.encoding))
    ]
    if not found:
        return ""
    best = found[0]
    even = (
        one.chaos <= best.chaos + 0.01 and one.coherence >= best.coherence - 0.1
        for one in found
        if "cp1252" in one.could_be_from_charset
    )
    return "cp1252" if any(even) else best.encoding


def _is_utf8(head: bytes) -> bool:
    """Say whether the bytes are UTF-8, not counting a character cut at the end."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as reason:
        return reason.start >= len(head) - 3 and len(head) == _HEAD
    return b"\0" not in head


def _is_chinese(head: bytes) -> bool:
    """Say whether the bytes are GB18030: most of what is not ASCII are common Chinese characters.

    Statistics alone take short Chinese texts for Korean or Japanese ones. Korean in EUC-KR uses
    the first bytes 0xB0 to 0xC8, which a Chinese text never stays within: 0xC9 to 0xD7 begin
    a third of its characters.
    """
    text = head[:_LOOKED_AT].decode("gb18030", errors="replace")
    foreign = [letter for letter in text if letter > "\x7f"]
    firsts = [letter.encode("gb18030", "replace")[0] for letter in foreign]
    common = sum(0xB0 <= first <= 0xD7 for first in firsts) / len(foreign)
    late = sum(0xC9 <= first <= 0xD7 for first in firsts) / len(foreign)
    return text.count("\ufffd") <= 1 and common >= 0.6 and late >= 0.1


def _broken_line(file: Path, encoding: str) -> int:
    """Return the number of the first line that is not in the encoding."""
    with open(file, encoding=encoding, errors="replace", newline="") as source:
        broken = (n for n, line in enumerate(source, 1) if "\ufffd" in line)
        return next(broken, 1)


def _no_text(file: Path) -> DataError:
    """Return the error for bytes that are no text."""
    return DataError(mark("{file} is not text."), mark("Save it as UTF-8 text."), file=file.name)
