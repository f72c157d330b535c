"""The worker's process: start it apart from us, find it again, see whether it lives."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from studio.errors import RunError
from studio.recipe import Recipe
from studio.runs import requests
from studio.runs.folder import RunFolder, create
from studio.settings import write_whole
from studio.words import mark

# Popen objects of workers that we started: kept so that Python can collect their exit codes.
_started: list[subprocess.Popen[bytes]] = []


def start(recipe: Recipe, runs: Path) -> RunFolder:
    """Make a run folder and start its worker; raises DiskError, RunError."""
    folder = create(recipe, runs)
    start_worker(folder)
    return folder


def start_worker(folder: RunFolder) -> int:
    """Start (or resume) the run's worker in its own process group and return its pid.

    Raises RunError when a worker is at it already.
    """
    if alive(folder):
        raise RunError(
            mark("The run {run} is being trained already."), mark("Watch it, or stop it first."),
            run=folder.name,
        )
    requests.clear(folder.requests)
    with open(folder.worker_log, "ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "studio.engine", "run", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=worker_environment(),
            **apart(),
        )
    claim(folder, worker.pid)
    _started[:] = [known for known in _started if known.poll() is None] + [worker]
    return worker.pid


def worker_environment() -> dict[str, str]:
    """Return our environment with what the engine needs before torch is imported."""
    package_home = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    path = package_home if not known else os.pathsep.join([package_home, known])
    return {
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def apart() -> dict[str, Any]:
    """Return the arguments that make a process outlive us."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def claim(folder: RunFolder, pid: int) -> None:
    """Note which process works on the run, with its start time, since pids are used again."""
    try:
        began = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return  # it died at once: its log says why, and no claim reads as not running
    write_whole(folder.worker_file, json.dumps({"pid": pid, "began": began}))


def worker(folder: RunFolder) -> psutil.Process | None:
    """Return the run's living worker, or None."""
    try:
        claimed = json.loads(folder.worker_file.read_text("utf-8"))
        found = psutil.Process(claimed["pid"])
        same = abs(found.create_time() - claimed["began"]) < 1
        return found if same and found.status() != psutil.STATUS_ZOMBIE else None
    except (FileNotFoundError, ValueError, KeyError, psutil.Error):
        return None


def alive(folder: RunFolder) -> bool:
    """Say whether a worker is at the run."""
    return worker(folder) is not None
