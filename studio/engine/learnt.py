"""What a run has learnt so far, kept in a checkpoint tensor by tensor as the training holds it.

PEFT's own file is made for using a result, not for going on: a prompt's network is written as
what it says, AdaLoRA's matrices without the ranks that are masked now, CPT's change and where it
began as one.
"""

from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig
from safetensors.torch import load_file, save_file
from transformers import Trainer

from studio.errors import RunError
from studio.words import mark

_FILE = "learnt.safetensors"
_ADAPTER = "default"  # the name under which PEFT puts our one method on a model
_SCORES = ("ipt", "exp_avg_ipt", "exp_avg_unc")  # what AdaLoRA hands its ranks out by


class LearntTrainer(Trainer):
    """transformers' trainer, going on from what a checkpoint holds whole, or back to it."""

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Take up what was learnt; a checkpoint of an older version goes through PEFT."""
        if not take_up(self.model, Path(resume_from_checkpoint)):
            super()._load_from_checkpoint(resume_from_checkpoint, model)


def keep(model: Any, folder: Path) -> None:
    """Write what a method learns into a checkpoint; a model trained whole is there already."""
    if not hasattr(model, "peft_config"):
        return
    held = {**_weights(model), **_scores(model)}
    save_file({name: one.detach().contiguous() for name, one in held.items()}, folder / _FILE)


def take_up(model: Any, folder: Path) -> bool:
    """Set a model back to what a checkpoint holds; say no where it was made without this file.

    Raises RunError when the file is that of another method or model.
    """
    if not hasattr(model, "peft_config") or not (folder / _FILE).is_file():
        return False
    held = load_file(folder / _FILE)
    if _ranks(model):
        _put_scores(model, held)
        config = PeftConfig.from_pretrained(str(folder))
        model.active_peft_config.rank_pattern = config.rank_pattern
    if held.keys() != _weights(model).keys():
        raise RunError(
            mark("The checkpoint {name} belongs to another method or model."),
            mark("Start the recipe as a new run."),
            name=folder.name,
        )
    model.load_state_dict(held, strict=False)  # the base is not in it
    return True


def _weights(model: Any) -> dict[str, torch.Tensor]:
    """Return each tensor that is trained or belongs to the method, but none that is derived."""
    saved = model.state_dict().keys()
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return {
        name: one
        for name, one in tensors
        if name in saved and (one.requires_grad or _ADAPTER in name.split("."))
    }


def _ranks(model: Any) -> Any:
    """Return what hands out AdaLoRA's ranks; nothing for other methods."""
    return getattr(model.base_model, "rankallocator", None)


def _scores(model: Any) -> dict[str, torch.Tensor]:
    """Return how much each of AdaLoRA's weights mattered so far; nothing for other methods."""
    ranks = _ranks(model)
    return {
        f"{kind}/{name}": one
        for kind in (_SCORES if ranks else ())
        for name, one in getattr(ranks, kind).items()
    }


def _put_scores(model: Any, held: dict[str, torch.Tensor]) -> None:
    """Take AdaLoRA's scores out of what was read and give them back to it."""
    ranks = _ranks(model)
    ranks.reset_ipt()
    for name in [one for one in held if "/" in one]:
        kind, _, weight = name.partition("/")
        getattr(ranks, kind)[weight] = held.pop(name).to(model.device)
