"""Put a method on a base model: PEFT's config, completed by what the run knows, then PEFT itself.

Nothing here asks for a method by its name. What a method needs is read off the fields that its
config has in PEFT, and off the `fixed`, `optimizer` and `start` of its file.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import torch
from peft import (
    PEFT_TYPE_TO_CONFIG_MAPPING,
    PeftConfig,
    PeftModel,
    PeftType,
    TaskType,
    get_peft_model,
)
from peft.utils import constants

import studio.engine.tuners  # noqa: F401 - registers our own types in PEFT
from studio.engine.blocks import stack_names, stacks
from studio.engine.completed import COMPLETED, Given
from studio.engine.device import Device
from studio.engine.heads import HEADS, new_layers
from studio.engine.mixture import is_mixture, keep_router, load_mixture
from studio.engine.prompts import name_the_cache, read_the_last
from studio.errors import MethodError
from studio.methods.catalogue import Method
from studio.tasks.task import Task
from studio.words import mark

# What a method can end with on a model that it does not fit; PEFT checks sizes in many ways.
MISFITS = (
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    AssertionError,
    RuntimeError,
)


def apply_method(
    model: Any, method: Method, knobs: dict[str, Any], task: Task, device: Device, given: Given
) -> Any:
    """Put the method on the model and return what is trained.

    Raises MethodError when the method does not fit this model.
    """
    if not method.peft:
        return free_last(model, int(knobs.get("layers") or 0))
    try:
        config = peft_config(method, knobs, task, model, given)
        if is_mixture(config):
            model.config.use_cache = False  # a router reads every row twice
        # On the processor a LoRA in the model's own type is a tenth faster; some others learn
        # nothing in 16-bit, and on a card float32 costs nothing that can be measured.
        wide = device.on_card or method.peft != "LORA"
        empty = method.start == "eva"  # its first matrices are filled from the rows
        made = equip(get_peft_model(
            model, config, autocast_adapter_dtype=wide, low_cpu_mem_usage=empty
        ))  # fmt: skip
        if method.optimizer == "lora_fa":
            _freeze_first(made)
        return made
    except MISFITS as reason:
        raise misfit(method, reason) from reason


def _freeze_first(model: Any) -> None:
    """Leave the first matrices of a LoRA as they begin (LoRA-FA, arXiv 2308.03303)."""
    for name, weight in model.named_parameters():
        if ".lora_A." in name:
            weight.requires_grad_(False)


def misfit(method: Method, reason: Exception) -> MethodError:
    """Return the error for a method that does not fit a model, in the library's words."""
    return MethodError(
        mark("{method} cannot be put on this model: {reason}."),
        mark("Choose LoRA on all linear layers.")
        if method.key != "lora"
        else mark("Choose full fine-tuning, or another model."),
        method=method.name,
        reason=(str(reason) or type(reason).__name__).split("\n")[0][:300].rstrip("."),
    )


def peft_config(
    method: Method, knobs: dict[str, Any], task: Task, model: Any, given: Given
) -> PeftConfig:
    """Return PEFT's config object; a knob at "auto" is left to PEFT's own map."""
    kind = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType[method.peft]]
    known = {field.name for field in dataclasses.fields(kind)}
    values = {**method.fixed, **knobs}
    values |= _unlisted(method, values, model)
    completed = {
        name: complete(values, model, given)
        for name, complete in COMPLETED.items()
        if name in known
    }
    new = [] if task.generates else new_layers(model, task.unread)
    if "modules_to_save" in known:
        completed["modules_to_save"] = new or None
    elif beyond := sorted({*new} - {*HEADS}):
        raise ValueError(f"its file has no {', '.join(beyond)}, which this method does not train")
    completed |= _left_out(task, model, values, known)
    chosen = {
        name: value
        for name, value in {**values, **completed}.items()
        if name in known and value is not None and value != "auto"
    }
    return kind(task_type=TaskType[task.peft_type] if task.peft_type else None, **chosen)


def _unlisted(method: Method, values: dict[str, Any], model: Any) -> dict[str, Any]:
    """Name the layers for a family that PEFT has no list for, or only one of older names.

    They are the method's own where the family has layers of Llama's names, else all linear ones.
    """
    own = f"TRANSFORMERS_MODELS_TO_{method.peft.replace('_', '')}_TARGET_MODULES_MAPPING"
    lists = getattr(constants, own, {})
    if not lists or values.get("target_modules", "auto") != "auto":
        return {}
    listed = lists.get(model.config.model_type, ())
    names = {name.rpartition(".")[2] for name, _part in model.named_modules()}
    if isinstance(listed, str) or any(name.rpartition(".")[2] in names for name in listed):
        return {}
    return {"target_modules": [one for one in method.targets if one in names] or "all-linear"}


def _left_out(task: Task, model: Any, values: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Keep a method off the new head, which is trained whole: "all-linear" means it too.

    And off the layers that the task does not read or the method's file leaves out, where the model
    has them.
    """
    heads = [] if task.generates else new_layers(model, task.unread)
    layers = [name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)]
    # PEFT saves each layer whole whose name ends like a head's: DistilBERT's pre_classifier too
    saved = [name for name in layers if heads and name.endswith(tuple(heads))]
    if "exclude_modules" in known:
        named = {*task.unread, *values.get("exclude_modules", [])}
        met = [one for one in named if any(name.endswith(one) for name in layers)]
        return {"exclude_modules": [*heads, *sorted({*met, *saved} - {*heads})] or None}
    if task.generates or values.get("target_modules") != "all-linear":
        return {}
    ends = {name.rpartition(".")[2] for name in {*layers} - {*saved}}
    return {"target_modules": sorted(ends - {*HEADS})}


def free_last(model: Any, layers: int) -> Any:
    """Train the whole model, or with `layers` only its last layers and what comes after them."""
    model.requires_grad_(True)
    if not layers:
        return model
    frozen = [model.get_input_embeddings(), *_before(model)]
    frozen += [block for stack in stacks(model) for block in stack[:-layers]]
    for part in frozen:
        part.requires_grad_(False)
    return model


def _before(model: Any) -> list[torch.nn.Module]:
    """Return what comes before the layers: embeddings, positions, and what makes them fit.

    A model is made in the order in which it computes, but for what it calls final.
    """
    found, names = [], stack_names(model)
    for name in names:
        for outer in _outers(name):
            here = f"{outer}." if outer else ""
            for child, part in model.get_submodule(outer).named_children():
                if f"{name}.".startswith(f"{here}{child}."):
                    break
                holds = any(f"{one}.".startswith(f"{here}{child}.") for one in names)
                if not holds and not child.startswith("final"):
                    found.append(part)
    return found


def _outers(name: str) -> list[str]:
    """Return the names of the modules around a module, the model itself ("") among them."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(len(parts))]


def load_adapted(base: Any, adapter: Path) -> Any:
    """Put a saved adapter on its base and return the model, in its answering state."""
    if is_mixture(PeftConfig.from_pretrained(str(adapter))):
        return load_mixture(base, adapter).eval()
    return equip(PeftModel.from_pretrained(base, str(adapter))).eval()


def equip(model: Any) -> Any:
    """Feed a model what its method wants with each batch beside the rows."""
    config = model.active_peft_config
    if hasattr(config, "num_tasks") or hasattr(config, "n_tasks"):
        _feed_task_numbers(model)
        if model.config.is_encoder_decoder:
            _keep_decoder_ids(model)
    if is_mixture(config):
        keep_router(model)
    if hasattr(config, "orth_reg_weight"):
        _begin_penalty(model.get_base_model())
    if config.is_prompt_learning and hasattr(model, "base_model_prepare_inputs_for_generation"):
        name_the_cache(model)
    if config.is_prompt_learning and hasattr(model.get_base_model(), "score"):
        read_the_last(model.get_base_model())
    return model


def _begin_penalty(base: Any) -> None:
    """Give AdaLoRA a loss to add its orthogonality to: ours is computed outside the model.

    It calls the base's forward by name, past any hook.
    """
    forward = base.forward

    @functools.wraps(forward)
    def begun(*args: Any, **given: Any) -> Any:
        outputs = forward(*args, **given)
        if base.training and outputs.get("loss") is None:
            outputs["loss"] = torch.zeros((), device=base.device)
        return outputs

    base.forward = begun


def _keep_decoder_ids(model: Any) -> None:
    """Hand the decoder its tokens: PEFT 0.21 lays a task's prompt in front and drops them."""
    kept: dict[str, Any] = {}

    def keep(_module: Any, _args: Any, given: dict[str, Any]) -> None:
        kept["decoder_input_ids"] = given.get("decoder_input_ids")

    def hand(_module: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        ids = kept.pop("decoder_input_ids", None)
        known = given.get("decoder_input_ids") is not None
        return args, given if known or ids is None else {**given, "decoder_input_ids": ids}

    model.register_forward_pre_hook(keep, with_kwargs=True)
    model.base_model.register_forward_pre_hook(hand, with_kwargs=True)


def _feed_task_numbers(model: Any) -> None:
    """Say that every row belongs to the first task, in training and in generation."""

    def add(_module: Any, args: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, {**given, "task_ids": _task_numbers(given)}

    model.register_forward_pre_hook(add, with_kwargs=True)
    generate = getattr(model, "generate", None)
    if generate is None:
        return

    def generate_with(*args: Any, **given: Any) -> Any:
        return generate(*args, **{**given, "task_ids": _task_numbers(given)})

    model.generate = generate_with


def _task_numbers(given: dict[str, Any]) -> torch.Tensor:
    """Return a zero a row."""
    if given.get("task_ids") is not None:
        return given["task_ids"]
    first = next(value for name, value in given.items() if torch.is_tensor(value))
    return torch.zeros(len(first), dtype=torch.long, device=first.device)


def weights_type(method: Method, device: Device) -> torch.dtype:
    """Return the type the base is loaded in: float32 where its own weights are trained."""
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
