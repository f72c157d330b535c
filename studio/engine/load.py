"""Load tokenizer and base model, and put the method's parameters on it."""

from pathlib import Path
from typing import Any

import torch
import transformers
from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftType, TaskType, get_peft_model
from transformers import AutoTokenizer, BitsAndBytesConfig

from studio.engine.device import Device
from studio.errors import MethodError, ModelError
from studio.methods.catalogue import Method
from studio.models.facts import ModelFacts
from studio.recipe import Recipe
from studio.tasks.task import Task
from studio.words import mark


def load_tokenizer(folder: Path, trust: bool = False) -> Any:
    """Return the fast tokenizer, with a padding token; raises ModelError."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust)
    except (OSError, ValueError) as reason:
        raise ModelError(
            mark("The tokenizer of {model} cannot be read: {reason}."),
            mark("Put the tokenizer's files into the model's folder."),
            model=folder.name,
            reason=str(reason).split("\n")[0][:200].rstrip("."),
        ) from reason
    if not tokenizer.is_fast:
        raise ModelError(
            mark("{model} has no fast tokenizer, which finding the answers needs."),
            mark("Choose a model with a tokenizer.json."),
            model=folder.name,
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def load_model(
    folder: Path,
    task: Task,
    device: Device,
    *,
    dtype: torch.dtype,
    quantization: str = "none",
    labels: tuple[str, ...] = (),
    trust: bool = False,
    pickles: bool = False,
) -> Any:
    """Return the base model on its device, ready for the task; raises ModelError."""
    named: dict[str, Any] = {"dtype": dtype, "trust_remote_code": trust}
    if not pickles:
        named["use_safetensors"] = True
    if quantization != "none":
        named["quantization_config"] = _quantized(quantization, device.dtype)
    if device.on_card or quantization != "none":
        named["device_map"] = {"": 0 if device.on_card else "cpu"}
    if labels:
        named["num_labels"] = len(labels)
        named["id2label"] = dict(enumerate(labels))
        named["label2id"] = {label: index for index, label in enumerate(labels)}
    try:
        return getattr(transformers, task.model_class).from_pretrained(folder, **named)
    except (OSError, ValueError, KeyError) as reason:
        raise ModelError(
            mark("{model} cannot be loaded: {reason}."),
            mark("Choose another model; the full text is in the log."),
            model=folder.name,
            reason=str(reason).split("\n")[0][:300].rstrip("."),
        ) from reason


def _quantized(quantization: str, compute: torch.dtype) -> BitsAndBytesConfig:
    """Return bitsandbytes' settings: NF4 with double quantisation, or LLM.int8()."""
    if quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )


def apply_method(
    model: Any, method: Method, knobs: dict[str, Any], task: Task, device: Device
) -> Any:
    """Put the method on the model and return what is trained.

    Raises MethodError when the method finds nothing to train in this model.
    """
    if not method.peft:
        return model.requires_grad_(True)
    config = peft_config(method, knobs, task)
    try:
        # On the processor adapters in the model's own type are a tenth faster; on a card float32
        # costs nothing that can be measured and keeps small updates.
        return get_peft_model(model, config, autocast_adapter_dtype=device.on_card)
    except ValueError as reason:
        raise MethodError(
            mark("{method} cannot be put on this model: {reason}."),
            mark("Choose LoRA on all linear layers."),
            method=method.name,
            reason=str(reason).split("\n")[0][:300].rstrip("."),
        ) from reason


def peft_config(method: Method, knobs: dict[str, Any], task: Task) -> Any:
    """Return PEFT's config object; a knob at "auto" is left to PEFT's own map."""
    given = {key: value for key, value in knobs.items() if value != "auto" and value is not None}
    kind = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType[method.peft]]
    return kind(task_type=TaskType[task.peft_type], **given)


def weights_type(method: Method, device: Device) -> torch.dtype:
    """Return the type the base is loaded in: float32 where every weight is trained."""
    return device.dtype if method.peft else torch.float32


def count(model: Any) -> tuple[int, int]:
    """Return (all, trained) parameters; 4-bit weights count what they stand for."""
    total = trained = 0
    for weight in model.parameters():
        size = getattr(weight, "quant_state", None)
        number = size.shape.numel() if size is not None else weight.numel()
        total += number
        trained += number if weight.requires_grad else 0
    return total, trained


def pickles_allowed(recipe: Recipe, facts: ModelFacts) -> bool:
    """Say whether pickled weights may be read: only where there are no others and it was agreed."""
    return facts.pickled and recipe.model.allow_pickle
