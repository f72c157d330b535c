"""What is known of a base model before its weights are loaded."""

from dataclasses import dataclass, field
from typing import Any

from studio.models.families import has_head

# Families that number a text's tokens from the one after the padding's own number on, as RoBERTa.
_AFTER_PADDING = frozenset(
    {
        "camembert",
        "data2vec-text",
        "esm",
        "ibert",
        "layoutlmv3",
        "lilt",
        "longformer",
        "luke",
        "markuplm",
        "mpnet",
        "roberta",
        "roberta-prelayernorm",
        "xlm-roberta",
        "xlm-roberta-xl",
        "xmod",
    }
)


@dataclass(frozen=True)
class ModelFacts:
    """A base model in figures. Sizes in bytes, lengths in tokens; 0 means unknown."""

    source: str
    name: str
    kind: str  # folder, gguf, hub or sample
    model_type: str = ""
    architecture: str = ""
    parameters: int = 0
    layers: int = 0
    width: int = 0
    inner_width: int = 0
    heads: int = 0
    kv_heads: int = 0
    vocabulary: int = 0
    context: int = 0
    dtype: str = ""
    bytes: int = 0
    files: int = 0
    licence: str = ""
    chat_template: bool = False
    tokenizer: bool = True
    pickled: bool = False
    own_code: bool = False
    tied: bool = False
    ready: bool = True  # False: must be fetched or converted first
    head_width: int = 0
    decoder_layers: int = 0  # beside `layers`, which are then the encoder's
    config: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def generates(self) -> bool:
        """Say whether it is a causal language model."""
        if self.encoder_decoder:
            return False
        if self.architecture:
            return self.architecture.endswith(("ForCausalLM", "LMHeadModel"))
        return self.kind in ("gguf", "sample") and "bert" not in self.model_type

    @property
    def encoder_decoder(self) -> bool:
        """Say whether one half reads and the other writes, as in T5 and BART."""
        return bool(self.config.get("is_encoder_decoder")) or self.model_type == "encoder-decoder"

    @property
    def sees(self) -> bool:
        """Say whether it reads pictures."""
        pictures = "image_size" in self.config or "vision_config" in self.config
        return pictures or has_head(self.model_type, "AutoModelForImageClassification")

    @property
    def reads_text(self) -> bool:
        """Say whether it reads texts and nothing else, with one stack of layers."""
        return not (self.encoder_decoder or self.sees) and bool(self.model_type)

    def has_head(self, model_class: str) -> bool:
        """Say whether transformers has this class for the model, or the model brings its own."""
        return self.own_code or has_head(self.model_type, model_class)


def from_config(source: str, name: str, kind: str, config: dict[str, Any]) -> ModelFacts:
    """Read the figures that config.json holds, under the names that families use."""
    text = config.get("text_config") or config
    text = text if isinstance(text, dict) else config
    heads = _first(text, "num_attention_heads", "n_head", "num_heads")
    width = _first(text, "hidden_size", "n_embd", "d_model", "dim")
    return ModelFacts(
        source=source,
        name=name,
        kind=kind,
        model_type=str(config.get("model_type", "")),
        architecture=next(iter(config.get("architectures") or []), ""),
        layers=_first(text, "num_hidden_layers", "n_layer", "num_layers", "n_layers"),
        decoder_layers=_decoder_layers(text),
        width=width,
        inner_width=_first(text, "intermediate_size", "n_inner", "d_ff") or 4 * width,
        heads=heads,
        kv_heads=_first(text, "num_key_value_heads") or heads,
        head_width=_first(text, "head_dim") or (width // heads if heads else 0),
        vocabulary=_first(text, "vocab_size"),
        context=_context(text),
        dtype=str(text.get("dtype") or text.get("torch_dtype") or config.get("dtype") or ""),
        own_code=bool(config.get("auto_map")),
        tied=bool(text.get("tie_word_embeddings", config.get("tie_word_embeddings", True))),
        config=config,
    )


def lost_positions(model_type: str, padding: Any) -> int:
    """Return how many of a model's positions no token can take; `padding` is its token's number."""
    number = padding if type(padding) is int else 1  # as all of these families have it
    return number + 1 if model_type in _AFTER_PADDING else 0


def _decoder_layers(text: dict[str, Any]) -> int:
    """Return the layers of an encoder-decoder's second half, 0 for other models."""
    if not text.get("is_encoder_decoder"):
        return 0
    return _first(text, "num_decoder_layers", "decoder_layers", "num_layers", "num_hidden_layers")


def _context(text: dict[str, Any]) -> int:
    """Return how many tokens are read at most."""
    found = _first(text, "max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")
    lost = lost_positions(str(text.get("model_type", "")), text.get("pad_token_id"))
    return max(0, found - lost)


def _first(values: dict[str, Any], *names: str) -> int:
    """Return the first of these that is a number."""
    found = (values.get(name) for name in names)
    return next((value for value in found if type(value) is int), 0)
