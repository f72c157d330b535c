"""What this machine has and uses now, without torch: processor, memory, disk, NVIDIA card."""

import functools
import importlib.util
import os
import platform
import shutil
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from studio.errors import DiskError
from studio.words import mark

_nvml_lock = threading.Lock()


@dataclass(frozen=True)
class Card:
    """An NVIDIA card; bytes."""

    name: str
    memory: int
    driver: str
    capability: tuple[int, int]


@dataclass(frozen=True)
class CardUse:
    """What the card does now; bytes, percent, degrees Celsius."""

    used: int
    load: int
    temperature: int


@dataclass(frozen=True)
class Machine:
    """What does not change while the program runs; bytes."""

    processor: str
    cores: int
    memory: int
    bfloat16: bool
    card: Card | None
    four_bit: bool
    system: str

    @property
    def device_name(self) -> str:
        """The card's name, or the processor's."""
        return self.card.name if self.card else self.processor

    @property
    def limit(self) -> int:
        """Bytes that a run can have at most: the card's memory, or the machine's."""
        return self.card.memory if self.card else self.memory


@dataclass(frozen=True)
class Use:
    """What is in use now; bytes and percent."""

    memory_used: int
    memory_total: int
    processor_load: float
    card: CardUse | None

    @property
    def used(self) -> int:
        """Bytes in use where a run would go."""
        return self.card.used if self.card else self.memory_used


@functools.lru_cache(maxsize=1)
def machine() -> Machine:
    """Look at the machine once."""
    return Machine(
        processor=_processor(),
        cores=psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        bfloat16=_processor_bfloat16(),
        card=_card(),
        four_bit=importlib.util.find_spec("bitsandbytes") is not None,
        system=f"{platform.system()} {platform.release()}",
    )


def use() -> Use:
    """Measure what is in use now; takes about a millisecond."""
    memory = psutil.virtual_memory()
    return Use(memory.total - memory.available, memory.total, psutil.cpu_percent(), _card_use())


def free_disk(folder: Path) -> int:
    """Return the free bytes on the disk that a folder is, or would be, on.

    Raises DiskError where there is no such disk or it may not be looked at.
    """
    place = folder.absolute()
    while not os.path.exists(place) and place != place.parent:  # noqa: PTH110 - never raises
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError as reason:
        raise DiskError(
            mark("The disk of {folder} cannot be read: {reason}."),
            mark("Choose another folder in the settings."),
            folder=folder,
            reason=reason.strerror,
        ) from reason


def _processor() -> str:
    """Return the processor's name as people know it."""
    if sys.platform == "linux":
        with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _processor_bfloat16() -> bool:
    """Say whether the processor is faster in bfloat16 than in float32: Intel's AMX, Arm's BF16.

    AVX512-BF16 alone is not: 75 against 130 GFLOP/s a core with torch 2.13 on such a processor.
    """
    if sys.platform != "linux":
        return False
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as info:
        text = info.read()
        return any(flag in text for flag in ("amx_bf16", " bf16"))
    return False


@functools.lru_cache(maxsize=1)
def _nvml() -> Any:
    """Return the NVML module, started, or None where there is no NVIDIA driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None  # no driver or no card: a machine without one is a normal machine
    return pynvml


def _handle(nvml: Any) -> Any:
    """Return NVML's handle of the card that CUDA would take first, or None.

    CUDA_VISIBLE_DEVICES names it by number or by UUID; empty or -1 hides every card.
    """
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    first = "0" if named is None else named.split(",")[0].strip()
    try:
        if first.isdigit():
            return nvml.nvmlDeviceGetHandleByIndex(int(first))
        return nvml.nvmlDeviceGetHandleByUUID(first) if first.startswith(("GPU-", "MIG-")) else None
    except nvml.NVMLError:
        return None  # there is no such card


def _asked(nvml: Any, ask: str, *given: Any) -> Any:
    """Ask NVML for one figure; None where this card or driver does not tell it.

    Laptops, MIG slices, WSL and cards that share the machine's memory each lack some.
    """
    try:
        return getattr(nvml, ask)(*given)
    except nvml.NVMLError:
        return None


def _card() -> Card | None:
    """Describe the first card, or return None."""
    nvml = _nvml()
    handle = _handle(nvml) if nvml else None
    if handle is None:
        return None
    memory = _asked(nvml, "nvmlDeviceGetMemoryInfo", handle)
    major, minor = _asked(nvml, "nvmlDeviceGetCudaComputeCapability", handle) or (0, 0)
    return Card(
        (_asked(nvml, "nvmlDeviceGetName", handle) or "NVIDIA GPU").removeprefix("NVIDIA "),
        memory.total if memory else psutil.virtual_memory().total,
        _asked(nvml, "nvmlSystemGetDriverVersion") or "",
        (major, minor),
    )


def _card_use() -> CardUse | None:
    """Measure the first card, or return None; a figure that it does not tell is 0."""
    nvml = _nvml()
    with _nvml_lock:
        handle = _handle(nvml) if nvml else None
        if handle is None:
            return None
        memory = _asked(nvml, "nvmlDeviceGetMemoryInfo", handle)
        rates = _asked(nvml, "nvmlDeviceGetUtilizationRates", handle)
        heat = _asked(nvml, "nvmlDeviceGetTemperature", handle, nvml.NVML_TEMPERATURE_GPU)
    shared = psutil.virtual_memory()
    used = memory.used if memory else shared.total - shared.available
    return CardUse(used, rates.gpu if rates else 0, heat or 0)
