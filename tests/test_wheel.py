"""A wheel installed somewhere else finds its presets and assets."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
_ROOT = Path(__file__).resolve().parents[1]
_LOOK = """
import sys, pathlib
import studio
from studio.paths import ASSETS, PRESETS
from studio.methods.catalogue import methods
from studio.formats.shelf import layouts
from studio.formats.read import read
from studio.words import tr, use_language
home = pathlib.Path(studio.__file__).resolve().parent
assert home.is_relative_to(sys.argv[1]), home
assert ASSETS.is_relative_to(home) and PRESETS.is_relative_to(home)
assert {"lora", "full"} <= set(methods()) and "alpaca" in layouts()
assert sum(1 for _ in read("sample")) >= 150
assert (ASSETS / "style.qss").is_file() and (ASSETS / "tokens.toml").is_file()
assert (PRESETS / "recipes" / "sample.toml").is_file()
use_language("zh_CN")
assert tr("Home") != "Home"
"""


def _run(*words: object, **more: object) -> None:
    """Run a command; its output is shown when it fails."""
    done = subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, check=False, **more
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_a_wheel_brings_what_it_needs(tmp_path):
    _run("-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path / "dist", _ROOT)
    (wheel,) = (tmp_path / "dist").glob("finetune_studio-*.whl")
    target = tmp_path / "installed"
    _run("-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel)
    environment = {**os.environ, "PYTHONPATH": str(target), "PYTHONSAFEPATH": "1"}
    _run("-c", _LOOK, target, cwd=tmp_path, env=environment)
    _run("-m", "studio", "methods", "--json", cwd=tmp_path, env=environment)
