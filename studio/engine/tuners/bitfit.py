"""BitFit: only the biases are trained (Ben Zaken et al. 2022, arXiv 2106.10199).

What is kept for each bias is its change, so that the base stays as it is and one base can carry
several results. Adding the change to the output is adding it to the bias.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from peft import PeftConfig, PeftType
from peft.tuners.tuners_utils import check_adapters_to_merge
from torch import nn

from studio.engine.blocks import is_matrix, stacks
from studio.engine.tuners.tuner import PartLayer, PartTuner
from studio.engine.tuners.types import register


@dataclass
class BitFitConfig(PeftConfig):
    """Which biases are trained: all of the layers and norms unless `target_modules` names some."""

    target_modules: list[str] | str | None = field(
        default=None, metadata={"help": "Modules whose biases are trained; found by default."}
    )
    modules_to_save: list[str] | None = field(
        default=None, metadata={"help": "Modules that are trained and saved whole, such as a head."}
    )

    def __post_init__(self) -> None:
        """Name the type, as PEFT's own configs do."""
        super().__post_init__()
        self.peft_type = PeftType["BITFIT"]
        if isinstance(self.target_modules, list):
            self.target_modules = set(self.target_modules)  # type: ignore[assignment]


class Change(nn.Module):
    """The change of one bias; it begins at nothing."""

    bias: nn.Parameter

    def __init__(self, bias: torch.Tensor) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros_like(bias, requires_grad=True))


class BiasLayer(PartLayer):
    """A module whose bias is trained."""

    def forward(self, *args: Any, **given: Any) -> torch.Tensor:
        """Add the change to what the module gives."""
        result = self.base_layer(*args, **given)
        for part in self.active():
            result = result + part.bias.to(result.dtype)
        return result

    @property
    def bias(self) -> torch.Tensor:
        """The bias as it is trained, for models that read it themselves (Mamba)."""
        bias: torch.Tensor = self.get_base_layer().bias
        for part in self.active():
            bias = bias + part.bias.to(bias.dtype)
        return bias

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        """Add the changes to the base's bias."""
        for name in check_adapters_to_merge(self, adapter_names):
            if name in self.parts:
                change = self._change(name)
                if safe_merge and not change.isfinite().all():
                    raise ValueError(f"the biases of the adapter {name} are no finite numbers")
                self._move(change)
                self.merged_adapters.append(name)

    def unmerge(self) -> None:
        """Take the changes out of the base's bias again."""
        while self.merged_adapters:
            self._move(-self._change(self.merged_adapters.pop()))

    def _change(self, name: str) -> torch.Tensor:
        """Return what an adapter learnt."""
        part: Any = self.parts[name]
        return part.bias.detach()

    def _move(self, change: torch.Tensor) -> None:
        """Move the base's bias."""
        bias: Any = self.get_base_layer().bias
        with torch.no_grad():
            bias.copy_((bias.float() + change.float()).to(bias.dtype))


class BitFitModel(PartTuner):
    """Puts a change beside every bias of the layers and norms."""

    prefix = "bitfit_"

    def look(self, model: nn.Module) -> list[str]:
        """Return the modules that have a bias, heads apart, which are trained whole."""
        found = list(_with_bias(model))
        if not found:
            raise ValueError("this model has no biases, and BitFit trains nothing else")
        return found

    def places(self, config: BitFitConfig) -> list[str]:
        """Return all modules that have a bias."""
        return list(self.found)

    def layer(self, target: nn.Module, key: str) -> PartLayer:
        """Return the layer for a module with a bias."""
        if getattr(target, "bias", None) is None:
            raise ValueError(f"{key} has no bias, and BitFit trains nothing else")
        return BiasLayer(target, self.prefix)

    def part(self, config: BitFitConfig, layer: PartLayer) -> nn.Module:
        """Return the change of the module's bias."""
        return Change(layer.get_base_layer().bias)


def _with_bias(model: nn.Module) -> Iterator[str]:
    """Give the names of the matrices in the layers and of all norms that have a bias."""
    inside = {id(part) for stack in stacks(model) for part in stack.modules()}
    for name, part in model.named_modules():
        known = "norm" in type(part).__name__.lower() or (is_matrix(part) and id(part) in inside)
        if known and isinstance(part._parameters.get("bias"), torch.Tensor):
            yield name


register("bitfit", BitFitConfig, BitFitModel)
