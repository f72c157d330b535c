"""Folders as data: one folder a class, with pictures or texts, and everything else told."""

from pathlib import Path

import pytest
from PIL import Image

from studio.errors import DataError
from studio.formats.detect import load_rows
from studio.formats.pictures import PICTURES
from studio.formats.read import read
from tests.helpers.tiny import image_rows

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def _put(folder: Path, files: dict[str, bytes | str]) -> Path:
    """Write files, each under its path in the folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return folder


def test_pictures(tmp_path: Path) -> None:
    """One of each class in turn; the row has the whole path, the raw one the short path."""
    found = load_rows([str(image_rows(tmp_path / "light", 6))])
    assert (found.layout, found.bad) == ("images", [])
    assert [row.label for row in found.good] == ["bright", "dark"] * 3
    assert found.good[0].raw == {"image": "bright/1.png", "label": "bright"}
    assert found.good[0].image == str(tmp_path / "light" / "bright" / "1.png")
    few = load_rows([str(tmp_path / "light")], at_most=2)
    assert {row.label for row in few.good} == {"dark", "bright"}


@pytest.mark.parametrize("ending", PICTURES)
def test_every_kind_of_picture(ending: str, tmp_path: Path) -> None:
    """As Pillow writes it, also where the name says another kind."""
    (tmp_path / "one").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "one" / f"a{ending}")
    (tmp_path / "one" / f"a{ending}").rename(tmp_path / "one" / "b.PNG")
    assert len(load_rows([str(tmp_path)]).good) == 1


def test_broken_pictures_are_left_out(tmp_path: Path) -> None:
    """Empty ones, cut ones and those that are something else: each with its name."""
    folder = image_rows(tmp_path / "light", 2)
    broken = {"dark/cut.png": _PNG[:6], "dark/empty.jpg": b"", "dark/page.webp": b"<html></html>"}
    found = load_rows([str(_put(folder, dict(broken)))])
    assert len(found.good) == 2
    assert {str(bad.values["picture"]) for bad in found.bad} == set(broken)
    assert {bad.text for bad in found.bad} == {"{picture} is broken: it is no picture."}


def test_paths_begin_at_the_files_folder(tmp_path: Path) -> None:
    """Also whole paths are known; what is not there is left out."""
    image_rows(tmp_path / "light", 2)
    whole = tmp_path / "light" / "dark" / "0.png"
    rows = f"file_name,label\nlight/bright/1.png,bright\n{whole},dark\nlight/none.png,dark\n"
    found = load_rows([str(_put(tmp_path, {"rows.csv": rows}) / "rows.csv")])
    assert [row.image for row in found.good] == [str(tmp_path / "light/bright/1.png"), str(whole)]
    (bad,) = found.bad
    assert (bad.number, bad.text) == (4, "There is no picture {picture}.")


def test_texts(tmp_path: Path) -> None:
    """In whatever encoding each file is; an empty one is left out."""
    files = {
        "sports/1.txt": "Chelsea paid £15m".encode("latin-1"),
        "sports/2.txt": " \n",
        "tech/1.txt": "Head\r\n\r\nBody\r\n",
        "tech/2.txt": "很久以前，有一个老人".encode(),
    }
    found = load_rows([str(_put(tmp_path / "news", dict(files)))])
    assert found.layout == "labelled"
    assert [(row.text, row.label) for row in found.good] == [
        ("Chelsea paid £15m", "sports"),
        ("Head\n\nBody", "tech"),
        ("很久以前，有一个老人", "tech"),
    ]
    assert [bad.text for bad in found.bad] == ["The text is empty."]


def test_what_nobody_means_as_data(tmp_path: Path) -> None:
    """Hidden files, systems' own, a README, links that lead nowhere; links to files are read."""
    folder = image_rows(tmp_path / "light", 2)
    beside = dict.fromkeys((".git/x", "__MACOSX/x", "README.txt", "dark/.DS_Store"), "x")
    _put(folder, {**beside, "dark/Thumbs.db": "x"})
    (folder / "dark" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "dark" / "link.png").symlink_to(folder / "bright" / "1.png")
    found = load_rows([str(folder)])
    assert [row.raw["image"] for row in found.good] == [
        "bright/1.png", "dark/0.png", "dark/link.png",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.csv": "x"}, "d is a folder without a folder for each class."),
        ({"a/1.png": _PNG, "more.csv": "x"}, "more.csv lies beside the folders of the classes"),
        ({"a/1.png": _PNG, "a/x.pdf": "x"}, "a/x.pdf in d is neither a picture nor a .txt file."),
        ({"a/1.png": _PNG, "b/1.txt": "x"}, "d holds pictures and texts."),
        ({"a/1.png": _PNG, "b/.hidden": "x"}, "The folder b in d is empty."),
        ({"train/a/1.png": _PNG}, "train in d holds more folders, such as a."),
        ({"a/1.txt": b"\0\1\2"}, "a/1.txt is not text."),
    ],
)
def test_folders_that_are_no_data(files: dict[str, bytes | str], said: str, tmp_path: Path) -> None:
    """One sentence that names the thing, and a next step."""
    with pytest.raises(DataError) as found:
        list(read(str(_put(tmp_path / "d", files))))
    assert found.value.sentence().startswith(said)
    assert found.value.step()
