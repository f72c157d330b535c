"""Tables as rows: CSV and Parquet."""

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from studio.errors import DataError
from studio.formats.source import lines
from studio.rows import Raw
from studio.words import mark

_LONGEST_CELL = 1 << 30


def read_csv(file: Path) -> Iterator[tuple[int, Raw]]:
    """Read a table with a head line; the separator is found by looking at that line.

    The number of a row is the line on which it begins: a quoted text may go over several.
    """
    csv.field_size_limit(_LONGEST_CELL)  # the default, 128 KB, is less than a long document
    source = enumerate(lines(file), 1)
    start, head = next(((number, line) for number, line in source if line.strip()), (1, ""))
    rest = (line for _number, line in source)
    table = csv.reader(chain([head], rest), delimiter=_separator(file, head), strict=True)
    names: list[str] = []
    began = start
    while True:
        try:
            cells = next(table, None)
        except csv.Error as reason:
            raise _broken(file, began, reason) from reason
        if cells is None:
            return
        if names and cells:
            yield began, _paired(names, cells, file, began)
        names = names or _unique(cells, file, began)
        began = start + table.line_num


def _separator(file: Path, head: str) -> str:
    """Return what parts the cells."""
    return "\t" if file.suffix.lower() == ".tsv" else max(",;\t|", key=head.count)


def _unique(names: list[str], file: Path, line: int) -> list[str]:
    """Return the column names; raises DataError when one is there twice."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is None:
        return names
    raise DataError(
        mark("Line {line} of {file} names the column {column} twice."),
        mark("Give each column a name of its own."),
        line=line,
        file=file.name,
        column=twice,
    )


def _paired(names: list[str], cells: list[str], file: Path, line: int) -> Raw:
    """Pair the cells with their columns; raises DataError when their numbers differ."""
    if len(names) == len(cells):
        return dict(zip(names, cells, strict=True))
    raise DataError(
        mark("Line {line} of {file} has {found} cells, the head line has {expected}."),
        mark("Correct that line; texts with commas need quotes."),
        line=line,
        file=file.name,
        found=len(cells),
        expected=len(names),
    )


def _broken(file: Path, line: int, reason: csv.Error) -> DataError:
    """Return the error for a line that is no line of a table."""
    return DataError(
        mark("Line {line} of {file} is broken: {reason}."),
        mark("Correct that line; a quote inside a quoted text is written twice."),
        line=line,
        file=file.name,
        reason=reason,
    )


def read_parquet(file: Path) -> Iterator[tuple[int, Raw]]:
    """Read rows a batch at a time."""
    import pyarrow.parquet as parquet
    from pyarrow import ArrowException

    try:
        number = 0
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(1024):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (ArrowException, OSError) as reason:
        raise DataError(
            mark("{file} is not a whole Parquet file: {reason}."),
            mark("Save it again."),
            file=file.name,
            reason=str(reason).split("\n")[0].rstrip("."),
        ) from reason
