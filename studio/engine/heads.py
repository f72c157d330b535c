"""The layers that a base model's file does not hold: a task's new head, and what else is missing.

They begin at random numbers, so they have to be trained and saved beside every adapter; what was
drawn at random and then left alone would be other numbers at each loading.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from studio.engine.blocks import stack_names
from studio.errors import ModelError
from studio.words import mark

HEADS = ("classifier", "score", "qa_outputs")
_NOTED = "layers_not_in_file"


def from_folder(kind: Any, folder: Path, **named: Any) -> Any:
    """Return a model with its weights, and note which layers its file does not hold.

    Raises ModelError where the file lacks the transformer itself: transformers would draw it.
    """
    model, missing = _read(kind, folder, named)
    prefix = model.base_model_prefix
    if _lacks_layers(model, missing) and prefix:
        # Llama's and its kin's model for answers in a passage calls its inner model otherwise
        del model
        named = {**named, "key_mapping": {r"^model\.": f"{prefix}."}}
        model, missing = _read(kind, folder, named)
    if _lacks_layers(model, missing):
        raise ModelError(
            mark("{model} holds no weights for {architecture}."),
            mark("Choose another model or another task."),
            model=folder.name,
            architecture=type(model).__name__,
        )
    setattr(model, _NOTED, sorted({name.rpartition(".")[0] for name in missing}))
    return model


def _read(kind: Any, folder: Path, named: dict[str, Any]) -> tuple[Any, set[str]]:
    """Return a model and the names of the weights that were drawn at random."""
    model, told = kind.from_pretrained(folder, output_loading_info=True, **named)
    changed = {one[0] if isinstance(one, tuple) else one for one in told["mismatched_keys"]}
    return model, {*told["missing_keys"], *changed}


def _lacks_layers(model: Any, missing: set[str]) -> bool:
    """Say whether weights of the transformer's layers are missing."""
    return any(name.startswith(f"{one}.") for one in stack_names(model) for name in missing)


def new_layers(model: Any, unread: Iterable[str] = ()) -> list[str]:
    """Return the names of a model's head and of what else began at random numbers.

    `unread` are layers that the task does not read: nothing can be learnt in them.
    """
    heads = [name for name in HEADS if hasattr(model, name)]
    noted = getattr(model, _NOTED, [])
    inside = tuple(f"{one}." for one in heads)
    idle = tuple(unread)
    return heads + [
        name
        for name in noted
        if name and name not in heads and not name.startswith(inside) and not name.endswith(idle)
    ]


def widen(model: Any, names: Iterable[str]) -> None:
    """Keep layers that begin at nothing in float32: 16-bit rounds small steps away."""
    for name in names:
        layer = model.get_submodule(name)
        if all(weight.is_floating_point() for weight in layer.parameters()):
            layer.float().register_forward_pre_hook(_as_weights)


def _as_weights(layer: torch.nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Bring what comes in to the number format of the layer's weights."""
    kind = next(layer.parameters()).dtype
    return tuple(
        one.to(kind) if torch.is_tensor(one) and one.is_floating_point() else one for one in args
    )
