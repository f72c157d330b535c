"""UniPELT: LoRA, prefix and adapter in each layer, each behind a gate that is learnt.

Mao et al. 2022 (arXiv 2110.07577), section 3: a gate is a sigmoid of a linear map of what the part
reads. In encoders it is averaged over a row's tokens, as in the paper; in causal models each token
has its own, so that no answer depends on what comes after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
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
class UniPeltConfig(PeftConfig):
    """The sizes of the three parts."""

    r: int = field(default=8, metadata={"help": "Rank of the LoRA on queries and values."})
    lora_alpha: int = field(default=16, metadata={"help": "What the LoRA counts, times 1 / r."})
    num_virtual_tokens: int = field(default=10, metadata={"help": "Keys and values of a prefix."})
    reduction_factor: int = field(
        default=16, metadata={"help": "How many times narrower than the model the middle is."}
    )
    non_linearity: str = field(default="relu", metadata={"help": "relu, gelu, silu or tanh."})
    adapter_dropout: float = field(
        default=0.0, metadata={"help": "Share of the middle that is left out at random."}
    )
    target_modules: list[str] | str | None = field(
        default=None, metadata={"help": "Attentions and last matrices; found by default."}
    )
    modules_to_save: list[str] | None = field(
        default=None, metadata={"help": "Modules that are trained and saved whole, such as a head."}
    )

    def __post_init__(self) -> None:
        """Name the type, as PEFT's own configs do."""
        super().__post_init__()
        self.peft_type = PeftType["UNIPELT"]
        if isinstance(self.target_modules, list):
            self.target_modules = set(self.target_modules)  # type: ignore[assignment]


class Row:
    """What the parts of one layer know of the call: which tokens are no padding, (rows, L)."""

    def __init__(self) -> None:
        self.real: torch.Tensor | None = None


class Gate(nn.Module):
    """A number between 0 and 1 for each token, or for each row."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(self, x: torch.Tensor, each: bool, real: torch.Tensor | None) -> torch.Tensor:
        """Return the gates of `x` (rows, L, width): (rows, L, 1), the same in a row unless `each`.

        `real` (rows, L) is 1 for tokens that count in the average and 0 for padding.
        """
        gates = self.linear(x.to(self.linear.weight.dtype)).sigmoid()
        if each:
            return gates
        if real is None:
            return gates.mean(1, keepdim=True).expand_as(gates)
        shares = (real / real.sum(1, keepdim=True).clamp(min=1)).to(gates.dtype)
        return (gates * shares[..., None]).sum(1, keepdim=True).expand_as(gates)


class LowRank(nn.Module):
    """The two matrices of a LoRA; the second begins at zero."""

    def __init__(self, inputs: int, outputs: int, config: UniPeltConfig) -> None:
        super().__init__()
        self.down = nn.Linear(inputs, config.r, bias=False)
        self.up = nn.Linear(config.r, outputs, bias=False)
        self.scaling = config.lora_alpha / config.r
        nn.init.zeros_(self.up.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the change for `x`."""
        return self.up(self.down(x.to(self.down.weight.dtype))) * self.scaling


class GatedInside(nn.Module):
    """What is trained in an attention: a prefix, a LoRA a matrix, a gate for each of the two."""

    def __init__(self, prefix: Prefix, matrices: Sequence[LowRank], width: int) -> None:
        super().__init__()
        self.prefix, self.low = prefix, nn.ModuleList(matrices)
        self.prefix_gate, self.low_gate = Gate(width), Gate(width)


class GatedAdapter(nn.Module):
    """An adapter with its gate."""

    def __init__(self, network: Bottleneck, width: int) -> None:
        super().__init__()
        self.network, self.gate = network, Gate(width)

    def forward(self, x: torch.Tensor, each: bool, real: torch.Tensor | None) -> torch.Tensor:
        """Return the change for `x`, as far as the gate is open."""
        return self.gate(x, each, real).to(x.dtype) * self.network(x)


class GatedAttention(PartLayer):
    """A self-attention with a prefix and LoRAs, whose gates read what the attention reads."""

    def __init__(
        self, base_layer: nn.Module, prefix: str, row: Row, matrices: Sequence[nn.Module]
    ) -> None:
        super().__init__(base_layer, prefix)
        self.row = row
        self.open: torch.Tensor | None = None
        self.sides = [width_of(matrix) for matrix in matrices]
        for place, matrix in enumerate(matrices):
            self.hooks.append(matrix.register_forward_hook(partial(self.change, place)))

    def change(
        self, place: int, _matrix: nn.Module, args: tuple[torch.Tensor, ...], result: torch.Tensor
    ) -> torch.Tensor:
        """Add the gated LoRA to what one of the matrices gives."""
        for part in self.active() if self.open is not None else []:
            result = result + (self.open * part.low[place](args[0])).to(result.dtype)
        return result

    def forward(self, *args: Any, **given: Any) -> Any:
        """Attend with what the gates let through."""
        parts, attention = self.active(), self.get_base_layer()
        if not parts:
            return self.base_layer(*args, **given)
        read = args[0] if args else given["hidden_states"]
        each = bool(attention.is_causal)
        self.row.real = None if each else _real(*args[1:2], **given)
        self.open = parts[-1].low_gate(read, each, self.row.real)
        held = parts[-1].prefix.held(parts[-1].prefix_gate(read, each, self.row.real))
        try:
            return with_prefix(attention, held, lambda: self.base_layer(*args, **given))
        finally:
            self.open = None


def _real(
    attention_mask: torch.Tensor | None = None, mask: torch.Tensor | None = None, **_more: Any
) -> torch.Tensor | None:
    """Return which tokens any other looks at, (rows, L), from what an attention is called with."""
    mask = mask if attention_mask is None else attention_mask
    if mask is None:
        return None
    seen = mask if mask.dtype == torch.bool else mask >= 0
    return seen[:, 0].any(1)


class GatedAfterLayer(PartLayer):
    """The last matrix of a feed-forward with a gated adapter behind it."""

    def __init__(self, base_layer: nn.Module, prefix: str, row: Row, each: bool) -> None:
        super().__init__(base_layer, prefix)
        self.row, self.each = row, each

    def forward(self, *args: Any, **given: Any) -> torch.Tensor:
        """Add what the adapter makes of the result, as far as its gate is open."""
        result = self.base_layer(*args, **given)
        for part in self.active():
            result = result + part(result, self.each, self.row.real)
        return result


class UniPeltModel(PartTuner):
    """Puts the three parts into each layer."""

    prefix = "unipelt_"
    pairs = True

    def places(self, config: UniPeltConfig) -> list[str]:
        """Return attentions and last matrices."""
        return [name for one in self.found for name in (one.attends, one.last)]

    def look(self, model: nn.Module) -> Any:
        """Return the places, and give the parts of each layer something that they share."""
        found = super().look(model)
        self.rows = {one.last: Row() for one in found}
        return found

    def layer(self, target: nn.Module, key: str) -> PartLayer:
        """Return the layer for an attention or for a last matrix."""
        one = next(one for one in self.found if key in (one.attends, one.last))
        if is_matrix(target):
            each = bool(self.model.get_submodule(one.attends).is_causal)
            return GatedAfterLayer(target, self.prefix, self.rows[one.last], each)
        matrices = [self.model.get_submodule(name) for name in one.queries_values]
        return GatedAttention(target, self.prefix, self.rows[one.last], matrices)

    def part(self, config: UniPeltConfig, layer: PartLayer) -> nn.Module:
        """Return what is trained in one place."""
        if isinstance(layer, GatedAttention):
            prefix = Prefix(*key_shape(layer.get_base_layer()), config.num_virtual_tokens)
            low = [LowRank(inputs, outputs, config) for inputs, outputs in layer.sides]
            return GatedInside(prefix, low, layer.sides[0][0])
        _inputs, width = width_of(layer.get_base_layer())
        network = Bottleneck(
            width, width, config.reduction_factor, config.non_linearity, config.adapter_dropout
        )
        return GatedAdapter(network, width)

    def _post_injection_hook(self, model: nn.Module, config: Any, adapter_name: str) -> None:
        """Let the model attend to prefixes."""
        use_prefixes(model)


register("unipelt", UniPeltConfig, UniPeltModel)
