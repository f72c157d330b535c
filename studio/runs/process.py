"""The worker's process: start it apart from us, find it again, see whether it lives."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from studio import settings
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

    Raises RunError when a worker is at it already, or none can be started.
    """
    if alive(folder):
        raise RunError(
            mark("The run {run} is being trained already."),
            mark("Watch it, or stop it first."),
            run=folder.name,
        )
    requests.clear(folder.requests)
    try:
        process = _launch(folder)
    except OSError as reason:
        raise RunError(
            mark("The training process of {run} cannot be started: {reason}."),
            mark("Check the disk's free space and the rights of the runs folder."),
            run=folder.name,
            reason=reason.strerror,
        ) from reason
    claim(folder, process.pid)
    _started[:] = [known for known in _started if known.poll() is None] + [process]
    return process.pid


def _launch(folder: RunFolder) -> subprocess.Popen[bytes]:
    """Start the engine on the run; raises OSError."""
    # -P: a file of the working folder must not be taken for a module of ours or of torch.
    command = [sys.executable, "-P", "-m", "studio.engine", "run", str(folder.path)]
    with open(folder.worker_log, "ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=worker_environment(),
            **apart(),
        )


def worker_environment() -> dict[str, str]:
    """Return our environment with what the engine needs before torch is imported."""
    package_home = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    path = package_home if not known else os.pathsep.join([package_home, known])
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # so that CUDA's first card is NVML's first
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
        # Threads that spin for long while they wait take the processor from whoever needs it (on
        # two busy cores a step took four times as long); threads that sleep at once cost a quarter
        # on idle ones. A short spin costs a twentieth there and holds up nobody.
        "GOMP_SPINCOUNT": "20000",
        "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **({"HF_HUB_OFFLINE": "1"} if settings.load().offline else {}),
    }


def apart() -> dict[str, Any]:
    """Return the arguments that start a process apart from us: own group, no console window."""
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
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None  # no claim, a damaged one, or a process that is gone


def alive(folder: RunFolder) -> bool:
    """Say whether a worker is at the run."""
    return worker(folder) is not None
