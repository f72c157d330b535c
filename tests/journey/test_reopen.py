"""The window is closed during training and opened again: the run is still at it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.runs.process import alive
from tests.helpers.journey import Person

pytestmark = pytest.mark.slow


def test_run_goes_on_without_a_window_and_is_found_again(
    sit_down: Callable[[], Person], monkeypatch: pytest.MonkeyPatch, llama: Path, rows: Path
) -> None:
    """A new window shows its whole history without a gap, follows it, and can stop it."""
    first = sit_down()
    folder = first.start_run(monkeypatch, llama, rows, max_steps=4000, eval_every=0, save_every=0)
    first.sees(3)
    seen = len(first.points())
    first.leave()
    assert alive(folder)

    second = sit_down()
    assert [view.path for view in second.context.runs.living()] == [str(folder.path)]
    second.press(second.window.run_strip)
    second.sees(seen + 3)
    assert second.state() == "Training"
    steps = second.points()
    assert steps == list(range(1, len(steps) + 1))

    second.stop()
    steps = second.points()
    assert steps == list(range(1, len(steps) + 1))
    second.until(lambda: not alive(folder))
    assert (folder.adapter / "adapter_model.safetensors").is_file()
