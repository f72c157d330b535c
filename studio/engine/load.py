"""Load tokenizer and base model."""

from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoImageProcessor, AutoTokenizer, BitsAndBytesConfig

from studio.engine.device import Device
from studio.engine.heads import HEADS, from_folder, new_layers, widen
from studio.errors import ModelError
from studio.tasks.task import Setting, Task
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


def load_processor(folder: Path, task: Task, trust: bool = False) -> Any:
    """Return what turns the task's rows into tensors; raises ModelError."""
    return load_images(folder) if task.processor == "image" else load_tokenizer(folder, trust)


def load_images(folder: Path) -> Any:
    """Return the image processor, which works with Pillow alone; raises ModelError."""
    try:
        return AutoImageProcessor.from_pretrained(folder, backend="pil")
    except (OSError, ValueError, ImportError) as reason:
        raise ModelError(
            mark("The image settings of {model} cannot be read: {reason}."),
            mark("Choose a model with a preprocessor_config.json."),
            model=folder.name,
            reason=str(reason).split("\n")[0][:200].rstrip("."),
        ) from reason


def load_model(
    folder: Path,
    task: Task,
    device: Device,
    *,
    dtype: torch.dtype,
    quantization: str = "none",
    setting: Setting | None = None,
    trust: bool = False,
    pickles: bool = False,
) -> Any:
    """Return the base model on its device, ready for the task; raises ModelError."""
    named: dict[str, Any] = {"dtype": dtype, "trust_remote_code": trust}
    if not pickles:
        named["use_safetensors"] = True
    if quantization != "none":
        heads = None if task.generates else list(HEADS)
        named["quantization_config"] = _quantized(quantization, device.dtype, heads)
    if device.on_card or quantization != "none":
        named["device_map"] = {"": 0 if device.on_card else "cpu"}
    if setting is not None:
        head = task.head(setting)
        # a model that already sorts into other classes gets a new head
        named |= {**head, "ignore_mismatched_sizes": bool(head)}
    try:
        found = from_folder(getattr(transformers, task.model_class), folder, **named)
    except (OSError, ValueError, KeyError) as reason:
        raise ModelError(
            mark("{model} cannot be loaded: {reason}."),
            mark("Choose another model; the full text is in the log."),
            model=folder.name,
            reason=str(reason).split("\n")[0][:300].rstrip("."),
        ) from reason
    if setting is not None and dtype != torch.float32:
        widen(found, new_layers(found, task.unread))
    return _trainable(found) if quantization == "nf4" else found


def _trainable(model: Any) -> Any:
    """Keep 4-bit weights in the form that can be trained through.

    On processors with AVX512-BF16 bitsandbytes packs them at the first evaluation for faster
    answers, and no gradient goes through a packed weight any more.
    """
    for part in model.modules():
        if hasattr(part, "support_avx512bf16_for_cpu"):
            part.support_avx512bf16_for_cpu = False
    return model


def _quantized(
    quantization: str, compute: torch.dtype, heads: list[str] | None
) -> BitsAndBytesConfig:
    """Return bitsandbytes' settings: NF4 with double quantisation, or LLM.int8().

    New heads are trained, and so stay as they are; without `heads` the usual ones do.
    """
    if quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=heads)
    return BitsAndBytesConfig(
        llm_int8_skip_modules=heads,
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )
