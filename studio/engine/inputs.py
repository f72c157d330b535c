"""What goes into a model with each batch and what comes out of it, whatever the task."""

from collections.abc import Callable
from typing import Any

import torch

from studio.engine.packing import PackedCollator, PaddedCollator
from studio.tasks.seq2seq_lm import ends_with
from studio.tasks.task import IGNORED, Example, Task

Lay = Callable[[list[Example]], dict[str, Any]]


def laid(task: Task, processor: Any, model: Any, packed: bool = False) -> Lay:
    """Return what lays examples together into a model's tensors, "labels" among them."""
    if task.next_token:
        lay = PackedCollator() if packed else PaddedCollator(processor.pad_token_id)
        return lambda examples: lay([_named(example) for example in examples])
    own = task.collator(processor)
    if not plain(model).config.is_encoder_decoder:
        return own
    return lambda examples: with_decoder_inputs(own(examples), model)


def with_decoder_inputs(batch: dict[str, Any], model: Any) -> dict[str, Any]:
    """Add what the decoder reads: the labels, each one place later, as the model makes them."""
    base, labels = plain(model), batch["labels"]
    own = getattr(base, "prepare_decoder_input_ids_from_labels", None)
    made = own(labels=labels) if own else _one_later(labels, base.config)
    return {**batch, "decoder_input_ids": made}


def _one_later(labels: torch.Tensor, config: Any) -> torch.Tensor:
    """Shift labels to the right behind the token that a decoder begins with.

    M2M-100, NLLB and BlenderBot do so within their forward pass, where the loss is not ours.
    """
    later = labels.roll(1, dims=-1)
    later[:, 0] = config.decoder_start_token_id
    return later.masked_fill(later == IGNORED, config.pad_token_id)


def wire(model: Any, processor: Any) -> Any:
    """Make a model ready for any task's batches, and return it.

    Its config gets the tokens it lacks; pictures come in the weights' number format; outputs
    also hold the batch's "attention_mask", which the tasks' losses and figures need.
    """
    if hasattr(processor, "pad_token_id"):
        _complete(plain(model).config, processor)
    model.register_forward_pre_hook(_same_format, with_kwargs=True)
    model.register_forward_hook(_with_mask, with_kwargs=True)
    return model


def plain(model: Any) -> Any:
    """Return the model that a method was put on."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def missing_tokens(config: Any, tokenizer: Any) -> dict[str, int]:
    """Return the tokens that a config lacks: how a decoder begins and ends, and padding.

    Padding is what the tokenizer pads with, whatever the config said: a classifier on a decoder
    reads the last token that is none.
    """
    wanted = {"pad_token_id": tokenizer.pad_token_id}
    if config.is_encoder_decoder:
        begins = (tokenizer.bos_token_id, tokenizer.cls_token_id, tokenizer.pad_token_id)
        wanted["decoder_start_token_id"] = next(one for one in (*begins, 0) if one is not None)
        wanted["eos_token_id"] = ends_with(tokenizer)
    return {
        name: one
        for name, one in wanted.items()
        if one is not None and (name == "pad_token_id" or getattr(config, name, None) is None)
    }


def _complete(config: Any, tokenizer: Any) -> None:
    """Set the tokens that a config lacks."""
    for name, token in missing_tokens(config, tokenizer).items():
        setattr(config, name, token)


def _same_format(model: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Bring pictures to the number format of the weights, which some families leave to others."""
    pixels = given.get("pixel_values")
    if pixels is None or torch.is_autocast_enabled(pixels.device.type):
        return args, given
    return args, {**given, "pixel_values": pixels.to(plain(model).dtype)}


def _with_mask(_model: Any, _args: Any, given: dict[str, Any], outputs: Any) -> Any:
    """Add the mask of the batch to the outputs."""
    mask = given.get("attention_mask")
    if mask is not None and hasattr(outputs, "keys"):
        outputs["attention_mask"] = mask
    return outputs


def _named(example: Example) -> dict[str, Any]:
    """Return an example as the engine's collators want it."""
    return {"input_ids": example.ids, "labels": example.labels}
