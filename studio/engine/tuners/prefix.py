"""Keys and values that are learnt and stand before those of the text, in each self-attention.

Li and Liang 2021 (arXiv 2101.00190): attention over [P_k; K] and [P_v; V]. An attention function
of transformers does it, so that it holds for every family, with any cache and in generation.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "studio_prefix"
_HELD = "studio_prefix"  # the attribute of an attention that holds the prefix of this call


class Prefix(nn.Module):
    """`tokens` keys and values of a self-attention; shapes (heads, tokens, size)."""

    def __init__(self, heads: int, size: int, tokens: int) -> None:
        super().__init__()
        self.keys = nn.Parameter(torch.randn(heads, tokens, size) * 0.02)
        self.values = nn.Parameter(torch.zeros(heads, tokens, size))

    def held(self, gate: torch.Tensor | None = None) -> tuple[Any, ...]:
        """Return keys, values and a gate for each query, as the attention function reads them."""
        return self.keys, self.values, gate


def use_prefixes(model: Any) -> None:
    """Switch a model to the attention that reads prefixes; raises ValueError where it cannot."""
    AttentionInterface.register(ATTENTION, prefixed_attention)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    known = isinstance(model, PreTrainedModel) and model._supports_sdpa
    if not known or not model._can_set_attn_implementation():
        raise ValueError("this kind of model does its attention in a way that takes no prefix")
    model.set_attn_implementation(ATTENTION)


def key_shape(attention: nn.Module) -> tuple[int, int]:
    """Return heads and size of the keys of an attention; raises ValueError for unknown ones."""
    config = getattr(attention, "config", None)
    if config is None or not hasattr(attention, "is_causal"):
        raise ValueError("this kind of attention takes no prefix")
    heads = config.num_attention_heads
    size = getattr(config, "d_kv", None) or getattr(config, "head_dim", None)
    size = size or config.hidden_size // heads
    return getattr(config, "num_key_value_heads", None) or heads, size


def with_prefix(attention: nn.Module, held: tuple[Any, ...] | None, call: Callable[[], Any]) -> Any:
    """Call an attention while it holds a prefix, and take it away again."""
    setattr(attention, _HELD, held)
    try:
        return call()
    finally:
        setattr(attention, _HELD, None)


def prefixed_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **given: Any,
) -> tuple[torch.Tensor, None]:
    """Attend to a prefix and to the text; without a prefix it is transformers' `sdpa`.

    `query`: (rows, heads, L, size); `key`, `value`: (rows, key heads, T, size).
    """
    held = getattr(module, _HELD, None)
    if held is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **given
        )
    keys, values, gate = held
    rows = query.shape[0]
    causal = _causal(module, given)
    bias = _bias(causal, query, key, attention_mask, given.get("position_bias"))
    bias = nn.functional.pad(bias, (keys.shape[1], 0))  # all of a prefix is seen
    key = torch.cat([keys.to(key.dtype).expand(rows, -1, -1, -1), key], dim=2)
    value = torch.cat([values.to(value.dtype).expand(rows, -1, -1, -1), value], dim=2)
    groups = query.shape[1] // key.shape[1]
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    if gate is None:
        found = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=bias, dropout_p=dropout, scale=scaling
        )
    else:
        found = _gated(query, key, value, bias, keys.shape[1], gate, dropout, scaling)
    return found.transpose(1, 2).contiguous(), None


def _causal(module: nn.Module, given: dict[str, Any]) -> bool:
    """Say whether an attention looks at nothing that comes after: the call or the module tells."""
    told = given.get("is_causal")
    return bool(getattr(module, "is_causal", False) if told is None else told)


def _bias(
    causal: bool,
    query: torch.Tensor,
    key: torch.Tensor,
    mask: torch.Tensor | None,
    position_bias: torch.Tensor | None,
) -> torch.Tensor:
    """Return what is added to the scores over the text: (rows or 1, heads or 1, L, T)."""
    length, seen = query.shape[2], key.shape[2]
    least = torch.finfo(query.dtype).min
    if mask is None:
        mask = torch.ones(1, 1, length, seen, dtype=torch.bool, device=query.device)
        mask = mask.tril() if causal and length > 1 else mask  # as sdpa without a mask
    if mask.dtype == torch.bool:
        bias = torch.zeros(mask.shape, dtype=query.dtype, device=query.device)
        bias = bias.masked_fill(~mask, least)
    else:
        bias = mask.to(query.dtype)
    return bias if position_bias is None else bias + position_bias.to(query.dtype)


def _gated(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bias: torch.Tensor,
    tokens: int,
    gate: torch.Tensor,
    dropout: float,
    scaling: float | None,
) -> torch.Tensor:
    """Attend with the prefix's keys and values each multiplied by the query's gate (rows, L, 1)."""
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    gates = gate[:, None].to(query.dtype)
    scores = query @ key.transpose(2, 3) * scale
    before, after = scores.split([tokens, scores.shape[-1] - tokens], dim=-1)
    scores = torch.cat([before * gates, after], dim=-1) + bias
    shares = scores.float().softmax(-1).to(query.dtype)
    shares = nn.functional.dropout(shares, dropout)
    first, rest = shares.split([tokens, shares.shape[-1] - tokens], dim=-1)
    return torch.cat([first * gates, rest], dim=-1) @ value
