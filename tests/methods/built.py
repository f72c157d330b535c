"""Methods built by PEFT alone on a small model, from what their files say."""

import dataclasses
import functools
from pathlib import Path
from typing import Any

from studio.methods.catalogue import Knob, Method
from studio.models.facts import ModelFacts, from_config

# What PEFT wants besides: figures of the run or the model, which the engine knows.
_NEEDS: dict[str, dict[str, Any]] = {
    "adalora": {"total_step": 10},
    "trainable_tokens": {"token_indices": [0, 1]},
    "xlora": {"hidden_size": 32},
    "llama_adapter": {"adapter_layers": 3},
    "cpt": {
        "cpt_token_ids": list(range(10)),
        "cpt_mask": [1] * 10,
        "cpt_tokens_type_mask": [1] * 10,
    },
}
# Values that only go together with another knob's: what is changed along with them.
_TOGETHER: dict[tuple[str, str], dict[str, Any]] = {
    ("gralora", "r"): {"gralora_k": 1},
    ("gralora", "gralora_k"): {"r": 240_240},
    ("p_tuning", "encoder_num_layers"): {"encoder_reparameterization_type": "LSTM"},
    ("cartridge", "num_frozen_tokens"): {"num_virtual_tokens": 4096},
    ("adamss", "subspace_rank"): {"num_subspaces": 1},
    ("oft", "target_modules"): {"oft_block_size": 16},
}


@functools.cache
def llama() -> Any:
    """Return the config of a Llama with grouped heads.

    Of three layers: PEFT names what "all-linear" found by suffixes from 21 matrices, and Lily
    shares by suffixes only.
    """
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )


@functools.cache
def gpt2() -> Any:
    """Return the config of a GPT-2, whose layers have biases."""
    from transformers import GPT2Config

    return GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64)


def model(config: Any) -> Any:
    """Return the same random model each time."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config)


def facts(config: Any) -> ModelFacts:
    """Return the model in figures, its parameters counted."""
    number = sum(weight.numel() for weight in model(config).parameters())
    found = from_config("x", "x", "folder", config.to_dict())
    return dataclasses.replace(found, parameters=number)


def config_class(one: Method) -> Any:
    """Return PEFT's config class of a method, ours registered."""
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftType

    if one.peft not in PeftType.__members__:
        import studio.engine.tuners  # noqa: F401
    return PEFT_TYPE_TO_CONFIG_MAPPING[PeftType[one.peft]]


def fields(one: Method) -> dict[str, Any]:
    """Return the fields of PEFT's config by name."""
    return {field.name: field for field in dataclasses.fields(config_class(one))}


def settings(one: Method, **more: Any) -> dict[str, Any]:
    """Return what the method's file gives for a model of unknown size, `more` laid over."""
    return {key: knob.value_for(0) for key, knob in one.knobs.items()} | more


def config(one: Method, **more: Any) -> Any:
    """Return PEFT's config for a method with its default knobs, `more` laid over."""
    known = fields(one)
    given = {**one.fixed, **settings(one, **more)}
    given.pop("exclude_modules", None)  # of encoders; PEFT warns where a model has none of them
    given = {key: value for key, value in given.items() if key in known and value != "auto"}
    needs = _NEEDS.get(one.key, {}) | (_eva(settings(one, **more)) if one.start == "eva" else {})
    return config_class(one)(task_type="CAUSAL_LM", **{**given, **needs})


def _eva(given: dict[str, Any]) -> dict[str, Any]:
    """Return the part of LoRA's config that EVA's start is given."""
    from peft import EvaConfig

    return {"eva_config": EvaConfig(rho=given["rho"])}


def together(one: Method, key: str, value: Any) -> dict[str, Any]:
    """Return a knob's value with what has to change along with it."""
    text = {"tokenizer_name_or_path": "x"} if value == "TEXT" else {}
    return {**_TOGETHER.get((one.key, key), {}), **text, key: value}


def adapted(one: Method, base: Any, folder: Path, **more: Any) -> Any:
    """Return a model with a method on it; `folder` is for adapters that it starts from."""
    from peft import get_peft_model

    if not one.peft:
        return _partly_frozen(model(base), **more)
    if one.key == "xlora":
        return _mixture(one, base, folder, **more)
    empty = one.start == "eva"  # its first matrices are filled from the rows later
    built = get_peft_model(model(base), config(one, **more), low_cpu_mem_usage=empty)
    if one.optimizer == "lora_fa":
        _freeze_first_matrices(built, one)
    return built


def _partly_frozen(whole: Any, layers: int | None = None) -> Any:
    """Freeze all but the last layers, as the engine does."""
    from studio.engine.adapt import free_last

    return free_last(whole, layers or 0)


def _mixture(one: Method, base: Any, folder: Path, **more: Any) -> Any:
    """Save the LoRA adapters that an X-LoRA names and mix them; PEFT calls them 0, 1, ..."""
    from peft import LoraConfig, get_peft_model

    names = str(more.pop("adapters")).split(",")
    for name in names:
        get_peft_model(model(base), LoraConfig(r=2)).save_pretrained(folder / name)
    paths = {str(place): str(folder / name) for place, name in enumerate(names)}
    mixed = config(one, adapters=paths, **more)
    whole = model(base)
    whole.config.use_cache = False
    return get_peft_model(whole, mixed)


def _freeze_first_matrices(built: Any, one: Method) -> None:
    """Let PEFT's optimizer for LoRA-FA freeze what it does not train."""
    from peft.optimizers import create_lorafa_optimizer

    create_lorafa_optimizer(built, r=settings(one)["r"], lora_alpha=16, lr=1e-4)


def loss_after(built: Any, steps: int, rate: float) -> list[float]:
    """Train on one batch for some steps; returns the loss before each, and at the end."""
    import torch

    ids = torch.arange(24).reshape(2, 12)
    weights = [weight for weight in built.parameters() if weight.requires_grad]
    optimizer, found = torch.optim.AdamW(weights, lr=rate), []
    for _ in range(steps):
        loss = built(input_ids=ids, labels=ids).loss
        found.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return [*found, built(input_ids=ids, labels=ids).loss.item()]


def trained(built: Any) -> int:
    """Return the number of parameters that are trained."""
    return sum(weight.numel() for weight in built.parameters() if weight.requires_grad)


def other_value(knob: Knob) -> Any:
    """Return another value that a knob can have, for a model of unknown size."""
    default = knob.value_for(0)
    if knob.kind == "bool":
        return not default
    if knob.kind == "choice":
        return next((value for value, _, _ in knob.choices if value != default), default)
    if knob.kind == "float":
        return ((knob.low or 0) + (knob.high or 1)) / 2
    return default // 2 if default > max(1, knob.low or 1) else default + 1
