"""The machine: with and without a card, and cards that do not tell everything."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from studio import hardware
from studio.errors import DiskError


class NVMLError(Exception):
    """What NVML raises."""


class FakeNvml:
    """NVML of two cards; names in `silent` answer "not supported"."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0
    __name__ = "pynvml"

    def __init__(self, silent: tuple[str, ...] = ()) -> None:
        self.silent = silent

    def nvmlInit(self) -> None:
        pass

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        if index > 1:
            raise NVMLError("invalid")
        return index

    def nvmlDeviceGetHandleByUUID(self, name: str) -> int:
        return {"GPU-a": 0, "GPU-b": 1}[name]

    def __getattr__(self, name: str) -> Any:
        answers = {
            "nvmlDeviceGetName": lambda index: f"NVIDIA Card {index}",
            "nvmlDeviceGetMemoryInfo": lambda _: SimpleNamespace(total=24 << 30, used=3 << 30),
            "nvmlDeviceGetCudaComputeCapability": lambda _: (8, 9),
            "nvmlSystemGetDriverVersion": lambda: "580.1",
            "nvmlDeviceGetUtilizationRates": lambda _: SimpleNamespace(gpu=40),
            "nvmlDeviceGetTemperature": lambda *_: 61,
        }
        if name not in answers:
            raise AttributeError(name)
        return self._refuse if name in self.silent else answers[name]

    def _refuse(self, *_given: object) -> None:
        raise NVMLError("not supported")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what was looked at before and after."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for cached in (hardware.machine, hardware._nvml):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (hardware.machine, hardware._nvml):
        cached.cache_clear()


def _use(monkeypatch: pytest.MonkeyPatch, nvml: Any) -> None:
    """Put a driver in place of this machine's."""
    monkeypatch.setitem(sys.modules, "pynvml", nvml)


def test_machine_without_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """No driver is a normal machine."""
    nvml = FakeNvml()
    monkeypatch.setattr(nvml, "nvmlInit", nvml._refuse, raising=False)
    _use(monkeypatch, nvml)
    found, now = hardware.machine(), hardware.use()
    assert found.card is None
    assert now.card is None
    assert found.limit == psutil.virtual_memory().total
    assert found.device_name == found.processor
    assert 0 < now.used < now.memory_total


def test_machine_with_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name without the maker, bytes, capability."""
    _use(monkeypatch, FakeNvml())
    assert hardware.machine().card == hardware.Card("Card 0", 24 << 30, "580.1", (8, 9))
    assert hardware.use().card == hardware.CardUse(3 << 30, 40, 61)
    assert hardware.machine().limit == 24 << 30


@pytest.mark.parametrize(
    "silent",
    [
        "nvmlDeviceGetMemoryInfo",
        "nvmlDeviceGetUtilizationRates",
        "nvmlDeviceGetTemperature",
        "nvmlDeviceGetCudaComputeCapability",
        "nvmlSystemGetDriverVersion",
        "nvmlDeviceGetName",
    ],
)
def test_a_card_that_does_not_tell_all(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Laptops, MIG slices and cards with shared memory each keep something to themselves."""
    _use(monkeypatch, FakeNvml((silent,)))
    card, now = hardware.machine().card, hardware.use().card
    assert card is not None
    assert now is not None
    assert card.memory > 0
    assert now.used > 0


@pytest.mark.parametrize(
    ("visible", "name"),
    [
        ("1", "Card 1"),
        ("1,0", "Card 1"),
        ("GPU-b", "Card 1"),
        ("", None),
        ("-1", None),
        ("7", None),
    ],
)
def test_visible_devices(visible: str, name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card that CUDA would take is the one that is described."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    _use(monkeypatch, FakeNvml())
    card = hardware.machine().card
    assert (card.name if card else None) == name


def test_free_disk_of_a_folder_to_come(tmp_path: Path) -> None:
    """The nearest folder above it counts."""
    free = hardware.free_disk(tmp_path / "not" / "yet")
    assert abs(free - hardware.free_disk(tmp_path)) < 1 << 30


def test_free_disk_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence that names the folder."""

    def refuse(_place: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(hardware.shutil, "disk_usage", refuse)
    with pytest.raises(DiskError, match=r"The disk of .* cannot be read: Permission denied"):
        hardware.free_disk(tmp_path)
