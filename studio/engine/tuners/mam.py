"""The mix-and-match adapter: a prefix in attention, a scaled parallel adapter in the feed-forward.

He et al. 2022 (arXiv 2110.04366), section 4.6: h + s * up(f(down(x))), x being what the
feed-forward reads, s = 4, and a small prefix.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from peft import PeftConfig, PeftType
from torch import nn

from studio.engine.blocks import is_matrix, width_of
from studio.engine.tuners.bottleneck import Bottleneck
from studio.engine.tuners.prefix import Prefix, key_shape, use_prefixes, with_prefix
from studio.engine.tuners.tuner import PartLayer, PartTuner
from studio.engine.tuners.types import register


@dataclass
class MamConfig(PeftConfig):
    """How long the prefix is; how narrow and how strong the adapter beside the feed-forward."""

    num_virtual_tokens: int = field(default=30, metadata={"help": "Keys and values of a prefix."})
    reduction_factor: int = field(
        default=2, metadata={"help": "How many times narrower than the model the middle is."}
    )
    non_linearity: str = field(default="relu", metadata={"help": "relu, gelu, silu or tanh."})
    adapter_dropout: float = field(
        default=0.0, metadata={"help": "Share of the middle that is left out at random."}
    )
    scaling: float = field(default=4.0, metadata={"help": "What the adapter's result counts."})
    target_modules: list[str] | str | None = field(
        default=None, metadata={"help": "Attentions and last matrices; found by default."}
    )
    modules_to_save: list[str] | None = field(
        default=None, metadata={"help": "Modules that are trained and saved whole, such as a head."}
    )

    def __post_init__(self) -> None:
        """Name the type, as PEFT's own configs do."""
        super().__post_init__()
        self.peft_type = PeftType["MAM"]
        if isinstance(self.target_modules, list):
            self.target_modules = set(self.target_modules)  # type: ignore[assignment]


class PrefixedLayer(PartLayer):
    """A self-attention with a prefix."""

    def forward(self, *args: Any, **given: Any) -> Any:
        """Attend with the prefix of the adapter that works now."""
        parts = self.active()
        held = parts[-1].held() if parts else None
        return with_prefix(self.get_base_layer(), held, lambda: self.base_layer(*args, **given))


class Parallel(nn.Module):
    """An adapter and how much its result counts."""

    def __init__(self, network: Bottleneck, scaling: float) -> None:
        super().__init__()
        self.network, self.scaling = network, scaling

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scaled change for `x`."""
        return self.network(x) * self.scaling


class BesideLayer(PartLayer):
    """The last matrix of a feed-forward, whose adapter reads what the first one reads."""

    def __init__(self, base_layer: nn.Module, prefix: str, first: nn.Module) -> None:
        super().__init__(base_layer, prefix)
        self.read: torch.Tensor | None = None
        self.hooks.append(first.register_forward_pre_hook(self.see))

    def see(self, _module: nn.Module, args: tuple[torch.Tensor, ...]) -> None:
        """Keep what the feed-forward reads until its last matrix."""
        self.read = args[0]

    def forward(self, *args: Any, **given: Any) -> torch.Tensor:
        """Add what the adapter makes of what the feed-forward read."""
        result = self.base_layer(*args, **given)
        read, self.read = self.read, None
        for part in self.active():
            result = result + part(read).to(result.dtype)
        return result


class MamModel(PartTuner):
    """Puts a prefix into each self-attention and an adapter beside each feed-forward."""

    prefix = "mam_"
    pairs = True

    def places(self, config: MamConfig) -> list[str]:
        """Return attentions and last matrices."""
        return [name for one in self.found for name in (one.attends, one.last)]

    def layer(self, target: nn.Module, key: str) -> PartLayer:
        """Return the layer for an attention or for a last matrix."""
        if not is_matrix(target):
            return PrefixedLayer(target, self.prefix)
        first = next(one.first for one in self.found if one.last == key)
        return BesideLayer(target, self.prefix, self.model.get_submodule(first))

    def part(self, config: MamConfig, layer: PartLayer) -> nn.Module:
        """Return a prefix, or the network of a feed-forward."""
        if isinstance(layer, PrefixedLayer):
            return Prefix(*key_shape(layer.get_base_layer()), config.num_virtual_tokens)
        _inputs, width = width_of(layer.get_base_layer())
        network = Bottleneck(
            width, width, config.reduction_factor, config.non_linearity, config.adapter_dropout
        )
        return Parallel(network, config.scaling)

    def _post_injection_hook(self, model: nn.Module, config: Any, adapter_name: str) -> None:
        """Let the model attend to prefixes."""
        use_prefixes(model)


register("mam", MamConfig, MamModel)
