"""MAM: h + s * up(f(down(x))) beside the feed-forward (arXiv 2110.04366), and a prefix."""

from typing import Any

import pytest
import torch
from peft import get_peft_model
from torch.nn import functional
from transformers import MambaConfig, MambaForCausalLM

from studio.engine.tuners.mam import MamConfig
from tests.engine.tuners.models import WIDTH, adapted, rows, said

# What a layer's feed-forward reads, and its last matrix.
_ENDS = {
    "llama": ("model.layers.0.mlp.gate_proj", "model.layers.0.mlp.down_proj"),
    "gpt2": ("transformer.h.0.mlp.c_fc", "transformer.h.0.mlp.c_proj"),
    "bert": ("bert.encoder.layer.0.intermediate.dense", "bert.encoder.layer.0.output.dense"),
    "t5": (
        "encoder.block.0.layer.1.DenseReluDense.wi",
        "encoder.block.0.layer.1.DenseReluDense.wo",
    ),
    "vit": ("vit.layers.0.mlp.fc1", "vit.layers.0.mlp.fc2"),
}


@pytest.mark.parametrize("family", _ENDS)
def test_beside_the_feed_forward(family: str) -> None:
    """It reads what the feed-forward reads, and is added to what that gives."""
    model = adapted("mam", family, scaling=3.0)
    first, last = (model.get_submodule(f"base_model.model.{name}") for name in _ENDS[family])
    seen: dict[str, Any] = {}
    first.register_forward_hook(lambda _m, args, _out: seen.update(x=args[0]))
    last.base_layer.register_forward_hook(lambda _m, _a, out: seen.update(h=out))
    last.register_forward_hook(lambda _m, _a, out: seen.update(found=out))
    said(model, rows(family))
    part = last.parts["default"].network
    inner = functional.relu(seen["x"] @ part.down.weight.T + part.down.bias)
    expected = seen["h"] + 3.0 * (inner @ part.up.weight.T + part.up.bias)
    torch.testing.assert_close(seen["found"], expected, rtol=1e-5, atol=1e-5)


def test_nothing_is_kept_between_calls() -> None:
    """What the feed-forward read is let go."""
    model = adapted("mam", "llama")
    said(model, rows("llama"))
    assert model.get_submodule(f"base_model.model.{_ENDS['llama'][1]}").read is None


def test_sizes() -> None:
    """Keys and values of the shared heads; a middle half as wide as the model."""
    model = adapted("mam", "llama", num_virtual_tokens=5)
    attention = model.get_submodule("base_model.model.model.layers.0.self_attn")
    assert attention.parts["default"].keys.shape == (2, 5, 8)
    last = model.get_submodule(f"base_model.model.{_ENDS['llama'][1]}")
    assert last.parts["default"].network.down.weight.shape == (WIDTH // 2, WIDTH)


def test_the_papers_settings() -> None:
    """A prefix of 30, a middle of half the width, a scale of 4."""
    config = MamConfig()
    assert (config.num_virtual_tokens, config.reduction_factor, config.scaling) == (30, 2, 4.0)


def test_unknown_makes_are_refused() -> None:
    """Before anything is changed."""
    sizes = {"vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 1, "state_size": 4}
    with pytest.raises(ValueError, match="is not one attention and one feed-forward"):
        get_peft_model(MambaForCausalLM(MambaConfig(**sizes)), MamConfig())
