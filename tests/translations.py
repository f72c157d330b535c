"""Bring the Chinese catalogue up to date: `python tests/translations.py`.

Reads every sentence in studio/, keeps the translations that still apply, compiles the catalogue,
and prints what is missing. Files are read as Python and not as words, since a call such as
`tr(_NAMES[key["for"]])` names no sentence of its own.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "studio"
FOLDER = ROOT / "assets" / "translations" / "zh_CN" / "LC_MESSAGES"
PO, MO = FOLDER / "studio.po", FOLDER / "studio.mo"
# How many arguments of each function are sentences.
KEYWORDS = {"tr": 1, "trn": 2, "mark": 1}

Sentence = tuple[str, ...]  # one text, or singular and plural; a sense stands before the first
_SENSE = "\x04"  # ends a sense, as in gettext's own files


@dataclass(frozen=True)
class Call:
    """One call of tr, trn or mark: its sentence, or the code of an argument that is none."""

    place: str
    sentence: Sentence
    code: str = ""


def calls() -> list[Call]:
    """Return every call in studio/ that asks for a translation."""
    files = sorted(SOURCE.rglob("*.py"))
    return [call for file in files for call in _calls_in(file)]


def sentences() -> set[Sentence]:
    """Return every sentence that is written out in studio/."""
    return {call.sentence for call in calls() if call.sentence}


def _calls_in(file: Path) -> Iterator[Call]:
    """Read one file."""
    name = file.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(file.read_text("utf-8"), name)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in KEYWORDS and node.args:
                count = KEYWORDS[called]
                sense = node.args[count] if called == "tr" and len(node.args) > count else None
                yield _read(f"{name}:{node.lineno}", node.args[:count], sense)


def _read(place: str, arguments: list[ast.expr], sense: ast.expr | None) -> Call:
    """Return the sentence of a call, where all its parts are written out."""
    texts = [one.value for one in arguments if isinstance(one, ast.Constant)]
    if len(texts) == len(arguments) and all(isinstance(text, str) for text in texts):
        before = f"{ast.literal_eval(sense)}{_SENSE}" if sense else ""
        return Call(place, (before + texts[0], *texts[1:]) if all(texts) else ())
    odd = next(one for one in arguments if not isinstance(one, ast.Constant))
    return Call(place, (), ast.unparse(odd))


def key(message: Message) -> Sentence:
    """Return the sentence of a message; a compiled file gives its sense as bytes."""
    texts = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    sense = message.context.decode() if isinstance(message.context, bytes) else message.context
    return (f"{sense}{_SENSE}{texts[0]}", *texts[1:]) if sense else texts


def translations(message: Message) -> Sentence:
    """Return the Chinese of a message, empty where it is missing."""
    text = message.string or ""
    found = (text,) if isinstance(text, str) else tuple(text)
    return found if all(found) else ()


def catalogue() -> Catalog:
    """Read the catalogue as it is written."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh_CN")


def compiled() -> dict[Sentence, Sentence]:
    """Return what the program would read."""
    with MO.open("rb") as file:
        return {key(one): translations(one) for one in read_mo(file) if one.id}


def written(found: Catalog) -> dict[Sentence, Sentence]:
    """Return what the catalogue says, without the sentences that are not translated."""
    return {key(one): translations(one) for one in found if one.id and translations(one)}


def update() -> Catalog:
    """Add new sentences, drop old ones, and write both files."""
    found, wanted = catalogue(), sentences()
    for message in [one for one in found if one.id and key(one) not in wanted]:
        found.delete(message.id, message.context)
    for one in wanted - {key(message) for message in found}:
        sense, _, text = one[0].rpartition(_SENSE)
        found.add((text, *one[1:]) if len(one) > 1 else text, context=sense or None)
    for message in found:
        message.flags.discard("python-format")  # a percent sign in our texts is one
    _write(found)
    return found


def _write(found: Catalog) -> None:
    """Write both files so that nothing changes in them that has not changed."""
    head = PO.read_text("utf-8").split("\n\n", 1)[0]
    body = BytesIO()
    write_po(body, found, width=0, no_location=True, sort_output=True, omit_header=True)
    PO.write_text(f"{head}\n\n{body.getvalue().decode()}", "utf-8", newline="\n")
    if not MO.is_file() or compiled() != written(found):  # its header holds the time
        with MO.open("wb") as file:
            write_mo(file, found)


def main() -> int:
    """Update the catalogue and print the sentences that have no Chinese yet."""
    found = update()
    missing = sorted(key(one) for one in found if one.id and not translations(one))
    for one in missing:
        print(" || ".join(one).replace(_SENSE, ": "))
    print(f"{len(found)} sentences, {len(missing)} without a translation")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
