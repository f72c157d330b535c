"""Merge with PEFT itself: every method that has no entry in deltas.py.

Holds the whole model in memory, and is several times slower than the streamed way.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.engine.deltas import INSTEAD
from studio.errors import ExportError
from studio.words import mark


def require_mergeable(adapter: Path) -> None:
    """Raise ExportError for methods that PEFT cannot fold into weights, such as prefix tuning."""
    from peft import PeftConfig
    from peft.mapping import PEFT_TYPE_TO_TUNER_MAPPING

    config = PeftConfig.from_pretrained(str(adapter))
    tuner = PEFT_TYPE_TO_TUNER_MAPPING.get(config.peft_type)
    if config.is_prompt_learning or not hasattr(tuner, "merge_and_unload"):
        raise _unmergeable(config.peft_type.value)


def load_adapted(
    base: Path, adapter: Path, config: Mapping[str, Any], device: str, dtype: Any = "auto"
) -> Any:
    """Load the base with its adapter on top, as the class that config["architectures"] names."""
    import transformers

    from studio.engine import adapt
    from studio.engine.heads import from_folder

    names = config.get("architectures") or ["AutoModel"]
    settings = transformers.AutoConfig.from_pretrained(base, **_known(config))
    kind = getattr(transformers, names[0])
    model = from_folder(
        kind, base, config=settings, dtype=dtype, device_map=device, ignore_mismatched_sizes=True
    )
    return adapt.load_adapted(model, adapter)


def merge_with_peft(
    base: Path,
    adapter: Path,
    folder: Path,
    config: Mapping[str, Any],
    device: str,
    shard_bytes: int,
    check: Callable[[], None],
) -> None:
    """Write the merged model into the folder; `check` is called between steps and may raise.

    Raises ExportError where the method cannot be merged after all.
    """
    model = load_adapted(base, adapter, config, device)
    kind = model.active_peft_config.peft_type.value
    _require_untied(model)
    check()
    try:
        merged = model.merge_and_unload(safe_merge=True)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        raise _unmergeable(kind) from error
    check()
    merged.save_pretrained(folder, max_shard_size=shard_bytes)


def _known(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in ("model_type", "dtype")}


def _require_untied(model: Any) -> None:
    """Refuse to merge into a tensor that another, unadapted layer shares."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    plain = model.get_base_model()
    if not getattr(plain.config.get_text_config(), "tie_word_embeddings", False):
        return
    ends = [plain.get_input_embeddings(), plain.get_output_embeddings()]
    adapted = [isinstance(end, BaseTunerLayer) for end in ends if end is not None]
    together = all(adapted) and getattr(model.active_peft_config, "ensure_weight_tying", False)
    if len(adapted) == 2 and any(adapted) and not together:
        raise ExportError(
            mark("The adapter changes weights that two layers of this model share."), INSTEAD
        )


def _unmergeable(method: str) -> ExportError:
    return ExportError(
        mark("An adapter of the type {method} cannot be merged into the model's weights."),
        INSTEAD,
        method=method,
    )
