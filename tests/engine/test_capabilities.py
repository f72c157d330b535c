"""presets/capabilities.json says what is so: every method once, every task once, all formats."""

import json
import subprocess
import sys

import pytest

from studio.methods.capabilities import cells, measured_with
from studio.methods.catalogue import methods
from tests.bench import capabilities


@pytest.mark.slow
def test_the_file_says_what_is_measured() -> None:
    """A few minutes on two cores; the whole table is the bench's."""
    command = [sys.executable, capabilities.__file__, "--slice"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["jobs"] == len(capabilities.sliced(list(methods())))
    assert told["differ"] == []


def test_the_file_is_of_the_installed_peft() -> None:
    """After an upgrade everything is measured anew."""
    import peft

    assert measured_with() == peft.__version__


@pytest.mark.parametrize("name", [key for key, one in methods().items() if one.peft])
def test_every_peft_type_trains_on_chats(name: str) -> None:
    """In one number format at least, on one kind of model at least."""
    seen = [
        cell for bits in capabilities.FORMATS for cell in cells(name, "causal_lm", bits).values()
    ]
    assert any(cell.trains for cell in seen)


def test_every_task_has_methods() -> None:
    """And LoRA is one of them."""
    for task in capabilities.FAMILIES:
        assert any(cell.trains for cell in cells("lora", task).values())
