"""Learnt tokens in front of a text while it is written.

PEFT 0.21 looks for the cache of a model under its old name, past_key_values, where transformers
5.24 hands on `cache`. It takes every token for the first, lays its tokens in front of each again,
and a prefix is set aside for the empty cache that is already there.
"""

from functools import wraps
from typing import Any

import torch


def name_the_cache(model: Any) -> None:
    """Let PEFT find the cache under the name it knows, and the model under its own."""
    of_base = model.base_model_prepare_inputs_for_generation
    of_peft = model.prepare_inputs_for_generation

    def from_base(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return _renamed(of_base(*args, **kwargs), "cache", "past_key_values")

    @wraps(of_peft)  # generate() reads the names of its arguments
    def from_peft(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return _renamed(of_peft(*args, **kwargs), "past_key_values", "cache")

    model.base_model_prepare_inputs_for_generation = from_base
    model.prepare_inputs_for_generation = from_peft


def _renamed(given: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """Return arguments with one under another name."""
    return {new if name == old else name: value for name, value in given.items()}


def read_the_last(base: Any) -> None:
    """Let a classifier on a decoder read each row's last token behind learnt ones.

    transformers finds that token by the rows' numbers. Where it gets vectors instead it takes the
    last place of the batch, which is padding in all rows but the longest.
    """
    kept: dict[str, Any] = {}

    def keep(_base: Any, _args: Any, given: dict[str, Any]) -> None:
        kept["mask"] = given.get("attention_mask") if given.get("input_ids") is None else None

    def place(_score: Any, _args: Any, scores: torch.Tensor) -> torch.Tensor:
        mask = kept.pop("mask", None)
        if mask is None or scores.dim() != 3:
            return scores
        last = mask.shape[1] - 1 - mask.flip(1).long().argmax(1)
        chosen = scores[torch.arange(len(scores), device=scores.device), last]
        return torch.cat([scores[:, :-1], chosen[:, None]], 1)

    base.register_forward_pre_hook(keep, with_kwargs=True)
    base.score.register_forward_hook(place)
