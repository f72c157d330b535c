"""Where training begins, for methods that begin somewhere else than at the base model.

EVA looks at the rows first; LoftQ at what 4-bit lost. PiSSA and OLoRA move a part of the base's
own weights into the adapter: what they learn is saved as the difference to their start, a plain
LoRA of twice the rank that fits the base as everybody has it.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model_state_dict, initialize_lora_eva_weights
from safetensors.torch import load_file, save_file

from studio.engine.shards import open_model

_MOVED = ("pissa", "olora")
_EVA_BATCHES = 32  # PEFT's advice is a few dozen; more changes little


def begin(
    name: str,
    model: Any,
    base: Path,
    aside: Path,
    batches: Callable[[], Iterable[dict[str, Any]]],
) -> None:
    """Bring a model to its method's start; `aside` keeps what `save` needs later.

    `batches` gives the first rows laid together without labels. Raises ValueError where the
    method cannot begin on this base.
    """
    if name == "eva":
        device = next(model.parameters()).device
        rows = [_tensors(batch, device) for batch in islice(batches(), _EVA_BATCHES)]
        with torch.no_grad():
            initialize_lora_eva_weights(model, rows, show_progress_bar=False)
    elif name == "loftq":
        _make_up_for_quantising(model, base)
    elif name:
        model.peft_config["default"].init_lora_weights = True  # what is saved is a plain LoRA
        model.save_pretrained(aside)


def _tensors(batch: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """Move a batch to the model; EVA reads it whole, and only tensors."""
    return {key: one.to(device) for key, one in batch.items() if torch.is_tensor(one)}


def _make_up_for_quantising(model: Any, base: Path) -> None:
    """Let the matrices of a LoRA begin as what 4-bit lost of each weight.

    LoftQ with one iteration (arXiv 2310.08659, algorithm 1): the best approximation of rank r of
    the difference between a weight and its quantised self. Raises ValueError without 4-bit layers.
    """
    from bitsandbytes.functional import dequantize_4bit

    layers = [(name, part) for name, part in model.named_modules() if _is_quantised_lora(part)]
    if not layers:
        raise ValueError("no bnb 4-bit layer was found")
    names = [name.removeprefix("base_model.model.") + ".weight" for name, _part in layers]
    whole = _whole(model, base, names)
    for name, (_name, part) in zip(names, layers, strict=True):
        held = part.get_base_layer().weight
        lost = whole(name).to(held.device).float()
        lost = lost - dequantize_4bit(held.data, held.quant_state).float()
        _begin_as(part, lost / part.scaling["default"])


def _whole(model: Any, base: Path, names: list[str]) -> Callable[[str], torch.Tensor]:
    """Return how a weight is read as it was before it was quantised.

    Straight from the file; where transformers renames on loading, the whole model is loaded.
    """
    weights = open_model(base)
    places = {name.partition(".")[2]: name for name in weights} | {name: name for name in weights}
    found = {name: places.get(name, places.get(name.partition(".")[2], "")) for name in names}
    if all(found.values()):
        return lambda name: weights.tensor(found[name])
    again = type(model.get_base_model()).from_pretrained(base, use_safetensors=True)
    return again.state_dict().__getitem__


def _is_quantised_lora(part: Any) -> bool:
    """Say whether a module is a LoRA layer on a 4-bit weight."""
    weight = getattr(part.get_base_layer(), "weight", None) if hasattr(part, "lora_A") else None
    return getattr(weight, "quant_state", None) is not None


def _begin_as(part: Any, change: torch.Tensor) -> None:
    """Set a LoRA's two matrices to the best approximation of a change of the weight."""
    rank = part.r["default"]
    left, sizes, right = torch.linalg.svd(change, full_matrices=False)
    root = sizes[:rank].sqrt()
    first, second = part.lora_A["default"].weight, part.lora_B["default"].weight
    with torch.no_grad():
        first.copy_(root[:, None] * right[:rank])
        second.copy_(left[:, :rank] * root)


def save(name: str, model: Any, folder: Path, aside: Path) -> None:
    """Write what was learnt so that it fits the base as everybody has it."""
    if name not in _MOVED:
        model.save_pretrained(folder)
        return
    model.save_pretrained(folder, path_initial_model_for_weight_conversion=str(aside))
    _add_whole_tensors(model, folder / "adapter_model.safetensors")


def _add_whole_tensors(model: Any, file: Path) -> None:
    """Add heads and the like to a saved difference: PEFT 0.21 keeps the matrices alone."""
    kept = load_file(file)
    whole = {
        name: weight.detach().cpu().contiguous()
        for name, weight in get_peft_model_state_dict(model).items()
        if name not in kept and ".lora_" not in name
    }
    save_file({**kept, **whole}, file, metadata={"format": "pt"})
