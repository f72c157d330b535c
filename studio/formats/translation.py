"""Translations: one text in two languages, as {"translation": {"en": ..., "zh": ...}}."""

from studio.rows import Message, Raw, Row, RowError
from studio.words import mark


class Translation:
    """Rows that hold a text and its translation, in the order in which the file has them."""

    name = "translation"
    title = mark("Translations")
    columns = "translation: {en, zh}"
    gives = "messages"

    def fits(self, raw: Raw) -> bool:
        """Say whether there are texts in two languages."""
        found = raw.get("translation")
        return isinstance(found, dict) and len(_texts(found)) == len(found) == 2

    def row(self, raw: Raw) -> Row:
        """Read the first language as the question, the second as its answer."""
        found = raw.get("translation")
        if not isinstance(found, dict):
            raise RowError(mark("The column {column} is missing."), column="translation")
        texts = _texts(found)
        if len(texts) != 2 or len(found) != 2:
            raise RowError(mark("The translation is not of two texts, one a language."))
        question, answer = texts
        if not question.strip() or not answer.strip():
            raise RowError(mark("A text of the translation is empty."))
        return Row(messages=(Message("user", question), Message("assistant", answer)), raw=raw)


def _texts(found: dict[str, object]) -> list[str]:
    """Return the texts of a translation."""
    return [text for text in found.values() if isinstance(text, str)]


FORMAT = Translation()
