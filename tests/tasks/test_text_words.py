"""Texts as words."""

import pytest

from studio.tasks.text_words import word_places, words, written


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The Red boat, is 3.5!", ["the", "red", "boat", "is", "3", "5"]),
        ("北京是首都。", ["北", "京", "是", "首", "都"]),
        ("用 LoRA 微调", ["用", "lora", "微", "调"]),
        ("", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    """Lower case, no punctuation, a Chinese character each."""
    assert words(text) == found


def test_words_without_a_gap() -> None:
    """As SQuAD's script takes punctuation out."""
    assert words("3.5 U.S.", gap="") == ["35", "us"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Anna lives in Paris.", ["Anna", "lives", "in", "Paris", "."]),
        ("(3.5 %), twice", ["(", "3.5", "%", ")", ",", "twice"]),
        ("王芳住在北京。", ["王", "芳", "住", "在", "北", "京", "。"]),
        ("U.K.", ["U.K", "."]),
        (" ... ", [".", ".", "."]),
    ],
)
def test_word_places(text: str, parts: list[str]) -> None:
    """Marks at the edges of words stand alone, those inside stay."""
    assert [text[start:end] for start, end in word_places(text)] == parts


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["Anna", "lives", "in", "Paris", "."], "Anna lives in Paris ."),
        (["王", "芳", "在", "北京", "。"], "王芳在北京。"),
        (["用", "New", "York"], "用New York"),
        ([], ""),
    ],
)
def test_written(parts: list[str], text: str) -> None:
    """Blanks between words, none beside Chinese characters."""
    assert "".join(written(parts)) == text
