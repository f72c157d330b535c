"""Questions about passages: every form of answers, and places that are held against the text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.formats.shelf import layout
from studio.rows import Row, RowError

_PASSAGE = "Wick sleeps. Wick is a cat."


def _row(**columns: Any) -> Row:
    """Read a row about the passage."""
    raw = {"question": "Who sleeps?", "context": _PASSAGE, **columns}
    assert layout("squad").fits(raw)
    return layout("squad").row(raw)


@pytest.mark.parametrize(
    ("columns", "answers"),
    [
        ({"answers": {"text": ["Wick"], "answer_start": [13]}}, (("Wick", 13),)),
        ({"answers": {"text": ["Wick", "cat"]}}, (("Wick", 0), ("cat", 23))),
        ({"answers": {"text": "Wick", "answer_start": 13}}, (("Wick", 13),)),
        ({"answers": [{"text": "Wick", "answer_start": 13}, {"text": "cat"}]},
         (("Wick", 13), ("cat", 23))),
        ({"answers": ["Wick", "Wick", "cat"]}, (("Wick", 0), ("cat", 23))),
        ({"answer": "a cat"}, (("a cat", 21),)),
        ({"answer": "Wick", "answer_start": 13}, (("Wick", 13),)),
        ({"answers": {"text": [], "answer_start": []}}, ()),
        ({"answers": []}, ()),
        ({"answer": ""}, ()),
        ({"is_impossible": True}, ()),
        ({"is_impossible": True, "answers": [{"text": "Wick", "answer_start": 1}]}, ()),
        ({"is_impossible": False, "answers": ["cat"]}, (("cat", 23),)),
    ],
)  # fmt: skip
def test_forms_of_answers(columns: dict[str, Any], answers: tuple[tuple[str, int], ...]) -> None:
    """Lists, objects, texts; a start that is not given is found; none is an answer too."""
    row = _row(**columns)
    assert (row.text, row.passage, row.answers) == ("Who sleeps?", _PASSAGE, answers)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"answers": {"text": ["Wick"], "answer_start": [12]}},
         "The answer Wick does not stand at character 12 of the passage."),
        ({"answers": {"text": ["Wick"], "answer_start": [-14]}},
         "The answer Wick does not stand at character -14 of the passage."),
        ({"answer": "dog"}, "The answer dog is not in the passage."),
        ({"answer": "d" * 99}, f"The answer {'d' * 79}… is not in the passage."),
        ({"answers": {"text": ["Wick"], "answer_start": []}},
         "The row has not as many starts of answers as answers."),
        ({"answers": {"text": ["Wick"], "answer_start": ["0"]}},
         "The start of the answer Wick is no number."),
        ({"answers": [None]}, "The column answers holds no text."),
        ({"answer": "a", "context": " "}, "The question or the passage is empty."),
    ],
)  # fmt: skip
def test_answers_that_do_not_fit(columns: dict[str, Any], said: str) -> None:
    """Each with its reason."""
    with pytest.raises(RowError) as found:
        _row(**columns)
    assert found.value.text.format(**found.value.values) == said


@pytest.mark.parametrize(
    ("answer", "passage", "start"),
    [
        ("he", "The cathedral is where he was.", 23),
        ("12", "In 2012 there were 12 of them.", 19),
        ("C++", "C++11 and C++ differ.", 10),
        ("cathedra", "The cathedral.", 4),
        ("北京", "他在北京，北京。", 2),
    ],
)
def test_words_of_their_own_come_first(answer: str, passage: str, start: int) -> None:
    """A part of a word is taken only where the answer stands nowhere else."""
    assert _row(context=passage, answer=answer).answers == ((answer, start),)


@given(st.text(min_size=1).filter(str.strip), st.data())
def test_every_span_is_found(passage: str, data: st.DataObject) -> None:
    """With its start as it is given, and without it where the same text stands."""
    start = data.draw(st.integers(0, len(passage) - 1))
    end = data.draw(st.integers(start + 1, len(passage)))
    text = passage[start:end]
    row = _row(context=passage, answers=[{"text": text, "answer_start": start}])
    assert row.answers == ((text, start),)
    ((found, place),) = _row(context=passage, answer=text).answers
    assert found == text == passage[place : place + len(text)]
