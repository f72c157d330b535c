"""The GPU check itself needs a card; without one it says so and ends."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

_CHECK = Path(__file__).with_name("check.py")


@pytest.mark.skipif(torch.cuda.is_available(), reason="run tests/gpu/check.py itself here")
def test_without_a_card_it_says_so():
    done = subprocess.run([sys.executable, _CHECK], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "PyTorch sees no NVIDIA card here."
