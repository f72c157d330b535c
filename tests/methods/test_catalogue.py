"""The catalogue: every knob held against PEFT's own config, every claim against a real model."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import pytest

from studio.errors import MethodError
from studio.methods.catalogue import FAMILIES, Knob, Method, knobs_for, method, methods
from studio.methods.catalogue import quantization as held
from studio.paths import PRESETS
from studio.recipe import Recipe, from_mapping
from studio.tasks.shelf import tasks
from studio.words import use_language
from tests.helpers.facts import LLAMA_3B

_METHODS = methods()
_WITH_PEFT = {key: one for key, one in _METHODS.items() if one.peft}
_KNOBS = [(key, name) for key, one in _METHODS.items() for name in one.knobs]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a tiny model's config."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )


def _model(config: Any) -> Any:
    """Return the same random model each time."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config)


def _config(one: Method, **more: Any) -> Any:
    """Return PEFT's config for a method with its default knobs."""
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftType

    given = {key: knob.value_for(0) for key, knob in one.knobs.items()} | more
    given = {key: value for key, value in given.items() if value != "auto"}
    return PEFT_TYPE_TO_CONFIG_MAPPING[PeftType[one.peft]](task_type="CAUSAL_LM", **given)


def _adapted(one: Method, config: Any, **more: Any) -> Any:
    """Return the tiny model with a method on it whose weights are not its first ones."""
    import torch
    from peft import get_peft_model

    model = get_peft_model(_model(config), _config(one, **more))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(0.02 * torch.randn_like(weight))
    return model.eval()


@pytest.mark.parametrize("one", _METHODS.values(), ids=list(_METHODS))
def test_every_method_has_words(one: Method) -> None:
    """In both languages, a family, a source, and known tasks."""
    assert one.family in FAMILIES
    assert one.docs.startswith("https://")
    assert set(one.tasks) <= set(tasks())
    assert one.quantization in ("none", "int8", "nf4")
    assert 0 < one.learning_rate < 1
    for code in ("en", "zh_CN"):
        use_language(code)
        assert one.name
        assert all(one.text(name) for name in ("summary", "when", "when_not"))
    assert {f"{name}_zh" for name in ("summary", "when", "when_not")} <= set(one.texts)


@pytest.mark.parametrize("one", _METHODS.values(), ids=list(_METHODS))
def test_what_a_method_sets_is_a_recipe(one: Method) -> None:
    """Sections and fields that there are, values that they can have."""
    recipe = from_mapping({"method": {"name": one.key}, **one.sets})
    assert held(recipe) == one.quantization


@pytest.mark.parametrize(("key", "name"), _KNOBS)
def test_every_knob_is_a_field_of_pefts_config(key: str, name: str) -> None:
    """By name; its default, its ends and its choices are values that the field takes."""
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftType

    one, knob = _METHODS[key], _METHODS[key].knobs[name]
    kind = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType[one.peft]]
    field = {field.name: field for field in dataclasses.fields(kind)}[name]
    words = {"int": "int", "float": "float", "bool": "bool", "choice": ""}[knob.kind]
    assert words in str(field.type)
    for value in _values(knob):
        _config(one, **{name: value})
        if knob.kind == "choice" and "Literal" in str(field.type) and "str" not in str(field.type):
            assert repr(value) in str(field.type)
    for code in ("en", "zh_CN"):
        use_language(code)
        assert knob.title
        assert knob.help


def _values(knob: Knob) -> list[Any]:
    """Return the values that a form could give."""
    sized = [value for _, value in knob.by_size]
    choices = [choice for choice, _, _ in knob.choices if choice != "auto"]
    found = [knob.low, knob.high, knob.default, *sized, *choices]
    kind = {"int": int, "float": float}.get(knob.kind)
    numbers = [kind(value) if kind else value for value in found if value not in (None, "auto")]
    return numbers or [True]


@pytest.mark.parametrize("one", _WITH_PEFT.values(), ids=list(_WITH_PEFT))
def test_trainable_parameters_are_pefts(one: Method, llama: Any) -> None:
    """The estimate counts what PEFT would train."""
    from studio.estimate import trainable_parameters
    from studio.models.facts import from_config

    facts = from_config("x", "x", "folder", llama.to_dict())
    recipe = from_mapping({"method": {"name": one.key}})
    model = _adapted(one, llama)
    assert trainable_parameters(recipe, facts) == model.get_nb_trainable_parameters()[0]


def test_projected_prefix_is_counted(llama: Any) -> None:
    """With the small network that it goes through."""
    from studio.estimate import trainable_parameters
    from studio.models.facts import from_config

    facts = from_config("x", "x", "folder", llama.to_dict())
    knobs = {"prefix_projection": True, "num_virtual_tokens": 5}
    recipe = from_mapping({"method": {"name": "prefix_tuning", **knobs}})
    model = _adapted(_METHODS["prefix_tuning"], llama, **knobs)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trainable_parameters(recipe, facts) == trained


@pytest.mark.parametrize("one", _WITH_PEFT.values(), ids=list(_WITH_PEFT))
def test_merges_is_true(one: Method, llama: Any) -> None:
    """A merged model answers as the adapter does; what is said not to merge does not."""
    import torch

    model = _adapted(one, llama)
    ids = torch.arange(12).reshape(2, 6)
    with torch.no_grad():
        before = model(input_ids=ids).logits
        base = _model(llama).eval()(input_ids=ids).logits
    assert not torch.allclose(before, base, atol=1e-5)
    if not one.merges:
        with pytest.raises((AttributeError, ValueError, NotImplementedError)):
            model.merge_and_unload()
        return
    with torch.no_grad():
        after = model.merge_and_unload()(input_ids=ids).logits
    assert torch.allclose(before, after, atol=1e-5)


def test_rank_follows_the_size() -> None:
    """Under 1 B 4 to 8, 1 to 10 B 8 to 16, above 16 to 32; unknown is small."""
    knob = _METHODS["lora"].knobs["r"]
    ranks = [knob.value_for(size) for size in (0, 999_999_999, 10**9, 9 * 10**9, 10**10, 10**12)]
    assert ranks == [8, 8, 16, 16, 32, 32]


def test_knobs_for() -> None:
    """Sensible ones for the model, the recipe's laid over, alpha twice the rank."""
    recipe = from_mapping({"method": {"r": 4, "bias": "all"}})
    assert knobs_for(recipe, LLAMA_3B) == {
        "r": 4,
        "lora_alpha": 8,
        "lora_dropout": 0.05,
        "target_modules": "all-linear",
        "use_rslora": False,
        "bias": "all",
    }
    assert knobs_for(Recipe(), None)["r"] == 8
    assert knobs_for(from_mapping({"method": {"r": 4, "lora_alpha": 5}}), None)["lora_alpha"] == 5


def test_quantization_can_be_overruled() -> None:
    """By the recipe."""
    assert held(from_mapping({"model": {"quantization": "nf4"}})) == "nf4"
    assert (
        held(from_mapping({"method": {"name": "qlora"}, "model": {"quantization": "none"}}))
        == "none"
    )


def test_captions_follow_the_language() -> None:
    """In the order of the file."""
    knob = _METHODS["lora"].knobs["bias"]
    assert knob.captions()[0] == ("none", "None")
    use_language("zh_CN")
    assert knob.captions()[0] == ("none", "不训练")


def test_unknown_method() -> None:
    """With the nearest one."""
    with pytest.raises(MethodError, match=r"There is no method lorra\. Did you mean lora\?"):
        method("lorra")


def test_every_file_is_a_method() -> None:
    """In the order that they give."""
    files = {file.stem for file in (PRESETS / "methods").glob("*.toml")}
    assert set(_METHODS) == files
    assert next(iter(_METHODS)) == "lora"
    orders = [
        tomllib.loads(Path(PRESETS / "methods" / f"{key}.toml").read_text("utf-8"))["order"]
        for key in _METHODS
    ]
    assert orders == sorted(orders)
