"""Persons at windows in one home, a tiny model and rows for it; no worker outlives its test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.runs.folder import all_runs
from tests.helpers.journey import Person, dress, end_worker
from tests.helpers.tiny import chat_rows, tiny_llama


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Llama with a chat template."""
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty conversations."""
    return chat_rows(tmp_path_factory.mktemp("data") / "chats.jsonl", 40)


@pytest.fixture
def sit_down(qtbot: QtBot, qapp: object, home: Path) -> Iterator[Callable[[], Person]]:
    """Return a function that opens one more window; all are closed and all runs ended after."""
    dress()
    persons: list[Person] = []

    def open_window() -> Person:
        persons.append(Person(qtbot))
        return persons[-1]

    yield open_window
    for person in persons:
        person.leave()
    for folder in all_runs(home / "runs"):
        end_worker(folder)
