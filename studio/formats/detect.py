"""Find a file's layout by looking at its rows, and read it as canonical rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from studio.errors import DataError
from studio.formats.layout import Format
from studio.formats.read import read
from studio.formats.shelf import layout, layouts
from studio.rows import Row, RowError
from studio.words import mark

_LOOKED_AT = 200


@dataclass(frozen=True)
class BadRow:
    """A row that does not fit: where it is and why, as a template with values."""

    file: str
    number: int
    text: str
    values: dict[str, object]


@dataclass(frozen=True)
class Rows:
    """What was read: canonical rows and the ones that do not fit."""

    layout: str
    good: list[Row]
    bad: list[BadRow]


def detect(files: list[str]) -> Format:
    """Return the layout that most of the first rows have.

    Raises DataError: no rows, a layout that is not known, files that differ.
    """
    found = {name: _detect_one(name) for name in files}
    names = {layout.name for layout in found.values()}
    if len(names) > 1:
        raise DataError(
            mark("The files have different layouts: {names}."),
            mark("Use files of one layout."),
            names=", ".join(f"{file}: {layout.name}" for file, layout in found.items()),
        )
    return next(iter(found.values()))


def _detect_one(file: str) -> Format:
    """Return the layout that most of a file's first rows have."""
    votes: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for _number, raw in read(file, _LOOKED_AT):
        columns.update(map(str, raw))
        votes.update(name for name, known in layouts().items() if known.fits(raw))
    if votes:
        best = max(votes.values())
        return next(known for name, known in layouts().items() if votes[name] == best)
    raise DataError(
        mark("The layout of {file} is not known; its columns are {columns}."),
        mark("Name the columns as a layout has them, for example prompt and completion."),
        file=file,
        columns=", ".join(columns),
    )


def chosen(name: str, files: list[str]) -> Format:
    """Return the named layout, or look for it when the name is "auto"."""
    return detect(files) if name == "auto" else layout(name)


def load_rows(files: list[str], layout_name: str = "auto", at_most: int = 0) -> Rows:
    """Read files as canonical rows, each row kept or told why not.

    Raises DataError when there are no files, one cannot be read, or no row fits.
    """
    if not files:
        raise DataError(mark("No data is chosen."), mark("Choose a file."))
    known = chosen(layout_name, files)
    good: list[Row] = []
    bad: list[BadRow] = []
    for name, number, outcome in _outcomes(files, known):
        if isinstance(outcome, RowError):
            bad.append(BadRow(name, number, outcome.text, outcome.values))
        else:
            good.append(outcome)
        if at_most and len(good) >= at_most:
            break
    if not good:
        raise _nothing_fits(known, bad)
    return Rows(known.name, good, bad)


def _outcomes(files: list[str], known: Format) -> Iterator[tuple[str, int, Row | RowError]]:
    """Read each row as the layout has it, or say why it does not fit."""
    for name in files:
        for number, raw in read(name):
            try:
                yield name, number, known.row(raw)
            except RowError as reason:
                yield name, number, reason


def _nothing_fits(known: Format, bad: list[BadRow]) -> DataError:
    """Return the error for data of which no row has the layout: why the first has not."""
    first = bad[0]
    return DataError(
        first.text,
        mark("No row of {file} fits the layout {layout}: choose another, or correct row {number}."),
        **{**first.values, "layout": known.name, "file": first.file, "number": first.number},
    )
