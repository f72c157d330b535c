"""Errors: sentence and next step, values that survive JSON, templates that can be filled in."""

import ast
import json
import string
from pathlib import Path

import pytest

from studio import errors
from studio.errors import DataError, ModelError, Problem, RecipeError, StudioError, suggest

_STUDIO = Path(errors.__file__).parent
_TOLD = {name for name in vars(errors) if name.endswith("Error")} | {"tr", "RowError", "_error"}


def test_error_says_sentence_and_step() -> None:
    """Both are filled in with the same values."""
    found = ModelError("There is no {thing}.", "Find {thing}.", thing="model")
    assert found.sentence() == "There is no model."
    assert found.step() == "Find model."
    assert str(found) == "There is no model. Find model."


def test_error_without_step() -> None:
    """A next step may be missing."""
    assert str(StudioError("Broken.")) == "Broken."


def test_values_survive_json() -> None:
    """Paths, exceptions and tuples become texts and lists."""
    values: dict[str, object] = {
        "file": Path("a/b"), "reason": ValueError("no"), "n": 3, "names": (Path("c"), 1), "x": None,
    }  # fmt: skip
    problem = Problem("data.files", "{file}: {reason}", "", values)
    assert json.loads(json.dumps(problem.values)) == problem.values
    assert problem.sentence() == f"{Path('a/b')}: no"
    assert problem.values["names"] == ["c", 1]


def test_recipe_error_lists_all() -> None:
    """Every problem has a line."""
    found = RecipeError([Problem("a", "One."), Problem("b", "Two.", "Do.")])
    assert str(found) == "One.\nTwo. Do."
    assert found.sentence() == "One."


@pytest.mark.parametrize(
    ("name", "near"), [("LoRa", "lora"), ("qlra", "qlora"), ("IA3", "ia3"), ("full_", "full")]
)
def test_suggest_nearest(name: str, near: str) -> None:
    """Capitals do not matter."""
    step, values = suggest(name, ["lora", "qlora", "ia3", "full"])
    assert step.format(**values) == f"Did you mean {near}?"


def test_suggest_names_all() -> None:
    """Nothing near: what there is."""
    step, values = suggest("zzz", ["lora", "full"])
    assert step.format(**values) == "Known: lora, full."


def test_suggestion_is_a_template() -> None:
    """It is translated when it is shown and not when it is raised."""
    assert suggest("lor", ["lora"])[0] == "Did you mean {near}?"
    assert DataError("x", *suggest("lor", ["lora"])[:1], near="lora").step() == "Did you mean lora?"


def _calls() -> list[tuple[str, ast.Call]]:
    """Return every call in the package that fills in a template, with its place."""
    found = []
    for file in sorted(_STUDIO.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in _TOLD:
                found.append((f"{file.relative_to(_STUDIO)}:{node.lineno}", node))
    return found


def _templates(call: ast.Call) -> list[str]:
    """Return the literal templates among a call's positional arguments, not of calls in them."""
    found: list[str] = []
    waiting: list[ast.AST] = list(call.args)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") == "mark":
            waiting += ast.iter_child_nodes(node)
    return found


def test_every_template_can_be_filled_in() -> None:
    """No placeholder lacks its value, wherever both are written out."""
    lacking = []
    calls = _calls()
    for place, call in calls:
        given = {keyword.arg for keyword in call.keywords}
        if None in given:
            continue  # **values: not to be seen from here
        for text in _templates(call):
            try:
                names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            except ValueError:
                continue
            bare = getattr(call.func, "id", "") == "tr" and not given  # filled in elsewhere
            if names - given and not bare:
                lacking.append((place, text, names - given))
    assert len(calls) > 80
    assert not lacking
