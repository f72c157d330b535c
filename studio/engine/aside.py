"""Write a folder aside and rename it: what has the name is whole, and nothing is overwritten."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.errors import ExportError
from studio.words import mark

SPARE_BYTES = 64 << 20
FREE_SPACE = mark("Free some space, or choose a folder on another disk.")


@contextmanager
def written_aside(out: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `out`; it takes its name at the end, or vanishes."""
    aside = out.with_name(f".{out.name}.writing")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        if out.exists():
            out.rmdir()
        aside.rename(out)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ExportError(mark("The disk is full."), FREE_SPACE) from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def require_empty(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(
            mark("The folder {folder} is not empty."),
            mark("Choose a new or an empty folder."),
            folder=out,
        )


def require_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + SPARE_BYTES:
        raise ExportError(
            mark("The merged model needs {need:.1f} GB, and the disk has {free:.1f} GB free."),
            FREE_SPACE,
            need=(size + SPARE_BYTES) / 1e9,
            free=free / 1e9,
        )


def replace_folder(aside: Path, target: Path) -> None:
    """Put a finished folder in the place of an older one, which goes only afterwards."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    aside.rename(target)
    shutil.rmtree(old, ignore_errors=True)
