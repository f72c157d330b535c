"""A folder as rows: in it one folder a class, which holds the class's pictures or texts."""

import os
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path

from studio.errors import DataError
from studio.formats.pictures import PICTURES
from studio.formats.source import lines
from studio.rows import Raw
from studio.words import mark

_TEXT = ".txt"
# What systems and authors leave lying about and nobody means as data.
_BESIDE = ("thumbs.db", "desktop.ini", "readme", "license", "licence")


def read_folder(folder: Path) -> Iterator[tuple[int, Raw]]:
    """Read a row a file, one of each class in turn, so that the first rows have every class.

    Pictures are named and not opened. Raises DataError where the folder holds something else.
    """
    classes = _classes(folder)
    kind = _kind(folder, classes)
    in_turn = chain.from_iterable(zip_longest(*classes.values()))
    for number, file in enumerate((file for file in in_turn if file is not None), 1):
        label = file.parent.name
        if kind == _TEXT:
            yield number, {"text": _text(file), "label": label}
        else:
            yield number, {"image": f"{label}/{file.name}", "label": label}


def _classes(folder: Path) -> dict[str, list[Path]]:
    """Return each class's files; raises DataError where files and folders are laid otherwise."""
    inside = _visible(folder)
    classes = [entry for entry in inside if entry.is_dir()]
    loose = next((entry for entry in inside if not entry.is_dir()), None)
    if not classes:
        raise DataError(
            mark("{file} is a folder without a folder for each class."),
            mark("Choose the files in it, or put pictures or texts into one folder a class."),
            file=folder.name,
        )
    if loose is not None:
        raise DataError(
            mark("{entry} lies beside the folders of the classes in {file}."),
            mark("Move it away, or choose that file alone."),
            entry=loose.name,
            file=folder.name,
        )
    return {entry.name: _files(Path(entry.path)) for entry in classes}


def _files(folder: Path) -> list[Path]:
    """Return a class's files; raises DataError where there are none, or folders in it."""
    found = _visible(folder)
    if not found:
        raise DataError(
            mark("The folder {name} in {file} is empty."),
            mark("Put its pictures or texts into it, or remove it."),
            name=folder.name,
            file=folder.parent.name,
        )
    deeper = next((entry for entry in found if entry.is_dir()), None)
    if deeper is not None:
        raise DataError(
            mark("{name} in {file} holds more folders, such as {entry}."),
            mark("Choose the folder that holds the folders of the classes themselves."),
            name=folder.name,
            file=folder.parent.name,
            entry=deeper.name,
        )
    return [folder / entry.name for entry in found]


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    """Return what a folder shows, by name; links that lead nowhere are passed over."""
    with os.scandir(folder) as entries:  # unlike Path's, it knows what is a folder without asking
        shown = [entry for entry in entries if not entry.name.startswith((".", "__"))]
    meant = (entry for entry in shown if not entry.name.lower().startswith(_BESIDE))
    there = (entry for entry in meant if entry.is_dir() or entry.is_file())
    return sorted(there, key=lambda entry: entry.name)


def _kind(folder: Path, classes: dict[str, list[Path]]) -> str:
    """Return ".txt", or "" for pictures; raises DataError for both at once or something else."""
    files = [file for found in classes.values() for file in found]
    texts = [file for file in files if file.suffix.lower() == _TEXT]
    others = [file for file in files if file.suffix.lower() not in (*PICTURES, _TEXT)]
    if others:
        raise DataError(
            mark("{entry} in {file} is neither a picture nor a .txt file."),
            mark("Move it away; pictures are {kinds}."),
            entry=f"{others[0].parent.name}/{others[0].name}",
            file=folder.name,
            kinds=", ".join(PICTURES),
        )
    if texts and len(texts) < len(files):
        raise DataError(
            mark("{file} holds pictures and texts."),
            mark("Keep pictures and texts in folders of their own."),
            file=folder.name,
        )
    return _TEXT if texts else ""


def _text(file: Path) -> str:
    """Return a whole text, its lines ended by a line feed; the error names its folder too."""
    try:
        return "\n".join(line.rstrip("\r\n") for line in lines(file)).strip()
    except DataError as reason:
        known = reason.problem
        values = {**known.values, "file": f"{file.parent.name}/{file.name}"}
        raise DataError(known.text, known.next_step, **values) from reason
