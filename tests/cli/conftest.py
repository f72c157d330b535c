"""What the tests of the terminal share: a home of their own, a tiny model, the program itself."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers.tiny import chat_rows, tiny_llama

REPOSITORY = Path(__file__).resolve().parents[2]
Terminal = Callable[..., subprocess.CompletedProcess[str]]

RECIPE = """
format = 1
[model]
source = "{model}"
[data]
files = ["{data}"]
[method]
name = "lora"
[training]
max_steps = {steps}
max_length = 64
batch_size = 2
eval_every = 0
save_every = {save_every}
sample_prompts = 1
"""


@dataclass(frozen=True)
class Tiny:
    """A tiny model and data for it."""

    model: Path
    data: Path

    def recipe(self, file: Path, steps: int = 4, save_every: int = 0) -> Path:
        """Write a recipe that trains the model on the data."""
        values = {"steps": steps, "save_every": save_every}
        text = RECIPE.format(model=self.model.as_posix(), data=self.data.as_posix(), **values)
        file.write_text(text, encoding="utf-8")
        return file


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A random Llama and forty conversations."""
    folder = tmp_path_factory.mktemp("tiny")
    return Tiny(tiny_llama(folder / "model"), chat_rows(folder / "chats.jsonl", 40))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home for settings, runs and models."""
    return tmp_path / "home"


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The environment of a person whose home that is and who speaks English."""
    kept = {key: value for key, value in os.environ.items() if key not in ("LANG", "LC_ALL")}
    ours = {"FINETUNE_STUDIO_HOME": str(home), "PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8"}
    return {**kept, **ours, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def terminal(environment: dict[str, str], tmp_path: Path) -> Terminal:
    """Run the program as a person does and return what it printed."""

    def run(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "studio", *map(str, arguments)],
            env={**environment, **more},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )

    return run
