"""Figures that config.json gives, held against what the models do."""

from typing import Any

import pytest

from studio.models.facts import from_config

_AFTER_PADDING = ("camembert", "data2vec-text", "esm", "ibert", "longformer", "luke", "markuplm",
                  "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl",
                  "xmod", "lilt", "layoutlmv3")  # fmt: skip
_FROM_NOUGHT = ("albert", "bert", "biogpt", "deberta-v2", "distilbert", "electra", "gpt2", "opt")
_MORE: dict[str, dict[str, Any]] = {
    "longformer": {"attention_window": [4]},
    "xmod": {"default_language": "en_XX"},
    "lilt": {"hidden_size": 48},
    "layoutlmv3": {"coordinate_size": 8, "shape_size": 0, "visual_embed": False,
                   "max_2d_position_embeddings": 1024},
}  # fmt: skip


def _config(family: str) -> Any:
    """Return a tiny config of 40 positions."""
    from transformers import CONFIG_MAPPING

    values = {
        "vocab_size": 60,
        "hidden_size": 32,
        "n_embd": 32,
        "dim": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 40,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
    return CONFIG_MAPPING[family](**{**values, **_MORE.get(family, {})})


def _reads(family: str, length: int) -> bool:
    """Say whether a model of the family reads so many tokens."""
    import torch
    from transformers import AutoModel

    model = AutoModel.from_config(_config(family)).eval()
    try:
        with torch.no_grad():
            model(input_ids=torch.full((1, length), 5))
    except (IndexError, RuntimeError):
        return False
    return True


@pytest.mark.parametrize("family", [*_AFTER_PADDING, *_FROM_NOUGHT])
def test_the_context_is_what_a_model_reads_at_most(family: str) -> None:
    context = from_config("x", "x", "folder", _config(family).to_dict()).context
    assert context == (38 if family in _AFTER_PADDING else 40)
    assert _reads(family, context)
    assert not _reads(family, context + 1)
