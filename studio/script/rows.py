"""The part of the script that reads files and rows and turns them into tokens."""

from pathlib import Path
from typing import Any

from studio.formats.pairs import Pairs
from studio.formats.read import resolve
from studio.formats.shelf import layout
from studio.formats.source import encoding_of
from studio.models.facts import ModelFacts
from studio.recipe import Recipe
from studio.script import pieces
from studio.script.literal import literal
from studio.survey import DataSurvey

_READERS = {
    ".jsonl": pieces.READ_LINES,
    ".ndjson": pieces.READ_LINES,
    ".csv": pieces.READ_TABLE,
    ".tsv": pieces.READ_TABLE,
    ".parquet": pieces.READ_PARQUET,
    ".txt": pieces.READ_TEXT,
    ".md": pieces.READ_TEXT,
}


def reading(recipe: Recipe, data: DataSurvey) -> str:
    """Write the functions that read files and rows."""
    kind = data.layout if data.gives != "messages" or data.layout == "messages" else "pairs"
    rows = {
        "messages": pieces.ROW_MESSAGES,
        "pairs": pieces.ROW_PAIRS,
        "text": pieces.ROW_TEXT,
        "labelled": pieces.ROW_LABELLED,
    }
    return "\n".join((_reader(recipe), rows[kind], pieces.LOAD_ROWS))


def _reader(recipe: Recipe) -> str:
    """Return the function that reads a file, or one for each kind of file that there is."""
    files = [resolve(name) for name in [*recipe.data.files, *recipe.data.eval_files]]
    readers = {str(file): _READERS.get(file.suffix.lower()) or _json_reader(file) for file in files}
    kinds = list(dict.fromkeys(readers.values()))
    if len(kinds) == 1:
        return kinds[0]
    named = [kind.replace("def read(", f"def read_{n}(") for n, kind in enumerate(kinds, 1)]
    table = "".join(f"    {literal(k)}: read_{kinds.index(v) + 1},\n" for k, v in readers.items())
    return "\n".join((*named, f"READERS = {{\n{table}}}\n", pieces.READ_ANY))


def _json_reader(file: Path) -> str:
    """Return the reader of a .json file: one list, or one object a line."""
    with open(file, encoding=encoding_of(file)) as source:
        first = next((line for line in source if line.strip()), "").strip()
    lines = first.startswith("{") and first.endswith("}")
    return pieces.READ_LINES if lines else pieces.READ_JSON


def encoding(data: DataSurvey, facts: ModelFacts) -> str:
    """Write the functions that turn a row into tokens."""
    if data.gives == "label":
        return "\n".join((pieces.ENCODE_LABEL, pieces.EXAMPLES))
    if data.gives == "text":
        return "\n".join((pieces.ENCODE_TEXT, pieces.EXAMPLES))
    render = pieces.ENCODE_TEMPLATE if facts.chat_template else pieces.ENCODE_PLAIN
    return "\n".join((render, pieces.ENCODE_CHAT, pieces.EXAMPLES))


def columns(data: DataSurvey) -> dict[str, Any]:
    """Return the columns that the layout reads, where they are not always the same."""
    known = layout(data.layout)
    if isinstance(known, Pairs):
        return {
            "PROMPT": known.prompt,
            "EXTRA": known.extra,
            "SYSTEM": known.system,
            "ANSWER": known.completion,
        }
    if data.gives != "label":
        return {}
    row = data.rows[0]
    found = {str(value): str(key) for key, value in reversed(list(row.raw.items()))}
    return {"TEXT": found.get(row.text, "text"), "LABEL": found.get(str(row.label), "label")}
