"""Which device and number format a run computes with."""

from dataclasses import dataclass

import torch

from studio.errors import HardwareError
from studio.hardware import machine
from studio.recipe import Recipe
from studio.words import mark


@dataclass(frozen=True)
class Device:
    """Where and how: `name` is torch's, `dtype` the type of activations."""

    name: str
    dtype: torch.dtype

    @property
    def on_card(self) -> bool:
        """Say whether it is a graphics card."""
        return self.name != "cpu"

    @property
    def precision(self) -> str:
        """The number format's short name."""
        return {torch.bfloat16: "bf16", torch.float16: "fp16"}.get(self.dtype, "fp32")


def choose_device(recipe: Recipe) -> Device:
    """Return the device that the recipe means on this machine.

    Raises HardwareError when a graphics card is asked for and torch sees none.
    """
    wanted = recipe.hardware.device
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise HardwareError(
            mark("The recipe asks for a graphics card, and PyTorch sees none."),
            mark('Set hardware.device to "auto", or see: finetune-studio doctor'),
        )
    name = "cuda" if there and wanted != "cpu" else "cpu"
    if name == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
    return Device(name, _dtype(recipe.training.precision, name))


def _dtype(precision: str, device: str) -> torch.dtype:
    """Return the number format; bfloat16 where the device is fast in it."""
    named = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    if precision in named:
        return named[precision]
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(False) else torch.float16
    return torch.bfloat16 if machine().bfloat16 else torch.float32


def device_name(device: Device) -> str:
    """Return the device's name for people."""
    return torch.cuda.get_device_name() if device.on_card else machine().processor
