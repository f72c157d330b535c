"""Two windows on one run: both follow it, one stops it, both say so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.runs.process import alive
from tests.helpers.journey import Person

pytestmark = pytest.mark.slow


def test_two_windows_follow_one_run_and_one_stops_it(
    sit_down: Callable[[], Person], monkeypatch: pytest.MonkeyPatch, llama: Path, rows: Path
) -> None:
    """What one does is seen in the other within moments."""
    one, other = sit_down(), sit_down()
    folder = one.start_run(monkeypatch, llama, rows, max_steps=4000, eval_every=0, save_every=0)
    one.sees(3)
    other.until(lambda: other.context.runs.living())
    other.open_run(folder)
    both = len(one.points()) + 3
    one.sees(both)
    other.sees(both)
    assert one.state() == other.state() == "Training"

    one.stop()
    other.until(lambda: other.state() == "Stopped")
    other.until(lambda: other.points() == one.points())
    assert other.live.buttons.can("go_on") and not other.live.buttons.can("stop")
    one.until(lambda: not alive(folder))
