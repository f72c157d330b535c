"""The worker is killed during training: the window says so and goes on from the checkpoint."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.runs.process import alive, worker
from tests.helpers.journey import Person
from tests.helpers.wizard import texts

pytestmark = pytest.mark.slow


def test_killed_worker_is_reported_and_goes_on_from_its_checkpoint(
    sit_down: Callable[[], Person], monkeypatch: pytest.MonkeyPatch, llama: Path, rows: Path
) -> None:
    """One sentence, one click; the charts have each step once, before and after."""
    person = sit_down()
    folder = person.start_run(monkeypatch, llama, rows, max_steps=4000, eval_every=0, save_every=5)
    person.until(lambda: len(folder.whole_checkpoints()) >= 2)
    person.sees(12)
    running = worker(folder)
    assert running is not None
    running.kill()
    person.until(lambda: person.state() == "Lost contact")

    last = folder.whole_checkpoints()[-1][0]
    said, panel = texts(person.live.head.banner), person.live.side.go_on
    assert "ended without a word" in said
    assert f"checkpoint of step {last} is whole" in said
    assert person.live.side.shown() == "go_on"
    assert panel.go.text() == f"Go on from step {last}"
    before = person.points()
    assert before == list(range(1, len(before) + 1))

    person.press(panel.go)
    person.until(lambda: person.state() == "Training")
    person.until(lambda: person.points()[-1:] >= [before[-1] + 5])
    assert person.live.side.shown() != "go_on"
    person.stop()
    steps = person.points()
    assert steps == list(range(1, len(steps) + 1)) and len(steps) > len(before)
    person.until(lambda: not alive(folder))
