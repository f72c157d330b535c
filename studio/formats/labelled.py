"""Labelled text: a text and the class it belongs to."""

from studio.formats.layout import is_text, text_of
from studio.rows import Raw, Row, RowError
from studio.words import mark

_TEXTS = ("text", "sentence", "review", "content", "title")
_LABELS = ("label", "labels", "class", "category", "sentiment", "topic", "target")


class Labelled:
    """Rows that hold a text and a label."""

    name = "labelled"
    title = mark("Labelled text")
    columns = "text, label"
    gives = "label"

    def fits(self, raw: Raw) -> bool:
        """Say whether there is a text column and a label column with a single value."""
        text, label = _named(raw, _TEXTS), _named(raw, _LABELS)
        return bool(text and label) and is_text(raw[text]) and isinstance(raw[label], str | int)

    def row(self, raw: Raw) -> Row:
        """Read text and label."""
        text, label = _named(raw, _TEXTS), _named(raw, _LABELS)
        if not label or raw[label] is None or str(raw[label]).strip() == "":
            raise RowError(mark("The row has no label."))
        return Row(text=text_of(raw, text or "text"), label=str(raw[label]), raw=raw)


def _named(raw: Raw, names: tuple[str, ...]) -> str:
    """Return the first of the names that is a column."""
    lowered = {str(key).lower(): str(key) for key in raw}
    return next((lowered[name] for name in names if name in lowered), "")


FORMAT = Labelled()
