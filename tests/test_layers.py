"""The house rules that a machine can hold: layers, what is loaded, budgets."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import studio

_ROOT = Path(__file__).parents[1]
_FILES = sorted((_ROOT / "studio").rglob("*.py"))
_LIGHT = (
    "studio.flow", "studio.survey", "studio.estimate", "studio.runs.state", "studio.runs.process",
    "studio.methods.guide", "studio.methods.check", "studio.formats.detect",
    "studio.tasks.shelf", "studio.exports.shelf", "studio.models.inspect", "studio.recipe",
)  # fmt: skip
_HEAVY = (
    "torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "trl", "PySide6",
    "pyqtgraph", "qtawesome", "huggingface_hub", "sklearn", "pyarrow", "gguf", "keyring",
)  # fmt: skip


def _layers(line: str) -> list[set[str]]:
    """Return the layers that a line draws."""
    return [{name.strip() for name in part.split("|")} for part in line.split(">")]


def test_docstring_draws_the_contract() -> None:
    """The line in studio/__init__.py is the one that import-linter holds."""
    drawn = " ".join(re.findall(r"^ {4}(.+)$", studio.__doc__ or "", re.MULTILINE))
    with open(_ROOT / "pyproject.toml", "rb") as source:
        contracts = tomllib.load(source)["tool"]["importlinter"]["contracts"]
    (layers,) = [contract for contract in contracts if contract["type"] == "layers"]
    assert layers["exhaustive"]
    assert _layers(drawn) == _layers(" > ".join(layers["layers"]))


def test_nothing_heavy_below_the_window() -> None:
    """A fresh Python that loads all of it has neither torch nor Qt, nor what is slow to load."""
    script = f"""
import sys
for name in {_LIGHT!r}:
    __import__(name)
from studio.methods.catalogue import methods
from studio.tasks.shelf import tasks
from studio.formats.shelf import layouts
from studio.exports.shelf import targets
assert methods() and tasks() and layouts() and targets()
print([name for name in {_HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("file", _FILES, ids=lambda file: str(file.relative_to(_ROOT)))
def test_budgets(file: Path) -> None:
    """A file has a docstring and at most 400 lines, a function at most 60."""
    text = file.read_text("utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 400
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, kinds) and (node.end_lineno or 0) - node.lineno >= 60
    }
    assert not long


@pytest.mark.parametrize(
    "command",
    [["lint-imports"], ["ruff", "check", "."], ["ruff", "format", "--check", "."]],
    ids="-".join,
)
def test_linters(command: list[str]) -> None:
    """Import-linter and ruff have nothing to say."""
    tool = Path(sys.executable).parent / command[0]
    done = subprocess.run([tool, *command[1:]], cwd=_ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
