"""A mixture of adapters whole on the disk.

PEFT 0.21 writes an X-LoRA that it cannot read again: the router is left out, and the adapters are
mixed with the base's weights. Here a folder holds the router as the adapter's weights, and beside
it the adapters as they were, which the training does not change.
"""

import copy
import shutil
from pathlib import Path
from typing import Any

from peft import PeftConfig, get_peft_model
from safetensors.torch import load_file, save_file

_WEIGHTS = "adapter_model.safetensors"
_ROUTER = "internal_xlora_classifier"


def is_mixture(config: Any) -> bool:
    """Say whether a method's config is that of a mixture."""
    return hasattr(config, "adapters")


def keep_router(model: Any) -> None:
    """Let a mixture save itself whole, and take its router up again from what it saved."""

    def save(folder: Any, **_given: Any) -> None:
        _save(model, Path(folder))

    def load(folder: Any, *_args: Any, **_given: Any) -> None:
        read_router(model, Path(folder))

    model.save_pretrained, model.load_adapter = save, load


def load_mixture(base: Any, folder: Path) -> Any:
    """Put a saved mixture on its base."""
    config = PeftConfig.from_pretrained(str(folder))
    config.adapters = {name: str(folder / name) for name in config.adapters}
    base.config.use_cache = False  # a router reads every row twice
    model = get_peft_model(base, config)
    read_router(model, folder)
    return model.requires_grad_(False)


def read_router(model: Any, folder: Path) -> None:
    """Set a mixture's router to what a folder holds."""
    getattr(model.base_model, _ROUTER).load_state_dict(load_file(folder / _WEIGHTS))


def _save(model: Any, folder: Path) -> None:
    """Write the router, the adapters that it mixes, and the config."""
    folder.mkdir(parents=True, exist_ok=True)
    router = getattr(model.base_model, _ROUTER).state_dict()
    save_file({name: weight.contiguous() for name, weight in router.items()}, folder / _WEIGHTS)
    config = copy.copy(model.active_peft_config)
    for name, place in config.adapters.items():
        if Path(place) != folder / name:
            shutil.copytree(place, folder / name, dirs_exist_ok=True)
    config.inference_mode = True
    config.save_pretrained(folder)
