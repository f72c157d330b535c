"""A prefix is attention over [P_k; K] and [P_v; V], held against that by hand."""

from typing import Any

import pytest
import torch
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from studio.engine.tuners.prefix import prefixed_attention, with_prefix
from tests.engine.tuners.models import adapted, rows, said

_SIZES = {"heads": 4, "groups": 2, "length": 5, "size": 8, "tokens": 3}


class _Attention(torch.nn.Module):
    """What an attention function sees of its module."""

    def __init__(self, causal: bool) -> None:
        super().__init__()
        self.is_causal, self.num_key_value_groups = causal, _SIZES["groups"]


def _plain(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, seen: Any, scale: float
) -> torch.Tensor:
    """Attend by hand: (rows, heads, L, size) each, `seen` what each query sees or a bias."""
    scores = query @ key.transpose(2, 3) * scale
    scores = scores.masked_fill(~seen, float("-inf")) if seen.dtype == torch.bool else scores + seen
    return (scores.softmax(-1) @ value).transpose(1, 2)


def _tensors() -> tuple[torch.Tensor, ...]:
    """Return queries, keys, values of two rows, and the keys and values of a prefix."""
    torch.manual_seed(0)
    heads, few = _SIZES["heads"], _SIZES["heads"] // _SIZES["groups"]
    text = [torch.randn(2, n, _SIZES["length"], _SIZES["size"]) for n in (heads, few, few)]
    prefix = [torch.randn(few, _SIZES["tokens"], _SIZES["size"]) for _ in range(2)]
    return (*text, *prefix)


def _before(prefix: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
    """Lay a prefix before a text, for every head."""
    whole = torch.cat([prefix.expand(2, -1, -1, -1), text], dim=2)
    return whole.repeat_interleave(_SIZES["groups"], dim=1)


def _masks() -> dict[str, tuple[bool, Any, Any]]:
    """Return causal or not, the mask that is given, and what is seen of the text."""
    length = _SIZES["length"]
    whole = torch.ones(2, 1, length, length, dtype=torch.bool)
    padded = whole.clone()
    padded[0, :, :, :2] = False
    floats = torch.zeros(2, 1, length, length).masked_fill(~padded, float("-inf"))
    return {
        "all": (False, None, whole),
        "causal": (True, None, whole.tril()),
        "padded": (False, padded, padded),
        "floats": (False, floats, padded),
    }


@pytest.mark.parametrize("name", ["all", "causal", "padded", "floats"])
def test_function_against_concatenation(name: str) -> None:
    """With every kind of mask that models give, and keys shared by several heads."""
    causal, mask, seen = _masks()[name]
    query, key, value, keys, values = _tensors()
    module = _Attention(causal)
    found, _weights = with_prefix(
        module,
        (keys, values, None),
        lambda: prefixed_attention(module, query, key, value, mask, scaling=0.3),
    )
    seen = torch.nn.functional.pad(seen, (_SIZES["tokens"], 0), value=True)
    expected = _plain(query, _before(keys, key), _before(values, value), seen, 0.3)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("each", [False, True])
def test_gates_multiply_keys_and_values(each: bool) -> None:
    """One gate a query: as if that query alone attended to a prefix so much smaller."""
    query, key, value, keys, values = _tensors()
    gates = torch.rand(2, _SIZES["length"], 1)
    gates = gates if each else gates[:, :1].expand_as(gates)
    module, whole = _Attention(False), torch.ones(1, 1, 1, 8, dtype=torch.bool)
    found, _weights = with_prefix(
        module,
        (keys, values, gates),
        lambda: prefixed_attention(module, query, key, value, None, scaling=0.3),
    )
    for row in range(2):
        for place in range(_SIZES["length"]):
            gate = gates[row, place]
            one = query[:, :, place : place + 1]
            laid = _before(keys * gate, key), _before(values * gate, value)
            expected = _plain(one, *laid, whole, 0.3)[row, 0]
            torch.testing.assert_close(found[row, place], expected)


def test_bias_of_positions() -> None:
    """T5's counts for the text; a prefix has no place."""
    query, key, value, keys, values = _tensors()
    bias = torch.randn(1, _SIZES["heads"], _SIZES["length"], _SIZES["length"])
    module = _Attention(False)
    found, _weights = with_prefix(
        module,
        (keys, values, None),
        lambda: prefixed_attention(module, query, key, value, None, scaling=1, position_bias=bias),
    )
    bias = torch.nn.functional.pad(bias, (_SIZES["tokens"], 0))
    expected = _plain(query, _before(keys, key), _before(values, value), bias, 1)
    torch.testing.assert_close(found, expected)


def test_without_a_prefix_it_is_sdpa() -> None:
    """And a prefix does not outlive its call, even one that fails."""
    query, key, value, keys, values = _tensors()
    module = _Attention(True)

    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        with_prefix(module, (keys, values, None), fail)
    found, _weights = prefixed_attention(module, query, key, value, None, scaling=0.3)
    key, value = (one.repeat_interleave(2, dim=1) for one in (key, value))
    expected = _plain(query, key, value, _masks()["causal"][2], 0.3)
    torch.testing.assert_close(found, expected)


def _watched(model: Any, name: str) -> tuple[Any, dict[str, Any]]:
    """Return a layer, and what it is called with and gives."""
    layer, seen = model.get_submodule(name), {}

    def note(_module: Any, args: Any, given: Any, result: Any) -> None:
        seen.update(args=args, given=given, result=result[0])

    layer.register_forward_hook(note, with_kwargs=True)
    return layer, seen


def test_llama_against_concatenation() -> None:
    """Its whole attention by hand: the prefix before the turned keys, and seen by every token."""
    model = adapted("mam", "llama")
    layer, seen = _watched(model, "base_model.model.model.layers.1.self_attn")
    said(model, rows("llama"))
    own, given, prefix = layer.get_base_layer(), seen["given"], layer.parts["default"]
    x = given["hidden_states"]
    query, key, value = (
        made(x).view(2, 7, -1, own.head_dim).transpose(1, 2)
        for made in (own.q_proj, own.k_proj, own.v_proj)
    )
    query, key = apply_rotary_pos_emb(query, key, *given["position_embeddings"])
    visible = torch.nn.functional.pad(torch.ones(7, 7, dtype=torch.bool).tril(), (3, 0), value=True)
    keys, values = _before(prefix.keys, key), _before(prefix.values, value)
    attended = _plain(query, keys, values, visible, own.scaling)
    expected = own.o_proj(attended.reshape(2, 7, -1))
    torch.testing.assert_close(seen["result"], expected, rtol=1e-5, atol=1e-6)


def test_bert_against_concatenation() -> None:
    """With a row that is padded."""
    model, tokens = adapted("mam", "bert"), rows("bert")["input_ids"]
    mask = torch.ones_like(tokens)
    mask[1, 4:] = 0
    layer, seen = _watched(model, "base_model.model.bert.encoder.layer.1.attention.self")
    said(model, {"input_ids": tokens, "attention_mask": mask})
    own, prefix, x = layer.get_base_layer(), layer.parts["default"], seen["args"][0]
    query, key, value = (
        made(x).view(2, 7, 4, -1).transpose(1, 2) for made in (own.query, own.key, own.value)
    )
    key, value = (
        torch.cat([one.expand(2, -1, -1, -1), text], dim=2)
        for one, text in ((prefix.keys, key), (prefix.values, value))
    )
    visible = torch.nn.functional.pad(mask.bool(), (3, 0), value=True)[:, None, None]
    expected = _plain(query, key, value, visible, own.scaling).reshape(2, 7, -1)
    torch.testing.assert_close(seen["result"], expected, rtol=1e-5, atol=1e-6)
