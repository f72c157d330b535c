"""Find a file's layout by looking at its rows, and read it as canonical rows."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from studio.errors import DataError
from studio.formats.layout import Format
from studio.formats.pictures import placed
from studio.formats.read import home, read
from studio.formats.shelf import layout, layouts
from studio.rows import Raw, Row, RowError
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


def detect(files: list[str], wanted: Collection[str] = ()) -> Format:
    """Return the layout that most of the first rows have.

    `wanted` names parts of a row (rows.PARTS): layouts that give one of them are tried before the
    others, since a row may be read in more than one way. Raises DataError: no rows, a layout that
    is not known, files that differ.
    """
    found = {name: _detect_one(name, wanted) for name in files}
    names = {layout.name for layout in found.values()}
    if len(names) > 1:
        raise DataError(
            mark("The files have different layouts: {names}."),
            mark("Use files of one layout."),
            names=", ".join(f"{file}: {layout.name}" for file, layout in found.items()),
        )
    return next(iter(found.values()))


def _detect_one(file: str, wanted: Collection[str]) -> Format:
    """Return the layout that most of a file's first rows have."""
    rows = [raw for _number, raw in read(file, _LOOKED_AT)]
    every = list(layouts().values())
    asked = [known for known in every if known.gives in wanted]
    found = _likeliest(asked, rows) or _likeliest(every, rows)
    if found is not None:
        return found
    columns = dict.fromkeys(str(column) for raw in rows for column in raw)
    raise DataError(
        mark("The layout of {file} is not known; its columns are {columns}."),
        mark("Name the columns as a layout has them, for example prompt and completion."),
        file=file,
        columns=", ".join(columns),
    )


def _likeliest(known: list[Format], rows: list[Raw]) -> Format | None:
    """Return the layout whose columns most rows have, or None where no row has any.

    Among equals it is the first that reads at least half as many rows as the best: a question,
    a passage and an answer in words of its own are no question about a passage.
    """
    votes = {one.name: sum(map(one.fits, rows)) for one in known}
    best = max(votes.values(), default=0)
    even = [one for one in known if best and votes[one.name] == best]
    if len(even) < 2:
        return even[0] if even else None
    good = [sum(_reads(one, raw) for raw in rows) for one in even]
    return next(one for one, count in zip(even, good, strict=True) if 2 * count >= max(good))


def _reads(known: Format, raw: Raw) -> bool:
    """Say whether a layout makes a canonical row of a raw one."""
    try:
        known.row(raw)
    except RowError:
        return False
    return True


def chosen(name: str, files: list[str], wanted: Collection[str] = ()) -> Format:
    """Return the named layout, or look for it when the name is "auto"."""
    return detect(files, wanted) if name == "auto" else layout(name)


def load_rows(
    files: list[str], layout_name: str = "auto", at_most: int = 0, wanted: Collection[str] = ()
) -> Rows:
    """Read files as canonical rows, each row kept or told why not; `wanted` as for `detect`.

    Raises DataError when there are no files, one cannot be read, or no row fits.
    """
    if not files:
        raise DataError(mark("No data is chosen."), mark("Choose a file."))
    known = chosen(layout_name, files, wanted)
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
        folder = home(name)
        for number, raw in read(name):
            try:
                yield name, number, placed(known.row(raw), folder)
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
