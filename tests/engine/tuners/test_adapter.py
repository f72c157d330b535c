"""The bottleneck adapter is x + up(f(down(x))) behind a part of a layer (arXiv 1902.00751)."""

from typing import Any

import pytest
import torch
from peft import get_peft_model
from torch.nn import functional
from transformers import MambaConfig, MambaForCausalLM

from studio.engine.tuners.adapter import AdapterConfig
from studio.engine.tuners.bottleneck import Bottleneck
from tests.engine.tuners.models import WIDTH, adapted, base, config, rows, said

_OUTS = {
    "llama": ("self_attn.o_proj", "mlp.down_proj"),
    "qwen2": ("self_attn.o_proj", "mlp.down_proj"),
    "gpt2": ("attn.c_proj", "mlp.c_proj"),
    "bert": ("attention.output.dense", "layer.0.output.dense"),
    "vit": ("attention.o_proj", "mlp.fc2"),
    "clip": ("self_attn.out_proj", "mlp.fc2"),
}


def _layers(model: Any, block: int) -> list[str]:
    """Return the names of the adapted matrices of one layer."""
    names = [name for name, part in model.named_modules() if hasattr(part, "bottleneck_parts")]
    names = [name for name in names if type(model.get_submodule(name)).__name__ == "AfterLayer"]
    return [name for name in names if f".{block}." in name]


@pytest.mark.parametrize("family", _OUTS)
def test_where_they_stand(family: str) -> None:
    """Houlsby's after attention and feed-forward, Pfeiffer's after the feed-forward."""
    attention, forward = _OUTS[family]
    two, one = (_layers(adapted(kind, family), 0) for kind in ("houlsby", "pfeiffer"))
    assert len(two) == 2
    assert two[0].endswith(attention)
    assert two[1].endswith(forward)
    assert one == two[1:]


def test_where_they_stand_in_an_encoder_decoder() -> None:
    """Behind every attention, also the one that looks at the encoder."""
    model = adapted("houlsby", "t5").get_base_model()
    names = [name for name, part in model.named_modules() if type(part).__name__ == "AfterLayer"]
    encoder = ["0.SelfAttention.o", "1.DenseReluDense.wo"]
    decoder = ["0.SelfAttention.o", "1.EncDecAttention.o", "2.DenseReluDense.wo"]
    expected = [f"encoder.block.{block}.layer.{end}" for block in (0, 1) for end in encoder]
    expected += [f"decoder.block.{block}.layer.{end}" for block in (0, 1) for end in decoder]
    assert names == expected


@pytest.mark.parametrize("family", _OUTS)
def test_follows_its_definition(family: str) -> None:
    """By hand, on what a matrix of the base gives."""
    model = adapted("houlsby", family)
    seen: dict[str, Any] = {}
    for name in _layers(model, 0):
        layer = model.get_submodule(name)
        layer.base_layer.register_forward_hook(lambda _m, _a, out, n=name: seen.update({n: [out]}))
        layer.register_forward_hook(lambda _m, _a, out, n=name: seen[n].append(out))
    said(model, rows(family))
    for name in _layers(model, 0):
        x, found = seen[name]
        part = model.get_submodule(name).parts["default"]
        inner = functional.relu(x @ part.down.weight.T + part.down.bias)
        expected = x + inner @ part.up.weight.T + part.up.bias
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "tanh"])
def test_non_linear_steps(name: str) -> None:
    """Those that the knob offers."""
    torch.manual_seed(0)
    part, x = Bottleneck(8, 8, 2, name, 0.0), torch.randn(3, 8)
    torch.nn.init.normal_(part.up.weight)
    step = getattr(torch, name, None) or getattr(functional, name)
    torch.testing.assert_close(part(x), step(x @ part.down.weight.T) @ part.up.weight.T)


def test_reduction() -> None:
    """The middle is so many times narrower than the model, and never nothing."""
    for factor, middle in ((1, WIDTH), (5, WIDTH // 5), (1000, 1)):
        model = adapted("pfeiffer", "llama", reduction_factor=factor)
        part = model.get_submodule(_layers(model, 0)[0]).parts["default"]
        assert part.down.weight.shape == (middle, WIDTH)


def test_dropout() -> None:
    """In training alone."""
    model, given = adapted("houlsby", "llama", adapter_dropout=0.5), rows("llama")
    torch.testing.assert_close(said(model, given), said(model, given))
    model.train()
    assert not torch.allclose(said(model, given), said(model, given))


def test_named_matrices() -> None:
    """Instead of those that are found, also in a model of an unknown make."""
    model = adapted("houlsby", "llama", target_modules=["up_proj"])
    assert [name.rpartition(".")[2] for name in _layers(model, 0)] == ["up_proj"]
    with pytest.raises(ValueError, match="self_attn is no matrix"):
        get_peft_model(base("llama"), config("houlsby", target_modules=["self_attn"]))
    get_peft_model(_mamba(), AdapterConfig(target_modules=["out_proj"]))


def test_unknown_makes_are_refused() -> None:
    """Naming the layer."""
    with pytest.raises(ValueError, match=r"backbone\.layers\.0 is not one attention and one"):
        get_peft_model(_mamba(), AdapterConfig())
    with pytest.raises(ValueError, match="no transformer layers"):
        get_peft_model(torch.nn.Sequential(torch.nn.Linear(2, 2)), AdapterConfig())


def test_unknown_settings_are_refused() -> None:
    """With those that are known."""
    with pytest.raises(ValueError, match="kind is wide; known: houlsby, pfeiffer"):
        AdapterConfig(kind="wide")
    with pytest.raises(ValueError, match="non_linearity is swish; known: relu, gelu"):
        adapted("houlsby", "llama", non_linearity="swish")


def _mamba() -> Any:
    """Return a model whose layers have no attention."""
    sizes = {"vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 1, "state_size": 4}
    return MambaForCausalLM(MambaConfig(**sizes))
