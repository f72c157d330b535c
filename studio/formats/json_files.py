"""JSON as rows: one object a line, or one list of objects, read piece by piece."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.errors import DataError
from studio.formats.source import lines, pieces
from studio.rows import Raw
from studio.words import mark

_DECODER = json.JSONDecoder()


def read_json(file: Path) -> Iterator[tuple[int, Raw]]:
    """Read a .json file: a list of objects, an object that holds one list, or lines."""
    head = next(pieces(file), "").lstrip()
    if not head:
        return iter(())
    if head.startswith("["):
        return _list(file)
    first, _, rest = head.partition("\n")
    return read_lines(file) if rest.strip() and _is_object(first) else _object_of_rows(file)


def read_lines(file: Path) -> Iterator[tuple[int, Raw]]:
    """Read one JSON object a line; empty lines are passed over."""
    for number, line in enumerate(lines(file), 1):
        if line.strip():
            yield number, _row(_parse(line.rstrip(), file, number), file, number)


def _is_object(text: str) -> bool:
    """Say whether a line is an object by itself."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _list(file: Path) -> Iterator[tuple[int, Raw]]:
    """Read the objects of a list one after the other, without ever holding all of them."""
    source = pieces(file)
    text = next(source)
    place, line, number = text.index("[") + 1, 1, 0
    while True:
        place = _next(text, place)
        if text[place : place + 1] == "]":
            return _refuse_more(text[place + 1 :], source, file)
        try:
            value, end = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError) as reason:
            more = next(source, "")
            if not more:
                raise _broken(file, line, reason) from reason
            line += text.count("\n", 0, place)
            text, place = text[place:] + more, 0
            continue
        number, place = number + 1, end
        yield number, _row(value, file, number)


def _next(text: str, place: int) -> int:
    """Return the place of the next object or of the list's end."""
    while place < len(text) and (text[place].isspace() or text[place] == ","):
        place += 1
    return place


def _refuse_more(rest: str, source: Iterator[str], file: Path) -> None:
    """Refuse what stands behind the list's end, rather than leave it out in silence."""
    if rest.strip() or any(piece.strip() for piece in source):
        raise DataError(
            mark("{file} goes on behind the end of its list."),
            mark("Keep one list in a file, or one object a line."),
            file=file.name,
        )


def _object_of_rows(file: Path) -> Iterator[tuple[int, Raw]]:
    """Read an object that holds the rows as its only list, or that is itself the only row."""
    whole = _parse("".join(lines(file)), file, 1)
    rows: list[Any] = [whole]
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        rows = lists[0] if len(lists) == 1 and not _is_chat(lists[0]) else rows
    for number, value in enumerate(rows, 1):
        yield number, _row(value, file, number)


def _is_chat(turns: list[Any]) -> bool:
    """Say whether a list holds the turns of one conversation and not rows."""
    return any(isinstance(turn, dict) and {"role", "from"} & set(turn) for turn in turns[:1])


def _parse(text: str, file: Path, line: int) -> Any:
    """Parse JSON; the error names the line in the file."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise _broken(file, line, reason) from reason


def _broken(file: Path, line: int, reason: Exception) -> DataError:
    """Return the error for what is no JSON, with its line in the file."""
    within = reason.lineno - 1 if isinstance(reason, json.JSONDecodeError) else 0
    return DataError(
        mark("Line {line} of {file} is not JSON: {reason}."),
        mark("Correct that line."),
        line=line + within,
        file=file.name,
        reason=reason.msg if isinstance(reason, json.JSONDecodeError) else reason,
    )


def _row(value: Any, file: Path, number: int) -> Raw:
    """Return the row; raises DataError when it is no object."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"text": value}
    raise DataError(
        mark("Row {number} of {file} is not an object with columns."),
        mark("Each row must look like {example}."),
        number=number,
        file=file.name,
        example='{"text": "…"}',
    )
