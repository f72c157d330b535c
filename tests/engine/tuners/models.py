"""Tiny random models of every family, and rows for them."""

from copy import deepcopy
from typing import Any

import torch
import transformers
from peft import PeftConfig, get_peft_model
from transformers import (
    BertConfig,
    CLIPVisionConfig,
    GPT2Config,
    LlamaConfig,
    Qwen2Config,
    T5Config,
    ViTConfig,
)

from studio.engine.tuners.adapter import AdapterConfig
from studio.engine.tuners.bitfit import BitFitConfig
from studio.engine.tuners.mam import MamConfig
from studio.engine.tuners.unipelt import UniPeltConfig

WIDTH = 32
_SIZES = {"hidden_size": WIDTH, "intermediate_size": 48, "num_hidden_layers": 2}
_HEADS = {**_SIZES, "num_attention_heads": 4}
_TEXT = {**_HEADS, "vocab_size": 61}
_ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_PICTURES = {**_HEADS, "image_size": 16, "patch_size": 4}
_GPT2 = {"vocab_size": 61, "n_embd": WIDTH, "n_layer": 2, "n_head": 4, "n_positions": 64}
_T5 = {"vocab_size": 61, "d_model": WIDTH, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}

FAMILIES: dict[str, tuple[str, Any]] = {
    "llama": ("LlamaForCausalLM", LlamaConfig(**_TEXT, **_ENDS, num_key_value_heads=2)),
    "qwen2": ("Qwen2ForCausalLM", Qwen2Config(**_TEXT, **_ENDS, num_key_value_heads=2)),
    "gpt2": ("GPT2LMHeadModel", GPT2Config(**_GPT2, **_ENDS)),
    "bert": ("BertForSequenceClassification", BertConfig(**_TEXT)),
    "t5": ("T5ForConditionalGeneration", T5Config(**_T5, decoder_start_token_id=0)),
    "vit": ("ViTForImageClassification", ViTConfig(**_PICTURES)),
    "clip": ("CLIPVisionModel", CLIPVisionConfig(**_PICTURES)),
}
HEADS = ("bert", "vit")  # with a new head, which is trained whole
WITHOUT_BIASES = ("llama", "t5")
TASKS = {"bert": "SEQ_CLS", "t5": "SEQ_2_SEQ_LM", "vit": None, "clip": None}
_METHODS: dict[str, tuple[Any, dict[str, Any]]] = {
    "bitfit": (BitFitConfig, {}),
    "houlsby": (AdapterConfig, {"kind": "houlsby", "reduction_factor": 4}),
    "pfeiffer": (AdapterConfig, {"kind": "pfeiffer", "reduction_factor": 4}),
    "mam": (MamConfig, {"num_virtual_tokens": 3}),
    "unipelt": (UniPeltConfig, {"num_virtual_tokens": 3, "reduction_factor": 4, "r": 2}),
}
METHODS = list(_METHODS)
PAIRS = [
    (method, family)
    for method in METHODS
    for family in FAMILIES
    if method != "bitfit" or family not in WITHOUT_BIASES
]


def base(family: str, dtype: torch.dtype = torch.float32) -> Any:
    """Return the same model of a family each time."""
    torch.manual_seed(0)
    kind, config = FAMILIES[family]
    return getattr(transformers, kind)(deepcopy(config)).to(dtype).eval()


def config(method: str, family: str = "llama", **more: Any) -> PeftConfig:
    """Return a method's config for the task of a family."""
    kind, values = _METHODS[method]
    task = TASKS.get(family, "CAUSAL_LM")
    heads = {"modules_to_save": ["classifier"]} if family == "vit" else {}
    return kind(task_type=task, **{**values, **heads, **more})


def adapted(method: str, family: str, *, moved: bool = True, **more: Any) -> Any:
    """Return a method on a family, as after some training unless `moved` is off."""
    model = get_peft_model(base(family), config(method, family, **more)).eval()
    if moved:
        move(model)
    return model


def move(model: torch.nn.Module) -> None:
    """Give every trained number another value, the same each time."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(torch.randn_like(weight) * 0.2)


def rows(family: str) -> dict[str, torch.Tensor]:
    """Return two rows that a family reads."""
    torch.manual_seed(2)
    if family in ("vit", "clip"):
        return {"pixel_values": torch.randn(2, 3, 16, 16)}
    given = {"input_ids": torch.randint(3, 61, (2, 7))}
    decoder = {"decoder_input_ids": torch.randint(3, 61, (2, 5))} if family == "t5" else {}
    return {**given, **decoder}


def said(model: Any, given: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return what a model says to rows."""
    with torch.no_grad():
        found = model(**given)
    return (found.logits if "logits" in found else found.last_hidden_state).float()
