"""Tiny models and data, made once for all engine tests, and runs in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio import recipe as recipes
from studio.engine.control import Control
from studio.runs.events import Event
from studio.runs.folder import RunFolder, create
from studio.runs.log import EventReader, EventWriter
from tests.helpers import tiny
from tests.helpers.tiny import chat_rows, label_rows, tiny_bert, tiny_llama


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Llama with a chat template."""
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a maker of tiny models by their family, each made once."""
    folder = tmp_path_factory.mktemp("models")

    def make(name: str) -> Path:
        known = folder / f"tiny-{name}"
        return known if known.exists() else getattr(tiny, f"tiny_{name}")(known)

    return make


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random BERT."""
    return tiny_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture(scope="session")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty conversations."""
    return chat_rows(tmp_path_factory.mktemp("data") / "chats.jsonl", 40)


@pytest.fixture(scope="session")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty-four labelled texts."""
    return label_rows(tmp_path_factory.mktemp("data") / "labels.jsonl", 64)


MakeRun = Callable[..., RunFolder]


@pytest.fixture
def make_run(home: Path, llama: Path, chats: Path) -> MakeRun:
    """Return a maker of run folders: tiny model, eight steps, changes by section."""

    def make(**changes: dict[str, Any]) -> RunFolder:
        values: dict[str, Any] = {
            "model": {"source": str(llama)},
            "data": {"files": [str(chats)], "eval_share": 0.1},
            "method": {"name": "lora"},
            "training": {
                "max_steps": 8,
                "batch_size": 4,
                "learning_rate": 0.01,
                "eval_every": 4,
                "save_every": 4,
                "sample_prompts": 1,
            },
        }
        recipes.overlay(values, changes)
        return create(recipes.from_mapping(values), home / "runs")

    return make


def run_here(folder: RunFolder, control: Control | None = None) -> list[Event]:
    """Train in this process and return the events."""
    from studio.engine.train import train

    journal = EventWriter(folder.events)
    try:
        train(folder, journal, control or Control())
    finally:
        journal.close()
    return EventReader(folder.events).read()
