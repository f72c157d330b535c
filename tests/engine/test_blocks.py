"""The layers of a model, and the places in them, found in families that are built differently."""

from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    BartConfig,
    DistilBertConfig,
    GPTNeoXConfig,
    MixtralConfig,
    OPTConfig,
    Phi3Config,
)

from studio.engine.blocks import blocks, is_matrix, stacks, width_of
from tests.engine.tuners.models import base

_SIZES = {"vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
_INNER = {**_SIZES, "intermediate_size": 48}
_BART = {"vocab_size": 61, "d_model": 32, "encoder_layers": 1, "decoder_layers": 1}


def _built(config: Any) -> Any:
    """Return a model on the meta device."""
    with torch.device("meta"):
        return AutoModel.from_config(config)


def test_llama() -> None:
    """Every place by its full name."""
    first, second = blocks(base("llama"))
    assert first.attends == "model.layers.0.self_attn"
    assert first.attention_outs == ("model.layers.0.self_attn.o_proj",)
    assert [name.rpartition(".")[2] for name in first.queries_values] == ["q_proj", "v_proj"]
    assert first.first == "model.layers.0.mlp.gate_proj"
    assert first.last == "model.layers.0.mlp.down_proj"
    assert second.last == "model.layers.1.mlp.down_proj"


def test_bert() -> None:
    """Whose attention lies in two modules, and whose head is no layer."""
    one = blocks(base("bert"))[0]
    place = "bert.encoder.layer.0."
    assert one.attends == f"{place}attention.self"
    assert one.attention_outs == (f"{place}attention.output.dense",)
    assert one.first == f"{place}intermediate.dense"
    assert one.last == f"{place}output.dense"


def test_an_encoder_and_a_decoder() -> None:
    """Two lists of layers; the decoder's attend to themselves before they look at the encoder."""
    model = base("t5")
    assert [len(one) for one in stacks(model)] == [2, 2]
    decoder = next(one for one in blocks(model) if one.attends.startswith("decoder"))
    assert decoder.attends == "decoder.block.0.layer.0.SelfAttention"
    assert len(decoder.attention_outs) == 2


@pytest.mark.parametrize(
    ("config", "out", "inside", "last"),
    [
        (Phi3Config(**_INNER, pad_token_id=0), "o_proj", ["qkv_proj"], "down_proj"),
        (GPTNeoXConfig(**_INNER), "dense", ["query_key_value"], "dense_4h_to_h"),
        (OPTConfig(**_SIZES, ffn_dim=48), "out_proj", ["q_proj", "v_proj"], "fc2"),
        (BartConfig(**_BART), "out_proj", ["q_proj", "v_proj"], "fc2"),
        (DistilBertConfig(vocab_size=61, dim=32, n_heads=4), "out_lin", ["q_lin", "v_lin"], "lin2"),
    ],
    ids=lambda one: getattr(one, "model_type", ""),
)
def test_other_makes(config: Any, out: str, inside: list[str], last: str) -> None:
    """By what a layer is made of, in whatever order it was made."""
    one = blocks(_built(config))[0]
    assert one.attention_outs[0].rpartition(".")[2] == out
    assert [name.rpartition(".")[2] for name in one.queries_values] == inside
    assert one.last.rpartition(".")[2] == last


def test_experts_are_refused() -> None:
    """A feed-forward of many has no one last matrix."""
    with pytest.raises(ValueError, match=r"layers\.0 is not one attention and one feed-forward"):
        blocks(_built(MixtralConfig(**_INNER, num_local_experts=2)))


def test_width_of() -> None:
    """The same for GPT-2's turned matrices."""
    gpt2, llama = base("gpt2"), base("llama")
    parts = [gpt2.transformer.h[0].mlp.c_fc, llama.model.layers[0].mlp.up_proj]
    assert [width_of(one) for one in parts] == [(32, 128), (32, 48)]
    assert not is_matrix(gpt2.transformer.ln_f)
