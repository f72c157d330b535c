"""The formulas in the files, held against PEFT's own count."""

import copy
import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from studio.methods.catalogue import Method, methods
from studio.methods.size import entries, evaluate, held, matrices, saved, trainable
from studio.models.facts import from_config
from tests.helpers.facts import LLAMA_3B
from tests.methods.built import (
    adapted,
    config_class,
    facts,
    fields,
    gpt2,
    llama,
    model,
    other_value,
    settings,
    together,
    trained,
)

# PEFT says what it makes of a model that a method was not made for, and builds it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Failed to load the CUDA extension"),
    pytest.mark.filterwarnings("ignore:Unsupported layer type"),
    pytest.mark.filterwarnings("ignore:Detected that the base layer has no bias term"),
    pytest.mark.filterwarnings("ignore:Setting boft_n_butterfly_factor to 1"),
]

# What a method cannot do without, where its defaults name nothing.
_GIVEN: dict[str, dict[str, Any]] = {
    "xlora": {"adapters": "one,two"},
    "eva": {"rho": 1.0},  # more than 1 moves ranks between layers once the rows were seen
}
# Methods whose defaults a plain Llama cannot take: it has no biases.
_ON_GPT2 = ("bitfit",)
# Values in place of the general rule's; the default is no change, and is left out.
_OTHER: dict[tuple[str, str], Any] = {
    ("boft", "boft_n_butterfly_factor"): 1,  # PEFT takes 1 where its CUDA extension is missing
}

_METHODS = methods()


def _changes(one: Method) -> list[tuple[str, Any]]:
    """Return each knob that the formulas read, with another value."""
    words = set(re.findall(r"\w+", " ".join(one.size.values()))) | {"target_modules"}
    knobs = [knob for key, knob in one.knobs.items() if key in words and knob.kind != "text"]
    values = {knob.key: _OTHER.get((one.key, knob.key), other_value(knob)) for knob in knobs}
    return [(key, value) for key, value in values.items() if value != one.knobs[key].value_for(0)]


_CHANGES = [(key, *change) for key, one in _METHODS.items() for change in _changes(one)]


def _holds(one: Method, folder: Path, **more: Any) -> None:
    """Compare the formula with the model that PEFT builds."""
    base = gpt2() if one.key in _ON_GPT2 else llama()
    given = {**_GIVEN.get(one.key, {}), **more}
    counted = trained(adapted(one, base, folder, **given))
    assert trainable(one, settings(one, **given), facts(base)) == counted
    assert counted > 0


@pytest.mark.parametrize("one", _METHODS.values(), ids=list(_METHODS))
def test_formula_is_pefts_count(one: Method, tmp_path: Path) -> None:
    """With the knobs that the file gives."""
    more = settings(one) if not one.peft else {}
    _holds(one, tmp_path, **more)


@pytest.mark.parametrize(("key", "knob", "value"), _CHANGES)
def test_formula_follows_a_knob(key: str, knob: str, value: Any, tmp_path: Path) -> None:
    """Each that it reads, changed alone."""
    one = _METHODS[key]
    _holds(one, tmp_path, **together(one, knob, value))


def test_last_layers_with_a_head_of_their_own(tmp_path: Path) -> None:
    """A head that is not the embedding is trained as well."""
    base = copy.deepcopy(llama())
    base.tie_word_embeddings = False
    one = _METHODS["last_layers"]
    counted = trained(adapted(one, base, tmp_path, layers=2))
    assert trainable(one, {"layers": 2}, facts(base)) == counted


def test_matrices_are_the_models() -> None:
    """Inputs and outputs of each linear layer, heads grouped."""
    layer = model(llama()).model.layers[0]
    found = {name: part for name, part in layer.named_modules() if name.endswith("_proj")}
    sides = {name.split(".")[-1]: (p.in_features, p.out_features) for name, p in found.items()}
    assert matrices(facts(llama())) == sides


# From PEFT's method_comparison: Llama-3.2-3B, its knobs and the parameters that it trained.
_MEASURED: list[tuple[str, dict[str, Any], int]] = [
    ("dora", {"r": 32}, 9_289_728),
    ("lora_fa", {"r": 32}, 3_670_016),
    ("adalora", {"init_r": 64}, 18_353_664),
    ("gralora", {"r": 32}, 9_175_040),
    ("delora", {"r": 32}, 9_175_096),
    ("lily", {"r": 896, "stride_A": 14, "num_B": 2}, 18_450_432),
    ("randlora", {}, 9_289_728),
    ("vera", {"r": 256}, 129_024),
    ("pvera", {"r": 64}, 121_856),
    ("vblora", {"num_vectors": 256, "vector_length": 256}, 1_212_416),
    ("unilora", {"theta_d_length": 256}, 256),
    ("tinylora", {"weight_tying": 1.0}, 64),
    ("hira", {"r": 32}, 9_175_040),
    ("deft", {"r": 32, "para": True}, 3_670_016),
    ("glora", {"r": 8}, 4_587_520),
]


@pytest.mark.parametrize(("key", "knobs", "number"), _MEASURED)
def test_formula_on_a_real_model(key: str, knobs: dict[str, Any], number: int) -> None:
    """As many as PEFT's benchmark trained, in queries and values."""
    one = _METHODS[key]
    assert trainable(one, {**settings(one, **knobs), "target_modules": "auto"}, LLAMA_3B) == number


def test_named_layers() -> None:
    """A list names them; what the model does not have is left out."""
    given = {"r": 1, "target_modules": ["k_proj", "fc_9"]}
    assert trainable(_METHODS["lora"], given, LLAMA_3B) == 28 * (3072 + 1024)


def test_unknown_model_trains_nothing() -> None:
    """Rather than less than nothing."""
    unknown = dataclasses.replace(LLAMA_3B, parameters=0, layers=0, width=0, heads=0, vocabulary=0)
    assert trainable(_METHODS["last_layers"], {"layers": 2}, unknown) == 0


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("2 * r + ceil(r / 2) - -1", 9),
        ("max(r, 7) if kind == 'wide' and not r > 3 else 0", 7),
        ("r // 2 ** 1 % 5 + gcd(12, 18)", 7),
        ("count(names) + count('a, b,') + round(2.6)", 7),
        ("abs(-r) * (r >= 3 or missing)", 3),
    ],
)
def test_evaluate(formula: str, value: float) -> None:
    """Arithmetic, comparisons and choices over names; the rest of an `or` is not looked at."""
    assert evaluate(formula, {"r": 3, "kind": "wide", "names": ["a", "b"]}) == value


@pytest.mark.parametrize("formula", ["r.real", "open('x')", "[r]", "lambda: r", "min(key=r)"])
def test_nothing_but_arithmetic(formula: str) -> None:
    """A file cannot run code."""
    with pytest.raises(ValueError, match="not arithmetic"):
        evaluate(formula, {"r": 3})


def test_unknown_names_are_errors() -> None:
    """So that a formula is never wrong in silence."""
    with pytest.raises(KeyError):
        evaluate("rank * 2", {"r": 3})


def test_entries() -> None:
    """Of a list, or between commas."""
    assert entries(["a", 1]) == ["a", "1"]
    assert entries(" a, b,,") == ["a", "b"]
    assert entries(None) == []


@pytest.mark.parametrize("key", ["lora", "dora", "miss", "loha"])
def test_both_halves_of_an_encoder_decoder_count(key: str) -> None:
    """And a decoder's second attention, which reads the encoder."""
    from peft import get_peft_model
    from transformers import T5Config, T5ForConditionalGeneration

    sizes = {"vocab_size": 61, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_heads": 4}
    config = T5Config(**sizes, num_layers=2, num_decoder_layers=3)
    shape = from_config("x", "x", "folder", config.to_dict())
    one = methods()[key]
    knobs = settings(one, target_modules="all-linear")
    given = {"exclude_modules": ["lm_head"], "task_type": "SEQ_2_SEQ_LM"}
    made = {name: value for name, value in knobs.items() if name in fields(one)}
    peft = config_class(one)(**{**one.fixed, **made, **given})
    built = get_peft_model(T5ForConditionalGeneration(config), peft)
    real = sum(part.numel() for part in built.parameters() if part.requires_grad)
    assert trainable(one, knobs, shape) == real


_BESIDE = [one for one in _METHODS.values() if any(one.size.get(f"{kind}_each") or
           one.size.get(f"{kind}_model") for kind in ("held", "saved"))]  # fmt: skip


@pytest.mark.parametrize("one", _BESIDE, ids=lambda one: one.key)
def test_what_stands_beside_what_is_trained(one: Method, tmp_path: Path) -> None:
    """Frozen matrices of a method's own, in memory and in the result's file, within a quarter."""
    from safetensors.torch import load_file

    built = adapted(one, llama(), tmp_path)
    plain = _numbers(model(llama()))
    learnt = sum(part.numel() for part in built.parameters() if part.requires_grad)
    beside = held(one, settings(one), facts(llama()))
    if beside:
        assert _numbers(built) - plain - learnt == pytest.approx(beside, rel=0.25)
    built.save_pretrained(tmp_path / "saved")
    file = load_file(tmp_path / "saved" / "adapter_model.safetensors")
    kept = sum(tensor.numel() for tensor in file.values())
    assert kept == pytest.approx(learnt + saved(one, settings(one), facts(llama())), rel=0.25)


def _numbers(whole: Any) -> int:
    """Count what a model holds, also outside its parameters, once."""
    found = {}
    for part in whole.modules():
        for value in (*vars(part).values(), *part._parameters.values(), *part._buffers.values()):
            for one in value.values() if isinstance(value, dict) else [value]:
                if hasattr(one, "data_ptr") and one.numel():
                    found[id(one)] = one.numel()
    return sum(found.values())
