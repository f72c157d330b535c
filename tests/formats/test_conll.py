"""CoNLL files: words and tags in columns, and what is said of broken lines."""

import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import DataError
from studio.formats.detect import load_rows
from studio.formats.read import read

_LETTERS = string.ascii_letters + string.digits + ".,-'#äß中文"
_WORDS = st.text(_LETTERS, min_size=1, max_size=8).filter(lambda word: word != "-DOCSTART-")
_TAGS = st.sampled_from(["O", "B-PER", "I-PER"])
_SENTENCES = st.lists(
    st.lists(st.tuples(_WORDS, _TAGS), min_size=1, max_size=5), min_size=1, max_size=5
)


def _file(folder: Path, text: str, name: str = "a.conll") -> str:
    """Write a file and return its name."""
    file = folder / name
    file.write_bytes(text.encode("utf-8"))
    return str(file)


@given(
    _SENTENCES,
    st.sampled_from([" ", "\t", "  "]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(0, 2),
    st.integers(1, 3),
)
def test_what_is_written_is_read(
    sentences: list[list[tuple[str, str]]], gap: str, end: str, between: int, empty: int
) -> None:
    """Whatever parts the columns and the lines, and however many columns lie between."""
    middle = [f"X{number}" for number in range(between)]
    lines = [end.join(gap.join((word, *middle, tag)) for word, tag in one) for one in sentences]
    with tempfile.TemporaryDirectory() as folder:
        name = _file(Path(folder), (end * (empty + 1)).join(lines))
        found = [raw for _number, raw in read(name)]
    assert [list(zip(raw["tokens"], raw["tags"], strict=True)) for raw in found] == sentences


def test_documents_and_notes(tmp_path: Path) -> None:
    """Marks of documents and notes before a sentence are no words; numbers are lines."""
    text = (
        "-DOCSTART- -X- O\n\n# id = 1\n# text = Wick sleeps\nWick NNP B-CAT\nsleeps VB O\n\n"
        "# NN O\n1 CD O\n-DOCSTART-\n\n \t\nYes UH O"
    )
    found = list(read(_file(tmp_path, text, "a.iob")))
    assert [number for number, _ in found] == [5, 8, 13]
    assert [raw["tokens"] for _, raw in found] == [["Wick", "sleeps"], ["#", "1"], ["Yes"]]


def test_words_with_blanks_between_tabs(tmp_path: Path) -> None:
    """Where tabs part the columns, a blank is part of a word."""
    ((_, raw),) = read(_file(tmp_path, "New York\tB-LOC\nis\tO\n", "a.bio"))
    assert raw == {"tokens": ["New York", "is"], "tags": ["B-LOC", "O"]}


@pytest.mark.parametrize("gap", [" ", "\t"])
@pytest.mark.parametrize("space", ["\u3000", "\xa0"])
def test_spaces_as_words(tmp_path: Path, gap: str, space: str) -> None:
    """Texts in Chinese have full-width spaces, each with a tag: they are left out."""
    text = f"北{gap}B-LOC\n{space}{gap}O\n京{gap}O\n"
    ((_, raw),) = read(_file(tmp_path, text))
    assert raw == {"tokens": ["北", "京"], "tags": ["B-LOC", "O"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a O\n\nb O\nc\n", "Line 4 of a.conll has no word with a tag."),
        ("a\tO\nb\t\n", "Line 2 of a.conll has no word with a tag."),
        ("\tO\n", "Line 1 of a.conll has no word with a tag."),
        ("a X O\nb O\n", "Line 2 of a.conll has 2 columns, the lines before have 3."),
        ("-DOCSTART- -X- O\n\n", "a.conll has no rows."),
    ],
)
def test_broken_lines(tmp_path: Path, text: str, said: str) -> None:
    """They are named, with a next step."""
    with pytest.raises(DataError) as found:
        list(read(_file(tmp_path, text)))
    assert found.value.sentence() == said
    assert found.value.step()


def test_rows(tmp_path: Path) -> None:
    """The layout is found, and words and tags are kept."""
    found = load_rows([_file(tmp_path, "Wick B-CAT\nsleeps O\n")])
    assert found.layout == "tagged"
    assert (found.good[0].tokens, found.good[0].tags) == (("Wick", "sleeps"), ("B-CAT", "O"))
