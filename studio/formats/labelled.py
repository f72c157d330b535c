"""Labelled text: a text and the class it belongs to, any number of classes, or a number."""

import math
from typing import Any

from studio.formats.layout import is_text, named, text_of
from studio.rows import Raw, Row, RowError
from studio.words import mark

LABELS = ("label", "labels", "class", "category", "sentiment", "topic", "target")
_TEXTS = ("text", "sentence", "review", "content", "title")


class Labelled:
    """Rows that hold a text and a label, or a list of labels."""

    name = "labelled"
    title = mark("Labelled text")
    columns = "text, label"
    gives = "label"

    def fits(self, raw: Raw) -> bool:
        """Say whether there is a text column and a label column."""
        text, label = raw.get(named(raw, _TEXTS)), raw.get(named(raw, LABELS))
        return is_text(text) and isinstance(label, str | int | float | list)

    def row(self, raw: Raw) -> Row:
        """Read text and label; a list is read as any number of classes, an empty one as none."""
        text = text_of(raw, named(raw, _TEXTS) or "text")
        if not text.strip():
            raise RowError(mark("The text is empty."))
        label = raw.get(named(raw, LABELS))
        if isinstance(label, list):
            return Row(text=text, labels=_several(label), raw=raw)
        return Row(text=text, label=one_label(label), raw=raw)


def one_label(label: Any) -> str:
    """Return a single label as text; raises RowError when there is none."""
    unknown = isinstance(label, float) and not math.isfinite(label)
    if unknown or not isinstance(label, str | int | float) or not str(label).strip():
        raise RowError(mark("The row has no label."))
    return str(label)


def _several(labels: list[Any]) -> tuple[str, ...]:
    """Return the labels of a list, each once.

    A list of numbers with one of them twice is a 0 or 1 for each class, and not their names.
    """
    if not all(isinstance(label, str | int) and str(label).strip() for label in labels):
        raise RowError(mark("The list of labels holds something that is no label."))
    found = tuple(dict.fromkeys(str(label) for label in labels))
    if len(found) < len(labels) and not any(isinstance(label, str) for label in labels):
        raise RowError(mark("The labels are numbers for every class: name the row's own instead."))
    return found


FORMAT = Labelled()
