"""Where the program's own files are: assets and presets, in a checkout or in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _own(folder: str) -> Path:
    """Return a folder that lies inside the package (wheel) or beside it (checkout)."""
    inside = _PACKAGE / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder


ASSETS = _own("assets")
PRESETS = _own("presets")
