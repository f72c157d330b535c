"""What this computer has and what is wrong with it, without loading torch."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from studio import __version__, settings
from studio.cli import numbers
from studio.cli.options import AsJson
from studio.cli.terminal import document, facts, problem_values, result, tell_problems
from studio.errors import Problem
from studio.hardware import Machine, free_disk, machine, use
from studio.words import mark, tr

_PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "PySide6-Essentials")
_LITTLE_DISK = 5_000_000_000
_NVIDIA = "0x10de"


def doctor(as_json: AsJson = False) -> int:
    """Show what there is; return 1 when something is wrong."""
    here, chosen = machine(), settings.load()
    found = {
        "version": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "torch_build": torch_build(),
        "machine": _machine(here),
        "folders": [_folder(name, path) for name, path in _places(chosen)],
        "offline": chosen.offline,
        "hub_address": chosen.hub_address or None,
    }
    problems = _problems(here, found)
    if as_json:
        document({**found, "problems": [problem_values(problem) for problem in problems]})
        return 1 if problems else 0
    facts(_lines(here, found))
    tell_problems(problems)
    if not problems:
        result(tr("Nothing is wrong."))
    return 1 if problems else 0


def _version(package: str) -> str | None:
    """Return the installed version, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def torch_build() -> str:
    """Return what torch was built for, "cpu" or "cuda 12.8", read from its files; "" without it.

    The installed version does not tell: on Windows the plain package is a CPU build.
    """
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return ""
    lines = Path(spec.origin).with_name("version.py").read_text("utf-8").splitlines()
    cuda = next((line for line in lines if line.startswith("cuda")), "cuda = None")
    built = cuda.split("=")[-1].strip().strip("'\"")
    return "cpu" if built == "None" else f"cuda {built}"


def _machine(here: Machine) -> dict[str, Any]:
    """Return the machine, as JSON shows it; bytes."""
    card = here.card and {
        "name": here.card.name,
        "memory": here.card.memory,
        "driver": here.card.driver,
        "capability": list(here.card.capability),
    }
    now = use()
    return {
        "system": here.system,
        "processor": here.processor,
        "cores": here.cores,
        "bfloat16": here.bfloat16,
        "memory": here.memory,
        "memory_used": now.memory_used,
        "card": card,
        "card_used": now.card and now.card.used,
        "four_bit": here.four_bit,
    }


def _places(chosen: settings.Settings) -> list[tuple[str, Path]]:
    """Return the folders that we write to, by what they are for."""
    return [
        ("settings", settings.config_file().parent),
        ("runs", chosen.runs),
        ("models", chosen.models),
    ]


def _folder(name: str, path: Path) -> dict[str, Any]:
    """Return what can be done in a folder; free is in bytes."""
    return {"for": name, "path": path, "writable": writable(path), "free": free_disk(path)}


def writable(path: Path) -> bool:
    """Say whether the folder can be written to, or made where it is missing."""
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _problems(here: Machine, found: dict[str, Any]) -> list[Problem]:
    """Return everything that is wrong."""
    missing = [name for name, installed in found["packages"].items() if not installed]
    problems = [
        Problem(
            "packages",
            mark("{package} is not installed."),
            mark("Install it with: pip install {package}"),
            {"package": name},
        )
        for name in missing
    ]
    problems += _card_problems(here, found["torch_build"])
    for folder in found["folders"]:
        problems += _folder_problems(folder)
    return problems


def _card_problems(here: Machine, build: str) -> list[Problem]:
    """Refuse a card that training will not use."""
    if here.card and build == "cpu":
        return [
            Problem(
                "torch",
                mark("There is a {card}, but torch is a build for the processor alone."),
                mark(
                    "Choose the CUDA build at https://pytorch.org/get-started/locally and run "
                    "the command that it shows."
                ),
                {"card": here.card.name},
            )
        ]
    if here.card is None and nvidia_device():
        return [
            Problem(
                "driver",
                mark("There is an NVIDIA card, but its driver does not answer."),
                mark("Install NVIDIA's driver, then try: nvidia-smi"),
            )
        ]
    return []


def nvidia_device(devices: Path = Path("/sys/bus/pci/devices")) -> bool:
    """Say whether Linux sees an NVIDIA display device, with a driver or without."""
    if sys.platform != "linux" or not devices.is_dir():
        return False
    return any(
        _word(device / "vendor") == _NVIDIA and _word(device / "class").startswith("0x03")
        for device in devices.iterdir()
    )


def _word(file: Path) -> str:
    """Return a small file's text, or nothing where it cannot be read."""
    try:
        return file.read_text("ascii").strip()
    except OSError:
        return ""


def _folder_problems(folder: dict[str, Any]) -> list[Problem]:
    """Refuse a folder that cannot be written to or is nearly full."""
    path, free = folder["path"], folder["free"]
    field = f"folders.{folder['for']}"
    if not folder["writable"]:
        return [
            Problem(
                field,
                mark("{path} cannot be written to."),
                mark("Change its rights, or choose another folder in the settings."),
                {"path": path},
            )
        ]
    if free < _LITTLE_DISK and folder["for"] != "settings":
        return [
            Problem(
                field,
                mark("The disk of {path} has only {free} left."),
                mark("Free some space, or choose another folder in the settings."),
                {"path": path, "free": numbers.disk(free)},
            )
        ]
    return []


def _lines(here: Machine, found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return captions and values of everything."""
    versions = found["packages"].items()
    return [
        ("Finetune Studio", __version__),
        ("Python", found["python"]),
        *((name, installed or tr("not installed")) for name, installed in versions),
        (tr("torch is built for"), found["torch_build"] or numbers.NONE),
        (tr("System"), here.system),
        (tr("Processor"), _processor_line(here)),
        (tr("Memory"), numbers.memory(here.memory)),
        (tr("Graphics card"), _card_line(here)),
        (tr("4-bit and 8-bit"), tr("available") if here.four_bit else tr("not available")),
        *((tr(_PLACES[folder["for"]]), _folder_line(folder)) for folder in found["folders"]),
        (tr("Hub"), _hub_line(found)),
    ]


_PLACES = {
    "settings": mark("Settings"),
    "runs": mark("Runs"),
    "models": mark("Models"),
}


def _processor_line(here: Machine) -> str:
    """Say what the processor is and whether it is fast in bfloat16."""
    text = tr("{name}, {cores} cores", name=here.processor, cores=here.cores)
    return f"{text}, bfloat16" if here.bfloat16 else text


def _card_line(here: Machine) -> str:
    """Say what the card is; having none is normal."""
    if here.card is None:
        return tr("none; training runs on the processor")
    return tr(
        "{name}, {memory}, driver {driver}",
        name=here.card.name,
        memory=numbers.memory(here.card.memory),
        driver=here.card.driver,
    )


def _folder_line(folder: dict[str, Any]) -> str:
    """Say where a folder is and how much room it has."""
    if not folder["writable"]:
        return tr("{path}, not writable", path=folder["path"])
    return tr("{path}, {free} free", path=folder["path"], free=numbers.disk(folder["free"]))


def _hub_line(found: dict[str, Any]) -> str:
    """Say which hub is asked, if any."""
    if found["offline"]:
        return tr("offline, as the settings say")
    return found["hub_address"] or "https://huggingface.co"
