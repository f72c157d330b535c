"""Questions about a passage: SQuAD's columns, and sets that give the answer as a text alone."""

import re
from typing import Any

from studio.formats.layout import named, text_of
from studio.rows import Raw, Row, RowError
from studio.words import mark

_PASSAGES = ("context", "passage")
_ANSWERS = ("answers", "answer")
# of words that blanks part: Chinese and Japanese are written without
_LETTER = r"[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
_SHOWN = 80  # characters of an answer in a sentence


class Squad:
    """Rows that hold a question, a passage and the passage's own words that answer it."""

    name = "squad"
    title = mark("Question about a passage")
    columns = "question, context, answers"
    gives = "span"

    def fits(self, raw: Raw) -> bool:
        """Say whether question and passage are texts and answers have one of the known forms."""
        texts = (raw.get("question"), raw.get(named(raw, _PASSAGES)))
        if not all(isinstance(text, str) and text for text in texts):
            return False
        answers = raw.get(named(raw, _ANSWERS))
        return isinstance(answers, str | list | dict) or raw.get("is_impossible") is True

    def row(self, raw: Raw) -> Row:
        """Read the question and where its answers begin; none means the passage does not say."""
        question = text_of(raw, "question")
        passage = text_of(raw, named(raw, _PASSAGES) or "context")
        if not question.strip() or not passage.strip():
            raise RowError(mark("The question or the passage is empty."))
        given = [] if raw.get("is_impossible") is True else _given(raw)
        answers = dict.fromkeys(_placed(text, start, passage) for text, start in given)
        return Row(text=question, passage=passage, answers=tuple(answers), raw=raw)


def _given(raw: Raw) -> list[tuple[str, int | None]]:
    """Return the answers as the row has them, each with its start where that is given."""
    column = named(raw, _ANSWERS)
    if not column:
        raise RowError(mark("The column {column} is missing."), column="answers")
    found = raw[column]
    items = _side_by_side(found) if _is_columns(found) else found
    items = items if isinstance(items, list) else [items]
    pairs = [(text, start) for text, start in (_pair(item, column) for item in items) if text]
    start = raw.get("answer_start")
    return [(pairs[0][0], start)] if len(pairs) == 1 and isinstance(start, int) else pairs


def _is_columns(found: Any) -> bool:
    """Say whether answers are {"text": [...], "answer_start": [...]}."""
    return isinstance(found, dict) and isinstance(found.get("text"), list)


def _side_by_side(found: dict[str, Any]) -> list[Any]:
    """Turn lists of texts and starts into one object an answer."""
    texts, starts = found["text"], found.get("answer_start")
    if starts is None:
        return list(texts)
    if not isinstance(starts, list) or len(starts) != len(texts):
        raise RowError(mark("The row has not as many starts of answers as answers."))
    pairs = zip(texts, starts, strict=True)
    return [{"text": text, "answer_start": start} for text, start in pairs]


def _pair(item: Any, column: str) -> tuple[str, int | None]:
    """Return one answer's text and its start."""
    text, start = item, None
    if isinstance(item, dict):
        text, start = item.get("text"), item.get("answer_start")
    if not isinstance(text, str):
        raise RowError(mark("The column {column} holds no text."), column=column)
    if start is not None and (not isinstance(start, int) or isinstance(start, bool)):
        raise RowError(mark("The start of the answer {answer} is no number."), answer=_short(text))
    return text, start


def _placed(text: str, start: int | None, passage: str) -> tuple[str, int]:
    """Return an answer with the character it begins at; raises RowError when it is not there."""
    if start is None:
        start = _found(text, passage)
        if start < 0:
            raise RowError(mark("The answer {answer} is not in the passage."), answer=_short(text))
    elif start < 0 or passage[start : start + len(text)] != text:
        raise RowError(
            mark("The answer {answer} does not stand at character {start} of the passage."),
            answer=_short(text),
            start=start,
        )
    return text, start


def _found(text: str, passage: str) -> int:
    """Return where a text first stands as words of its own, else where it first stands, or -1."""
    words = re.search(f"(?<!{_LETTER}){re.escape(text)}(?!{_LETTER})", passage)
    return words.start() if words else passage.find(text)


def _short(text: str) -> str:
    """Keep an answer short enough for a sentence."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


FORMAT = Squad()
