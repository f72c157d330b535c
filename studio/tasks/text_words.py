"""Texts as words, for figures and for tags: letters of any alphabet, and Chinese characters."""

import re
import string
import unicodedata
from collections.abc import Sequence

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
CHINESE = re.compile(f"[{_HAN}]")
_PIECES = re.compile(f"[{_HAN}]|[^\\s{_HAN}]+")


def words(text: str, gap: str = " ") -> list[str]:
    """Return the words in lower case; a Chinese character is one, `gap` stands for punctuation."""
    plain = "".join(gap if _punctuation(letter) else letter for letter in text.lower())
    return _PIECES.findall(plain)


def word_places(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each word; punctuation at a word's edge stands by itself."""
    found: list[tuple[int, int]] = []
    for piece in _PIECES.finditer(text):
        start, end = piece.span()
        first, last = start, end
        while first < last and _punctuation(text[first]):
            first += 1
        while last > first and _punctuation(text[last - 1]):
            last -= 1
        found += [(at, at + 1) for at in range(start, first)]
        found += [(first, last)] if last > first else []
        found += [(at, at + 1) for at in range(last, end)]
    return found


def written(words: Sequence[str]) -> list[str]:
    """Return words with the blank that is written before each: none beside Chinese characters."""
    found: list[str] = []
    for word in words:
        close = not found or CHINESE.match(found[-1][-1:]) or CHINESE.match(word)
        found.append(word if close else f" {word}")
    return found


def _punctuation(letter: str) -> bool:
    """Say whether a character is punctuation, in any alphabet."""
    return letter in string.punctuation or unicodedata.category(letter).startswith("P")
