"""The bottleneck adapter: small networks inside each layer, after its parts.

Houlsby et al. 2019 (arXiv 1902.00751) put one after attention and one after the feed-forward,
Pfeiffer et al. 2021 (arXiv 2005.00247) one after the feed-forward alone; both before the sum with
what goes around.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from peft import PeftConfig, PeftType
from torch import nn

from studio.engine.blocks import is_matrix, width_of
from studio.engine.tuners.bottleneck import Bottleneck
from studio.engine.tuners.tuner import PartLayer, PartTuner
from studio.engine.tuners.types import register


@dataclass
class AdapterConfig(PeftConfig):
    """Where the networks stand (`kind`), how narrow they are, and what lies in their middle."""

    kind: str = field(default="houlsby", metadata={"help": "houlsby or pfeiffer."})
    reduction_factor: int = field(
        default=16, metadata={"help": "How many times narrower than the model the middle is."}
    )
    non_linearity: str = field(default="relu", metadata={"help": "relu, gelu, silu or tanh."})
    adapter_dropout: float = field(
        default=0.0, metadata={"help": "Share of the middle that is left out at random."}
    )
    target_modules: list[str] | str | None = field(
        default=None, metadata={"help": "Matrices after which networks stand; found by default."}
    )
    modules_to_save: list[str] | None = field(
        default=None, metadata={"help": "Modules that are trained and saved whole, such as a head."}
    )

    def __post_init__(self) -> None:
        """Name the type, as PEFT's own configs do; refuse an unknown kind."""
        super().__post_init__()
        self.peft_type = PeftType["ADAPTER"]
        if self.kind not in ("houlsby", "pfeiffer"):
            raise ValueError(f"kind is {self.kind}; known: houlsby, pfeiffer")
        if isinstance(self.target_modules, list):
            self.target_modules = set(self.target_modules)  # type: ignore[assignment]


class AfterLayer(PartLayer):
    """A matrix with an adapter behind it."""

    def forward(self, *args: Any, **given: Any) -> torch.Tensor:
        """Add what the adapter makes of the result to it."""
        result = self.base_layer(*args, **given)
        for part in self.active():
            result = result + part(result)
        return result


class AdapterModel(PartTuner):
    """Puts adapters behind the last matrix of attention and feed-forward."""

    prefix = "bottleneck_"

    def places(self, config: AdapterConfig) -> list[str]:
        """Return the matrices behind which adapters stand."""
        after = [name for one in self.found for name in one.attention_outs]
        return [*(after if config.kind == "houlsby" else []), *(one.last for one in self.found)]

    def layer(self, target: nn.Module, key: str) -> PartLayer:
        """Return the layer for a matrix."""
        if not is_matrix(target):
            raise ValueError(f"{key} is no matrix behind which an adapter can stand")
        return AfterLayer(target, self.prefix)

    def part(self, config: AdapterConfig, layer: PartLayer) -> nn.Module:
        """Return the network of one place."""
        _inputs, width = width_of(layer.get_base_layer())
        return Bottleneck(
            width, width, config.reduction_factor, config.non_linearity, config.adapter_dropout
        )


register("adapter", AdapterConfig, AdapterModel)
