"""What a dataset layout must offer."""

from typing import Protocol

from studio.rows import Raw, Row, RowError
from studio.words import mark


class Format(Protocol):
    """A dataset layout."""

    @property
    def name(self) -> str:
        """The name in recipes."""

    @property
    def title(self) -> str:
        """The name for people, marked for translation."""

    @property
    def columns(self) -> str:
        """The columns in words."""

    @property
    def gives(self) -> str:
        """The part of the canonical row that it fills, one of rows.PARTS."""

    def fits(self, raw: Raw) -> bool:
        """Say whether a raw row looks like this layout."""

    def row(self, raw: Raw) -> Row:
        """Turn a raw row into a canonical one; raises RowError."""


def is_text(value: object) -> bool:
    """Say whether a value reads as text: numbers do, true and false do not."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def named(raw: Raw, names: tuple[str, ...]) -> str:
    """Return the column that has the first of these names there is, in any case, or ""."""
    lowered = {str(key).lower(): str(key) for key in raw}
    return next((lowered[name] for name in names if name in lowered), "")


def text_of(raw: Raw, column: str) -> str:
    """Return a column's text; raises RowError when it is missing or no text."""
    if column not in raw:
        raise RowError(mark("The column {column} is missing."), column=column)
    if not is_text(raw[column]):
        raise RowError(mark("The column {column} holds no text."), column=column)
    return str(raw[column])
