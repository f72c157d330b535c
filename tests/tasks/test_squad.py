"""The best answer over windows, and how it is judged."""

from typing import Any

import numpy as np
import pytest

from studio.tasks.squad import NOTHING, best, exact, f1, look

_PASSAGE = "The red boat is here"
_PLACES = np.array([[0, 0], [0, 3], [4, 7], [8, 12], [13, 15], [16, 20]], np.int32)


def _window(inside: list[int], answers: tuple[str, ...] = ("red boat",)) -> dict[str, Any]:
    """Return a window that holds some tokens of the passage; token 0 says that there is none."""
    held = np.isin(np.arange(len(_PLACES)), inside)
    return {
        "row": 1,
        "passage": _PASSAGE,
        "answers": answers,
        "places": _PLACES,
        "inside": held,
        "nowhere": 0,
    }


def _scores(**by_place: float) -> np.ndarray[Any, Any]:
    """Return scores of the six tokens; those that are not named have none."""
    return np.array([by_place.get(f"t{i}", 0.0) for i in range(6)])


def test_the_best_span() -> None:
    """First and last token together decide, and the first is not behind the last."""
    window = look(_scores(t2=5.5, t5=6), _scores(t3=4, t1=9.4), _window([1, 2, 3, 4, 5]))
    found = best([window], may_be_none=True)
    assert (found.words, found.place) == ("red boat", (4, 12, ""))
    assert found.scores[0][0] == "red boat"
    assert sum(chance for _text, chance in found.scores) == pytest.approx(1)


def test_only_the_passage_is_pointed_at() -> None:
    """The question's tokens have high scores at times."""
    window = look(_scores(t1=99, t2=1), _scores(t1=99, t2=1), _window([2, 3, 4, 5]))
    assert best([window], may_be_none=False).words == "red"


def test_no_answer_over_windows() -> None:
    """It must beat the best span in every window: the least of its scores counts."""
    low = look(_scores(t0=9), _scores(t0=9), _window([4, 5]))
    high = look(_scores(t0=1, t2=3), _scores(t0=1, t3=3), _window([1, 2, 3]))
    assert best([low, high], may_be_none=True).words == "red boat"
    nothing = best([low], may_be_none=True)
    assert (nothing.words, nothing.scores[0][0]) == ("", NOTHING)
    assert best([low], may_be_none=False).words != ""


def test_spaces_at_the_edges_of_tokens() -> None:
    """Some tokens hold the space before their word."""
    window = _window([2, 3])
    window["places"] = np.array([[0, 0], [0, 3], [3, 7], [7, 12], [12, 15], [15, 20]], np.int32)
    found = best([look(_scores(t2=3), _scores(t3=3), window)], may_be_none=False)
    assert (found.words, found.place) == ("red boat", (4, 12, ""))


@pytest.mark.parametrize(
    ("said", "answers", "is_exact", "share"),
    [
        ("the Red boat!", ("red boat",), 1.0, 1.0),
        ("red", ("red boat",), 0.0, 2 / 3),
        ("a boat", ("red car", "boat"), 1.0, 1.0),
        ("", ("",), 1.0, 1.0),
        ("boat", ("",), 0.0, 0.0),
        ("", ("boat",), 0.0, 0.0),
        ("北京市", ("北京",), 0.0, 0.8),
        ("3.5", ("35",), 1.0, 1.0),
    ],
)
def test_judged(said: str, answers: tuple[str, ...], is_exact: float, share: float) -> None:
    """Case, marks and articles do not count; the best of several answers does."""
    assert exact(said, answers) == is_exact
    assert f1(said, answers) == pytest.approx(share)
