"""The one command: a window without arguments, the terminal with them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio import app

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be without a screen")


@linux
def test_without_a_screen_it_says_so(tmp_path: Path):
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    kept = {key: value for key, value in os.environ.items() if key not in screens}
    said = subprocess.run(
        [sys.executable, "-m", "studio"],
        env={**kept, "FINETUNE_STUDIO_HOME": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
    )
    assert (said.returncode, said.stdout) == (1, "")
    assert "finetune-studio train sample" in said.stderr
    assert len(said.stderr.splitlines()) == 1


@linux
@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
def test_a_screen_is_seen(monkeypatch: pytest.MonkeyPatch, name: str):
    for other in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(other, raising=False)
    assert not app.has_screen()
    monkeypatch.setenv(name, "offscreen")
    assert app.has_screen()


def test_arguments_go_to_the_terminal(capsys: pytest.CaptureFixture[str]):
    assert app.main(["--version"]) == 0
    assert capsys.readouterr().out.strip()
