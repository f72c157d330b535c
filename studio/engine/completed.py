"""What fields of PEFT's configs hold that only the run knows: steps, tokens, sizes, folders."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from peft import EvaConfig

from studio.methods.mixture import adapter_place
from studio.recipe import adapter_folders


@dataclass(frozen=True)
class Given:
    """What a method may need to know of the run: optimizer steps, and how texts become tokens."""

    steps: int = 1
    tokenizer: Any = None


def _total_steps(_values: dict[str, Any], _model: Any, given: Given) -> int:
    """Steps of the whole run: AdaLoRA hands its ranks out over them."""
    return given.steps


def _first_share(_values: dict[str, Any], _model: Any, given: Given) -> int:
    """A tenth of the steps before ranks are taken away (AdaLoRA, appendix: 5 to 15 %)."""
    return given.steps // 10


def _last_share(_values: dict[str, Any], _model: Any, given: Given) -> int:
    """A third of the steps with ranks as they are in the end (AdaLoRA, appendix)."""
    return given.steps // 3


def _all_layers(_values: dict[str, Any], model: Any, _given: Given) -> int | None:
    """Every layer of the model."""
    return getattr(model.config.get_text_config(), "num_hidden_layers", None)


def _prompt_tokens(values: dict[str, Any], _model: Any, given: Given) -> list[int]:
    """The tokens of a prompt that is written out."""
    text = str(values.get("cpt_text") or "")
    return list(given.tokenizer(text, add_special_tokens=False)["input_ids"]) or [0]


def _prompt_ones(values: dict[str, Any], model: Any, given: Given) -> list[int]:
    """A one for each of those tokens: all of them are read."""
    return [1] * len(_prompt_tokens(values, model, given))


def _tokenizer_folder(values: dict[str, Any], _model: Any, given: Given) -> str | None:
    """Where the tokenizer is, for a prompt that begins as a text."""
    begins = values.get("prompt_tuning_init") == "TEXT"
    return str(given.tokenizer.name_or_path) if begins else None


def _token_indices(values: dict[str, Any], _model: Any, given: Given) -> list[int]:
    """The tokens that are named, by number or as text; "auto" means the special ones."""
    named = values.get("token_indices", "auto")
    if named == "auto":
        return sorted(set(given.tokenizer.all_special_ids))
    words = [part.strip() for part in str(named).split(",") if part.strip()]
    numbers = {one for word in words for one in _token(word, given.tokenizer)}
    last = len(given.tokenizer) - 1
    if not numbers or max(numbers) > last:
        raise ValueError(f"it has no token {max(numbers)}, the last is {last}" if numbers else
                         "no token is named")  # fmt: skip
    return sorted(numbers)


def _token(word: str, tokenizer: Any) -> list[int]:
    """Return a token's number, or the tokens that a text is made of."""
    return [int(word)] if word.isdigit() else tokenizer(word, add_special_tokens=False)["input_ids"]


def _adapters(values: dict[str, Any], _model: Any, _given: Given) -> dict[str, str]:
    """The adapters of a mixture by number, as PEFT names them; a run's folder holds one."""
    places = [adapter_place(one) for one in adapter_folders(str(values.get("adapters") or ""))]
    missing = next((one for one in places if not (one / "adapter_config.json").is_file()), None)
    if len(places) < 2 or missing:
        raise ValueError(
            f"there is no adapter in {missing}" if missing else "it needs two adapters or more"
        )
    return {str(number): str(place) for number, place in enumerate(places)}


def _width(values: dict[str, Any], model: Any, _given: Given) -> int | None:
    """The width of the model, which a mixture's router reads."""
    return int(model.config.get_text_config().hidden_size) if "adapters" in values else None


def _by_another_name(name: str, *known: str) -> Callable[[dict[str, Any], Any, Given], Any]:
    """Return a size for families whose config calls it as PEFT does not expect: DistilBERT."""

    def size(_values: dict[str, Any], model: Any, _given: Given) -> int | None:
        config = model.config.get_text_config()
        found = any(one in config.to_dict() for one in (name, *known))
        return None if found else getattr(config, name, None)

    return size


def _eva(values: dict[str, Any], _model: Any, _given: Given) -> EvaConfig | None:
    """How EVA looks at the rows."""
    wanted = values.get("init_lora_weights") == "eva"
    return EvaConfig(rho=float(values.get("rho", 2.0))) if wanted else None


# By the name of the field.
COMPLETED: dict[str, Callable[[dict[str, Any], Any, Given], Any]] = {
    "total_step": _total_steps,
    "tinit": _first_share,
    "tfinal": _last_share,
    "adapter_layers": _all_layers,
    "cpt_token_ids": _prompt_tokens,
    "cpt_mask": _prompt_ones,
    "cpt_tokens_type_mask": _prompt_ones,
    "tokenizer_name_or_path": _tokenizer_folder,
    "token_indices": _token_indices,
    "adapters": _adapters,
    "hidden_size": _width,
    "eva_config": _eva,
    "token_dim": _by_another_name("hidden_size", "n_embd", "d_model"),
    "num_layers": _by_another_name("num_hidden_layers", "num_layers", "n_layer"),
    "num_attention_heads": _by_another_name("num_attention_heads", "n_head", "num_heads"),
}
