"""Plain text: one column, or the paragraphs of a text file."""

from studio.formats.layout import text_of
from studio.rows import Raw, Row, RowError
from studio.words import mark


class Text:
    """Rows that hold running text."""

    name = "text"
    title = mark("Plain text")
    columns = "text"
    gives = "text"

    def fits(self, raw: Raw) -> bool:
        """Say whether there is a text and no label beside it."""
        return isinstance(raw.get("text"), str) and not {"label", "labels"} & set(raw)

    def row(self, raw: Raw) -> Row:
        """Read the text."""
        text = text_of(raw, "text")
        if not text.strip():
            raise RowError(mark("The text is empty."))
        return Row(text=text, raw=raw)


FORMAT = Text()
