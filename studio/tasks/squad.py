"""The best answer over the windows of a passage, and how answers are held against the data's.

As SQuAD's own script does it (arXiv 1806.03822): null score against the best span, exact match
and F1 of the words without case, punctuation and articles. A Chinese character is a word, as in
CMRC 2018 (arXiv 1810.07366).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from studio.tasks.text_words import words

NOTHING = "–"  # said where the passage does not answer
_ARTICLES = {"a", "an", "the"}
_BEST = 20  # ends that are paired, as SQuAD's scripts do
_LONGEST = 64  # tokens of an answer; those scripts allow 30

Span = tuple[int, int, str]


@dataclass(frozen=True)
class Found:
    """What one window says: the score of no answer, and its best spans as (score, place)."""

    row: Any
    passage: str
    answers: tuple[str, ...]
    null: float
    spans: tuple[tuple[float, tuple[int, int]], ...]


@dataclass(frozen=True)
class Answer:
    """The answer of a row: its words, where they stand, and (text, chance) of the likeliest."""

    words: str
    place: Span
    scores: tuple[tuple[str, float], ...]


def look(starts: Any, ends: Any, window: Mapping[str, Any]) -> Found:
    """Return the best spans of a window from the scores of its tokens, shape (tokens,)."""
    inside, places = window["inside"], window["places"]
    null = float(starts[window["nowhere"]] + ends[window["nowhere"]])
    low = np.where(inside, 0.0, -np.inf)
    first = np.argsort(-(starts + low))[:_BEST]
    last = np.argsort(-(ends + low))[:_BEST]
    pairs = [
        (float(starts[i] + ends[j]), (int(places[i, 0]), int(places[j, 1])))
        for i in first
        for j in last
        if inside[i] and inside[j] and i <= j < i + _LONGEST
    ]
    spans = tuple(sorted(pairs, reverse=True)[:_BEST])
    return Found(window["row"], window["passage"], window["answers"], null, spans)


def best(windows: Sequence[Found], may_be_none: bool) -> Answer:
    """Return the best answer over all windows of a row.

    No answer competes with the least of its scores over the windows: a window that does not hold
    the answer says so whatever the passage says.
    """
    passage = windows[0].passage
    scored: dict[tuple[int, int], float] = {}
    for window in windows:
        for score, place in window.spans:
            bare = _bare(passage, place)
            scored[bare] = max(score, scored.get(bare, score))
    null = min(window.null for window in windows)
    ranked = sorted(scored.items(), key=lambda one: -one[1])[:_BEST]
    options = [(passage[start:end], score, (start, end)) for (start, end), score in ranked]
    if may_be_none or not options:
        options = sorted([*options, ("", null, (0, 0))], key=lambda one: -one[1])
    chances = np.exp([score - options[0][1] for _text, score, _place in options])
    chances /= chances.sum()
    text, _score, (start, end) = options[0]
    scores = tuple(
        (said or NOTHING, float(chance))
        for (said, _s, _p), chance in zip(options, chances, strict=True)
    )
    return Answer(text, (start, end, ""), scores)


def _bare(passage: str, place: tuple[int, int]) -> tuple[int, int]:
    """Return a place without the spaces at its edges, which some tokens hold."""
    start, end = place
    text = passage[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())


def exact(said: str, answers: Sequence[str]) -> float:
    """Return 1.0 where it is one of the answers but for case, punctuation and articles."""
    return float(any(_plain(said) == _plain(answer) for answer in answers))


def f1(said: str, answers: Sequence[str]) -> float:
    """Return the largest F1 of the words with one of the answers."""
    return max(_f1(_plain(said), _plain(answer)) for answer in answers)


def _f1(said: list[str], answer: list[str]) -> float:
    """Return the F1 of two lists of words; both empty are alike."""
    if not said or not answer:
        return float(said == answer)
    common = (Counter(said) & Counter(answer)).total()
    return 2 * common / (len(said) + len(answer))


def _plain(text: str) -> list[str]:
    """Return a text's words as they are compared."""
    return [word for word in words(text, gap="") if word not in _ARTICLES]
