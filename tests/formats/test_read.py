"""Reading files: every kind, every encoding, and every way in which a file can be bad."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import DataError
from studio.formats.read import ENDINGS, read, resolve
from studio.formats.source import encoding_of, lines

_CHINESE = "很久以前，有一个住在山里的老人，他每天都会去河边钓鱼。这是他一生中最快乐的时光。"
_FRENCH = "Où êtes-vous né ? Je préfère le café à la crème, près de l'hôtel de la forêt."


def _file(folder: Path, name: str, content: str | bytes) -> str:
    """Write a file and return its name."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return str(file)


def _wrong(name: str) -> str:
    """Return what is said of a file that cannot be read."""
    with pytest.raises(DataError) as found:
        list(read(name))
    assert found.value.step()
    return found.value.sentence()


_ROWS = [{"text": "one", "n": 1}, {"text": "twö", "n": None}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"text": "one", "n": 1}\n\n{"text": "twö", "n": null}'),
        ("a.ndjson", '{"text": "one", "n": 1}\r\n{"text": "twö", "n": null}\r\n'),
        ("a.json", json.dumps(_ROWS)),
        ("a.json", json.dumps(_ROWS, indent=2, ensure_ascii=False)),
        ("a.json", '\n {"version": 3, "data": ' + json.dumps(_ROWS) + "}"),
        ("a.json", '{"text": "one", "n": 1}\n{"text": "twö", "n": null}\n'),
        ("a.json", b"\xef\xbb\xbf" + json.dumps(_ROWS).encode()),
    ],
)
def test_json_in_all_its_forms(tmp_path: Path, name: str, content: str | bytes) -> None:
    """Lines, a list, a list inside an object, with and without a byte order mark."""
    assert [row for _, row in read(_file(tmp_path, name, content))] == _ROWS


def test_json_object_that_is_one_chat(tmp_path: Path) -> None:
    """Its list of turns is not a list of rows."""
    chat = {"messages": [{"role": "user", "content": "a"}]}
    name = _file(tmp_path, "a.json", json.dumps(chat, indent=1))
    assert [row for _, row in read(name)] == [chat]


def test_json_list_of_texts(tmp_path: Path) -> None:
    """Each is a row with a text."""
    assert [row for _, row in read(_file(tmp_path, "a.json", '["a", "b"]'))] == [
        {"text": "a"},
        {"text": "b"},
    ]


@given(st.lists(st.dictionaries(st.text(max_size=4), st.text('a"\\\n中 {}[],:', max_size=8))))
def test_any_list_is_read_piece_by_piece(rows: list[dict[str, str]]) -> None:
    """Wherever a piece ends, the rows are the same as if it were read whole."""
    import tempfile
    from unittest.mock import patch

    with tempfile.TemporaryDirectory() as folder:
        name = _file(Path(folder), "a.json", json.dumps(rows, ensure_ascii=False))
        with patch("studio.formats.source._HEAD", 7):
            if not rows:
                assert "no rows" in _wrong(name)
                return
            assert [row for _, row in read(name)] == rows


def test_large_list_is_not_held_whole(tmp_path: Path) -> None:
    """Its first rows come from its first piece."""
    name = _file(tmp_path, "a.json", "[" + '{"text": "x"},' * 400_000 + '{"text": BROKEN}]')
    assert len(list(read(name, 200))) == 200
    assert "is not JSON" in _wrong(name)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.jsonl", '{"text": "a"}\n\n{"text": }\n', 3),
        ("a.jsonl", '{"text": "a"}\n{"text": "b"', 2),
        ("a.json", '[\n{"text": "a"},\n{"text": "b",}\n]', 3),
        ("a.json", '[\n{"text": "a"},\n\n{"text": "b"', 4),
        ("a.json", '{\n"a": 1,\n"b"\n}', 4),
        ("a.jsonl", "[" * 100_000, 1),
        ("a.jsonl", '{"n": ' + "9" * 5000 + "}", 1),
    ],
)
def test_broken_json_names_the_line(tmp_path: Path, name: str, content: str, line: int) -> None:
    """Also deep inside a list, at the end of the file, and for absurd values."""
    said = _wrong(_file(tmp_path, name, content))
    assert said.startswith(f"Line {line} of {name} is not JSON: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [("[1, 2]", "Row 1 of a.json is not an object"), ("3", "Row 1 of a.json is not an object"),
     ('[{"a": 1}] [{"b": 2}]', "goes on behind the end of its list")],
)  # fmt: skip
def test_json_that_holds_no_rows(tmp_path: Path, content: str, said: str) -> None:
    """Numbers are no rows, and a second list is not left out in silence."""
    assert said in _wrong(_file(tmp_path, "a.json", content))


@pytest.mark.parametrize("name", [f"a{ending}" for ending in ENDINGS])
@pytest.mark.parametrize("content", ["", " \n\n"])
def test_empty_files(tmp_path: Path, name: str, content: str) -> None:
    """Nothing, or nothing but white space, has no rows."""
    if name == "a.parquet" and content:
        pytest.skip("that is a broken one")
    assert _wrong(_file(tmp_path, name, content)) == f"{name} has no rows."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv"])
def test_chinese_in_every_encoding(tmp_path: Path, encoding: str, name: str) -> None:
    """As Windows and old tools write it."""
    content = {
        "a.txt": _CHINESE,
        "a.jsonl": json.dumps({"text": _CHINESE}, ensure_ascii=False),
        "a.csv": f"text,label\n{_CHINESE},1\n",
    }[name]
    ((_, row),) = read(_file(tmp_path, name, content.encode(encoding)))
    assert row["text"] == _CHINESE


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le"])
def test_french_in_old_encodings(tmp_path: Path, encoding: str) -> None:
    """Western letters too; UTF-16 without its mark is refused rather than guessed."""
    name = _file(tmp_path, "a.txt", _FRENCH.encode(encoding))
    if encoding == "utf-16-le":
        assert _wrong(name) == "a.txt is not text."
        return
    ((_, row),) = read(name)
    assert row["text"] == _FRENCH


@pytest.mark.parametrize(("text", "encoding"), [("한국어로 쓴 짧은 글입니다. " * 5, "euc_kr")])
def test_korean_is_not_taken_for_chinese(tmp_path: Path, text: str, encoding: str) -> None:
    """Both use the same bytes."""
    assert encoding_of(Path(_file(tmp_path, "a.txt", text.encode(encoding)))) != "gb18030"


def test_encoding_that_changes_far_into_a_file(tmp_path: Path) -> None:
    """The line is named."""
    name = _file(tmp_path, "a.txt", b"plain line\n" * 200_000 + b"caf\xe9 here\n")
    assert _wrong(name) == "Line 200001 of a.txt is not text in utf-8."


def test_character_cut_at_the_first_megabyte(tmp_path: Path) -> None:
    """Is no reason to take the file for another encoding."""
    name = _file(tmp_path, "a.txt", "x" * ((1 << 20) - 1) + "中")
    assert next(lines(Path(name))).endswith("中")


def test_binary_file(tmp_path: Path) -> None:
    """A picture with the wrong name."""
    assert _wrong(_file(tmp_path, "a.csv", b"\x89PNG\0\0\r\n" * 40)) == "a.csv is not text."


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_separators(tmp_path: Path, separator: str) -> None:
    """Found by looking at the head line."""
    content = f'text{separator}label\n"a, b; c"{separator}1\n'
    ((number, row),) = read(_file(tmp_path, "a.csv", content))
    assert (number, row) == (2, {"text": "a, b; c", "label": "1"})


def test_csv_numbers_are_lines(tmp_path: Path) -> None:
    """Quoted texts go over several lines; empty ones count."""
    content = '\ntext,label\n"one\ntwo",1\n\nthree,2\n"four\r\nfive ""six""",3\n'
    found = list(read(_file(tmp_path, "a.csv", content)))
    assert [number for number, _ in found] == [3, 6, 7]
    assert [row["text"] for _, row in found] == ["one\ntwo", "three", 'four\r\nfive "six"']


def test_csv_head_over_two_lines(tmp_path: Path) -> None:
    """A quoted line end in a column's name."""
    ((number, row),) = read(_file(tmp_path, "a.csv", '"te\nxt",label\na,1\n'))
    assert (number, row) == (3, {"te\nxt": "a", "label": "1"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n1,2,3\n", "Line 3 of x.csv has 3 cells, the head line has 2."),
        ('a,b\n"1\n2",x\n1\n', "Line 4 of x.csv has 1 cells, the head line has 2."),
        ('a,b\n1,2\n3,"never closed\n4,5\n', "Line 3 of x.csv is broken: unexpected end of data."),
        ("a,b,a\n1,2,3\n", "Line 1 of x.csv names the column a twice."),
        ("a,b\n", "x.csv has no rows."),
    ],
)
def test_bad_csv(tmp_path: Path, content: str, said: str) -> None:
    """Ragged rows, an open quote, a column twice, a head and nothing else."""
    assert _wrong(_file(tmp_path, "x.csv", content)) == said


def test_csv_with_a_very_long_cell(tmp_path: Path) -> None:
    """Longer than Python's own limit."""
    ((_, row),) = read(_file(tmp_path, "a.csv", "text\n" + "x" * 300_000))
    assert len(row["text"]) == 300_000


def test_paragraphs(tmp_path: Path) -> None:
    """Empty lines part them; the number is the first line's."""
    found = list(read(_file(tmp_path, "a.md", "\none\ntwo\n\n\n  three \n")))
    assert found == [(2, {"text": "one\ntwo"}), (6, {"text": "  three "})]


def test_parquet(tmp_path: Path) -> None:
    """A whole one is read, a cut one is named."""
    import pyarrow
    import pyarrow.parquet

    file = tmp_path / "a.parquet"
    rows = [{"text": str(n), "label": n % 2} for n in range(3000)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    assert [row for _, row in read(str(file))] == rows
    assert len(list(read(str(file), 5))) == 5
    whole = file.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:-4], b"PAR1"):
        file.write_bytes(part)
        assert "a.parquet is not a whole Parquet file" in _wrong(str(file))


def test_names_that_are_no_data(tmp_path: Path) -> None:
    """An empty folder, nothing, another kind of file."""
    said = f"{tmp_path.name} is a folder without a folder for each class."
    assert _wrong(str(tmp_path)) == said
    assert _wrong(str(tmp_path / "no.csv")) == f"There is no file {tmp_path / 'no.csv'}."
    assert "kind that cannot be read" in _wrong(_file(tmp_path, "a.xlsx", "x"))


def test_no_right_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence."""
    name = _file(tmp_path, "a.txt", "text")

    def refuse(_file: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("studio.formats.source.encoding_of", refuse)
    assert _wrong(name) == "a.txt cannot be read: Permission denied."


def test_the_sample_is_there() -> None:
    """Both sets of it."""
    assert resolve("sample").is_file()
    assert len(list(read("sample"))) >= 150
    assert len(list(read("sample:held_out"))) >= 20


def test_broken_line_behind_the_first_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of the pieces before count too."""
    monkeypatch.setattr("studio.formats.source._HEAD", 7)
    name = _file(tmp_path, "a.json", '[\n{"a": 1},\n{"b": 2},\n\n{"c": }\n]')
    assert _wrong(name).startswith("Line 5 of a.json is not JSON: ")
