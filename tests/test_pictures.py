"""The pictures of the pages can be made: every one is there, of its size, and shows something."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.pictures import names

_SCRIPT = Path(__file__).with_name("pictures.py")
_COLOURS = 24  # a page that shows nothing has two or three


@pytest.mark.slow
def test_every_page_can_be_pictured(tmp_path: Path) -> None:
    """One theme and language, a tiny model."""
    command = [sys.executable, str(_SCRIPT), str(tmp_path), "--home", str(tmp_path / "home")]
    command += ["--theme", "light", "--language", "en", "--steps", "120", "--rate", "0.005"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    for name, size in names("light", "en").items():
        picture = QImage(str(tmp_path / name))
        assert (picture.width(), picture.height()) == size, name
        assert len(_colours(picture)) > _COLOURS, name


def _colours(picture: QImage) -> set[int]:
    """Return the colours right of the rail, looked at in every third place."""
    across, down = range(220, picture.width(), 3), range(0, picture.height(), 3)
    return {picture.pixel(x, y) for x in across for y in down}
