"""Rows of one step laid end to end without padding, and the attention that keeps them apart.

A pack is one sequence of shape (1, L): the rows' tokens one after the other, positions that start
again in each row, and the rows' ends in `cu_seq_lens_q`. The LM head runs only where a token is
predicted that counts (`logits_to_keep`). Models that cannot do this get `PaddedCollator`, which
means the same loss.
"""

import inspect
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from peft import PeftModel, PeftType
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

IGNORED = -100
ATTENTION = "studio_packed"

# These look at a row as a whole, or add tokens of their own: a pack would mix the rows.
_ROWWISE_METHODS = {
    PeftType.ADAPTION_PROMPT,
    PeftType.CARTRIDGE,
    PeftType.POLY,
    PeftType.SHADOW,
    PeftType.XLORA,
    "MAM",  # ours, which are in PeftType only once studio.engine.tuners is imported
    "UNIPELT",
}

Row = dict[str, np.ndarray]


class PackedCollator:
    """Lay rows end to end as one sequence.

    A row holds `input_ids` and `labels`, integer arrays of one length; label -100 is not trained.
    """

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return the pack of `rows`.

        `input_ids`, `position_ids`: (1, L). `logits_to_keep`: (K,), the positions that predict a
        trained token. `labels`: (1, K + 1), the targets after a leading -100, so that, as
        everywhere in transformers, logit i is judged by label i + 1. `cu_seq_lens_*`: (rows + 1,).
        """
        lengths = np.array([len(row["input_ids"]) for row in rows])
        tokens = np.concatenate([row["input_ids"] for row in rows]).astype(np.int64)
        positions = np.concatenate([np.arange(length) for length in lengths])
        labels = np.concatenate([_labels(row) for row in rows])
        trained = np.flatnonzero(labels != IGNORED)
        ends = torch.from_numpy(np.concatenate([[0], lengths.cumsum()]).astype(np.int32))
        longest = int(lengths.max())
        return {
            "input_ids": torch.from_numpy(tokens)[None],
            "position_ids": torch.from_numpy(positions)[None],
            # A mask of four dimensions is passed on as it is, so transformers builds no L x L one.
            # Empty, it is an error in every attention but ours, which does not look at it.
            "attention_mask": torch.empty(1, 1, 0, 0),
            "logits_to_keep": torch.from_numpy(trained - 1),
            "labels": torch.from_numpy(np.concatenate([[IGNORED], labels[trained]]))[None],
            "cu_seq_lens_q": ends,
            "cu_seq_lens_k": ends,
            "max_length_q": longest,
            "max_length_k": longest,
        }


class PaddedCollator:
    """Pad rows on the right to the longest, for models that cannot take a pack."""

    def __init__(self, pad_token_id: int) -> None:
        self.pad_token_id = pad_token_id

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        """Return `input_ids`, `attention_mask`, `labels`: (rows, longest)."""
        shape = (len(rows), max(len(row["input_ids"]) for row in rows))
        tokens = np.full(shape, self.pad_token_id, dtype=np.int64)
        labels = np.full(shape, IGNORED, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for index, row in enumerate(rows):
            length = len(row["input_ids"])
            tokens[index, :length] = row["input_ids"]
            labels[index, :length] = _labels(row)
            mask[index, :length] = 1
        named = {"input_ids": tokens, "attention_mask": mask, "labels": labels}
        return {name: torch.from_numpy(array) for name, array in named.items()}


def supports_packing(model: torch.nn.Module) -> bool:
    """Tell whether a pack gives `model` (a PEFT model or a plain one) the same loss as padding."""
    if isinstance(model, PeftModel):
        return _method_allows(model) and supports_packing(model.get_base_model())
    if not isinstance(model, PreTrainedModel) or not _attention_is_plain(model.config):
        return False
    given = inspect.signature(model.forward).parameters
    return (
        {"logits_to_keep", "position_ids"} <= given.keys()
        and any(one.kind is one.VAR_KEYWORD for one in given.values())
        and type(model).is_backend_compatible()
        and model._supports_sdpa
        and not getattr(model, "_is_stateful", False)
    )


def enable_packing(model: Any) -> None:
    """Switch `model`, and a PEFT model's base, to the attention that keeps a pack's rows apart.

    Without row lengths in the call (generation, padded batches) it is transformers' `sdpa`.
    """
    AttentionInterface.register(ATTENTION, packed_attention)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    base = model.get_base_model() if isinstance(model, PeftModel) else model
    base.set_attn_implementation(ATTENTION)


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend causally within each row of a pack.

    `query`: (1, heads, L, size); `key`, `value`: (1, key heads, L, size). Returns
    (1, L, heads, size). Without `cu_seq_lens_q` it is transformers' `sdpa`.
    """
    if cu_seq_lens_q is None:
        given = (module, query, key, value, attention_mask)
        return sdpa_attention_forward(*given, dropout=dropout, scaling=scaling, **kwargs)
    if kwargs.get("softcap") is not None or kwargs.get("position_bias") is not None:
        raise ValueError("A pack's attention knows no soft cap and no position bias.")
    if _has_varlen_kernel(query, value, dropout):
        return _varlen(query, key, value, scaling, cu_seq_lens_q, max_length_q), None
    groups = query.shape[1] // key.shape[1]
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    return _per_row(query, key, value, dropout, scaling, cu_seq_lens_q.tolist()), None


def _per_row(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    dropout: float,
    scaling: float | None,
    ends: list[int],
) -> torch.Tensor:
    """Attend row by row with torch's kernel for causal attention."""
    dtype = query.dtype
    if query.device.type == "cpu":
        # The half-precision backward of torch's CPU kernel takes twice the time of float32's.
        query, key, value = query.float(), key.float(), value.float()
    lengths = [end - start for start, end in pairwise(ends)]
    queries, keys, values = (one.split(lengths, dim=2) for one in (query, key, value))
    attended = [
        scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scaling, is_causal=True)
        for q, k, v in zip(queries, keys, values, strict=True)
    ]
    return torch.cat(attended, dim=2).transpose(1, 2).to(dtype).contiguous()


def _has_varlen_kernel(query: torch.Tensor, value: torch.Tensor, dropout: float) -> bool:
    """Tell whether torch's flash kernel for rows of unequal length takes these tensors."""
    return (
        query.is_cuda
        and torch.version.hip is None
        and torch.cuda.get_device_capability(query.device) >= (8, 0)
        and query.dtype in (torch.float16, torch.bfloat16)
        and query.shape[-1] == value.shape[-1] <= 256
        and dropout == 0.0
    )


def _varlen(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    scaling: float | None,
    ends: torch.Tensor,
    longest: int | None,
) -> torch.Tensor:
    """Attend to all rows in one call of torch's flash kernel."""
    queries, keys, values = (one[0].transpose(0, 1) for one in (query, key, value))
    longest = longest if longest is not None else int(ends.diff().max())
    causal = (-1, 0)
    attended = varlen_attn(
        queries,
        keys,
        values,
        ends,
        ends,
        longest,
        longest,
        scale=scaling,
        window_size=causal,
        enable_gqa=query.shape[1] != key.shape[1],
    )
    assert isinstance(attended, torch.Tensor)  # a tuple only when log-sum-exps are asked for
    return attended[None]


def _labels(row: Row) -> np.ndarray:
    """Return a row's labels; its first token has nothing before it to be predicted from."""
    labels = np.array(row["labels"], dtype=np.int64)
    labels[:1] = IGNORED
    return labels


def _method_allows(model: PeftModel) -> bool:
    """Tell whether the adapters treat each token by itself."""
    configs = model.peft_config.values()
    return not any(
        config.is_prompt_learning
        or config.peft_type in _ROWWISE_METHODS
        or getattr(config, "alora_invocation_tokens", None)
        for config in configs
    )


def _attention_is_plain(config: Any) -> bool:
    """Tell whether every layer attends causally to all that came before, and to nothing else."""
    layers = getattr(config, "layer_types", None) or ["full_attention"]
    window = getattr(config, "use_sliding_window", True) and getattr(config, "sliding_window", None)
    return (
        set(layers) == {"full_attention"}
        and not window
        and not getattr(config, "attn_logit_softcapping", None)
        and not getattr(config, "output_router_logits", False)
        and not config.is_encoder_decoder
        and config.get_text_config() is config
    )
