"""Tagged words: a list of words and a list with the tag of each."""

from typing import Any

from studio.formats.layout import named
from studio.rows import Raw, Row, RowError
from studio.words import mark

_WORDS = ("tokens", "words")
_TAGS = ("ner_tags", "tags", "labels", "pos_tags")


class Tagged:
    """Rows that hold words and their tags, as CoNLL files do."""

    name = "tagged"
    title = mark("Tagged words")
    columns = "tokens, tags"
    gives = "tags"

    def fits(self, raw: Raw) -> bool:
        """Say whether there is a list of words and a list of tags."""
        words, tags = raw.get(named(raw, _WORDS)), raw.get(named(raw, _TAGS))
        return all(isinstance(one, list) and bool(one) for one in (words, tags))

    def row(self, raw: Raw) -> Row:
        """Read words and tags; a tag that is a number is taken as its digits."""
        words = _items(raw, named(raw, _WORDS) or "tokens", str)
        tags = _items(raw, named(raw, _TAGS) or "tags", str | int)
        if not words:
            raise RowError(mark("The row has no words."))
        if len(words) != len(tags):
            raise RowError(
                mark("The row has {words} words and {tags} tags."), words=len(words), tags=len(tags)
            )
        return Row(tokens=words, tags=tags, raw=raw)


def _items(raw: Raw, column: str, kind: Any) -> tuple[str, ...]:
    """Return a column's list as texts; raises RowError when it is something else."""
    if column not in raw:
        raise RowError(mark("The column {column} is missing."), column=column)
    found = raw[column]
    if not isinstance(found, list) or not all(_is(item, kind) for item in found):
        raise RowError(mark("The column {column} holds no list of texts."), column=column)
    return tuple(str(item) for item in found)


def _is(item: object, kind: Any) -> bool:
    """Say whether an item is of a kind and has something to read."""
    return isinstance(item, kind) and not isinstance(item, bool) and item != ""


FORMAT = Tagged()
