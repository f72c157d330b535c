"""Checkpoints: written aside, then renamed, so that a folder with a checkpoint's name is whole."""

import os
import shutil
from pathlib import Path

from studio.runs.folder import RunFolder

ASIDE = ".writing"


def aside(folder: RunFolder) -> Path:
    """Return the folder that the trainer writes into."""
    return folder.checkpoints / ASIDE


def written(folder: RunFolder, step: int) -> Path:
    """Return where the trainer writes the checkpoint of a step."""
    return aside(folder) / f"checkpoint-{step}"


def publish(folder: RunFolder, step: int) -> tuple[Path, int]:
    """Rename a finished checkpoint into place; return it and its bytes."""
    finished = written(folder, step)
    target = folder.checkpoints / finished.name
    for file in (one for one in finished.rglob("*") if one.is_file()):
        _flush(file)
    shutil.rmtree(target, ignore_errors=True)  # the same step, from before a resume
    finished.rename(target)
    return target, sum(file.stat().st_size for file in target.rglob("*") if file.is_file())


def _flush(file: Path) -> None:
    """Have the disk hold the file before it is called whole; a crash must not empty it."""
    with open(file, "rb+") as opened:
        os.fsync(opened.fileno())


def prune(folder: RunFolder, keep: int) -> list[str]:
    """Remove the oldest checkpoints beyond `keep`; return their names."""
    old = folder.whole_checkpoints()[:-keep]
    for _step, path in old:
        shutil.rmtree(path)
    return [path.name for _step, path in old]


def latest(folder: RunFolder) -> Path | None:
    """Return the last whole checkpoint that can be gone on from."""
    whole = [path for _step, path in folder.whole_checkpoints() if _can_resume(path)]
    return whole[-1] if whole else None


def _can_resume(path: Path) -> bool:
    """Say whether weights, optimizer and state are all there."""
    weights = any(path.glob("*.safetensors"))
    return weights and all((path / n).is_file() for n in ("trainer_state.json", "optimizer.pt"))


def clear_aside(folder: RunFolder) -> None:
    """Remove what a killed worker left half written."""
    shutil.rmtree(aside(folder), ignore_errors=True)
