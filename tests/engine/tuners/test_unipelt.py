"""UniPELT: three parts behind gates (arXiv 2110.07577), each by hand."""

from typing import Any

import pytest
import torch

from tests.engine.tuners.models import adapted, rows, said

_LLAMA = "base_model.model.model.layers.0."
_BERT = "base_model.model.bert.encoder.layer.0."


def _gate(part: Any, x: torch.Tensor) -> torch.Tensor:
    """Return the gates of tokens by hand."""
    return (x @ part.linear.weight.T + part.linear.bias).sigmoid()


def _seen(model: Any, names: dict[str, str], given: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Run a model and return what modules read and give, by the keys of `names`."""
    found: dict[str, Any] = {}

    def note(key: str) -> Any:
        def hook(_module: Any, args: Any, kwargs: Any, result: Any) -> None:
            read = args[0] if args else kwargs["hidden_states"]
            found[key] = read, result

        return hook

    for key, name in names.items():
        model.get_submodule(name).register_forward_hook(note(key), with_kwargs=True)
    said(model, given)
    return found


def test_a_token_of_a_causal_model_has_its_own_gates() -> None:
    """The change of queries and values is the LoRA times the token's gate."""
    model = adapted("unipelt", "llama")
    attention = model.get_submodule(f"{_LLAMA}self_attn")
    part = attention.parts["default"]
    names = {"q_proj": f"{_LLAMA}self_attn.base_layer.q_proj"}
    names["v_proj"] = f"{_LLAMA}self_attn.base_layer.v_proj"
    found = _seen(model, names, rows("llama"))
    for place, name in enumerate(names):
        x, result = found[name]
        weight = model.get_submodule(names[name]).weight
        low = part.low[place]
        change = 8.0 * (x @ low.down.weight.T @ low.up.weight.T)  # alpha 16, rank 2
        torch.testing.assert_close(result, x @ weight.T + _gate(part.low_gate, x) * change)


def test_the_adapter_of_a_causal_model() -> None:
    """Its gate reads what the adapter reads, token by token."""
    model = adapted("unipelt", "llama")
    last = f"{_LLAMA}mlp.down_proj"
    found = _seen(model, {"in": f"{last}.base_layer", "out": last}, rows("llama"))
    x, part = found["in"][1], model.get_submodule(last).parts["default"]
    torch.testing.assert_close(found["out"][1], x + _gate(part.gate, x) * part.network(x))


def test_a_row_of_an_encoder_has_one_gate() -> None:
    """The average over its tokens; padding does not count."""
    model, tokens = adapted("unipelt", "bert"), rows("bert")["input_ids"]
    mask = torch.ones_like(tokens)
    mask[1, 4:] = 0
    last = f"{_BERT}output.dense"
    names = {
        "in": f"{last}.base_layer",
        "out": last,
        "q": f"{_BERT}attention.self.base_layer.query",
    }
    found = _seen(model, names, {"input_ids": tokens, "attention_mask": mask})
    x, part = found["in"][1], model.get_submodule(last).parts["default"]
    gates = torch.stack([_gate(part.gate, x[0]).mean(0), _gate(part.gate, x[1, :4]).mean(0)])
    torch.testing.assert_close(found["out"][1], x + gates[:, None] * part.network(x))
    x, result = found["q"]
    inside = model.get_submodule(f"{_BERT}attention.self").parts["default"]
    gates = [_gate(inside.low_gate, one).mean(0) for one in (x[0], x[1, :4])]
    query = model.get_submodule(names["q"])
    plain = x @ query.weight.T + query.bias
    expected = plain + torch.stack(gates)[:, None] * inside.low[0](x)
    torch.testing.assert_close(result, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("family", ["llama", "clip", "gpt2", "t5"])
def test_shut_gates_leave_the_base(family: str) -> None:
    """But for the prefix's keys, which are nothing then and still take their share."""
    model, given = adapted("unipelt", family), rows(family)
    with model.disable_adapter():
        plain = said(model, given)
    told = said(model, given)
    with torch.no_grad():
        for name, one in model.named_parameters():
            if name.endswith("gate.linear.bias"):
                one.fill_(-1e4)
    shut = said(model, given)
    assert not torch.allclose(shut, told)
    _without_prefixes(model)
    torch.testing.assert_close(said(model, given), plain, rtol=1e-4, atol=1e-4)


def _without_prefixes(model: Any) -> None:
    """Take all tokens out of the prefixes."""
    for part in model.modules():
        if type(part).__name__ == "Prefix":
            part.keys = torch.nn.Parameter(part.keys[:, :0])
            part.values = torch.nn.Parameter(part.values[:, :0])


def test_where_the_lora_is() -> None:
    """On queries and values, or on the matrix that makes both."""
    for family, sides in (("llama", [(32, 32), (32, 16)]), ("gpt2", [(32, 96)])):
        model = adapted("unipelt", family)
        found = [part for part in model.modules() if type(part).__name__ == "GatedInside"]
        assert len(found) == 2
        low = [(one.down.in_features, one.up.out_features) for one in found[0].low]
        assert low == sides
