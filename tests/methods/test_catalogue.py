"""The catalogue: every file whole, every knob held against PEFT's own config."""

import math
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from studio.errors import MethodError
from studio.methods import catalogue
from studio.methods.catalogue import FAMILIES, Knob, Method, knobs_for, method, methods
from studio.methods.catalogue import quantization as held
from studio.methods.size import trainable
from studio.paths import PRESETS
from studio.recipe import Recipe, from_mapping
from studio.words import use_language
from tests.helpers.facts import LLAMA_3B
from tests.methods.built import (
    adapted,
    config,
    facts,
    fields,
    llama,
    loss_after,
    settings,
    together,
    trained,
)

_METHODS = methods()
_KNOBS = [(key, name) for key, one in _METHODS.items() if one.peft for name in one.knobs]
_DRAWINGS = {
    *("beside", "quantized", "split", "ranks", "shared", "experts", "product", "sparse", "rotate"),
    *("scale", "prompt", "prefix", "bottleneck", "parallel", "gated", "whole", "last", "tokens"),
}


def _check_words(one: Method) -> None:
    """Hold a method's texts: both languages, two sentences, a source."""
    assert one.family in FAMILIES
    assert one.drawing in _DRAWINGS
    assert one.docs.startswith("https://")
    assert one.paper.startswith("https://") or not one.paper
    assert one.quantization in ("none", "int8", "nf4")
    assert 0 < one.learning_rate < 1
    assert one.size
    assert ("documents" in one.texts) == ("documents_zh" in one.texts)
    for code in ("en", "zh_CN"):
        use_language(code)
        assert all(one.text(name) for name in ("name", "summary", "when", "when_not"))
    assert {f"{name}_zh" for name in ("summary", "when", "when_not")} <= set(one.texts)
    assert len(re.findall(r"[.!?](?=\s|$)", one.texts["summary"])) == 2
    assert len(re.findall("[。！？]", one.texts["summary_zh"])) == 2


def _check_knob(one: Method, knob: Knob) -> None:
    """Hold a knob against the field of PEFT's config of that name, and its words."""
    for code in ("en", "zh_CN"):
        use_language(code)
        assert knob.title
        assert knob.help
    assert {"title", "title_zh", "help", "help_zh"} <= set(knob.texts)
    if knob.key not in fields(one):
        assert knob.kind == "text" or one.optimizer or one.start  # the engine uses it up
        return
    kind = str(fields(one)[knob.key].type)
    assert {"int": "int", "float": "float", "bool": "bool"}.get(knob.kind, "") in kind
    for value in _values(knob):
        config(one, **together(one, knob.key, value))
        if knob.kind == "choice" and "Literal" in kind and "str" not in kind:
            assert repr(value) in kind


def _values(knob: Knob) -> list[Any]:
    """Return the values that a form could give."""
    sized = [value for _, value in knob.by_size]
    choices = [choice for choice, _, _ in knob.choices if choice != "auto"]
    if knob.kind == "text":
        return []
    found = [knob.low, knob.high, knob.default, *sized, *choices]
    kind = {"int": int, "float": float}.get(knob.kind)
    numbers = [kind(value) if kind else value for value in found if value not in (None, "auto")]
    return numbers or [True]


@pytest.mark.parametrize("one", _METHODS.values(), ids=list(_METHODS))
def test_every_method_has_words(one: Method) -> None:
    """In both languages, a family, a drawing and a source."""
    _check_words(one)


@pytest.mark.parametrize("one", _METHODS.values(), ids=list(_METHODS))
def test_what_a_method_sets_is_a_recipe(one: Method) -> None:
    """Sections and fields that there are, values that they can have."""
    recipe = from_mapping({"method": {"name": one.key}, **one.sets})
    assert held(recipe) == one.quantization


@pytest.mark.parametrize(("key", "name"), _KNOBS)
def test_every_knob_is_a_field_of_pefts_config(key: str, name: str) -> None:
    """By name; its default, its ends and its choices are values that the field takes."""
    _check_knob(_METHODS[key], _METHODS[key].knobs[name])


@pytest.mark.parametrize("one", _METHODS.values(), ids=list(_METHODS))
def test_knobs_are_within_their_ends(one: Method) -> None:
    """Their defaults for every size of model; a choice is one of those that are shown."""
    for knob in one.knobs.values():
        for value in (knob.value_for(size) for size in (0, 10**8, 10**9, 7 * 10**9, 10**11)):
            assert value is not None
            if knob.kind == "choice":
                assert value in [choice for choice, _, _ in knob.choices]
            if knob.kind in ("int", "float"):
                low, high = knob.low, knob.high
                assert (-math.inf if low is None else low) <= value
                assert value <= (math.inf if high is None else high)


@pytest.mark.parametrize("one", _METHODS.values(), ids=list(_METHODS))
def test_what_a_method_fixes_is_pefts(one: Method) -> None:
    """A field of its config, and no knob besides."""
    assert not set(one.fixed) & set(one.knobs)
    assert set(one.fixed) <= set(fields(one)) if one.fixed else True


def test_every_type_of_peft_is_there() -> None:
    """Each that the installed PEFT has a config for; BONE became MiSS."""
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING

    known = {str(kind.value) for kind in PEFT_TYPE_TO_CONFIG_MAPPING}
    assert known <= {one.peft for one in _METHODS.values()}


def test_another_method_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MiCA, a start that PEFT's LoRA knows: its file is all that it takes."""
    shutil.copytree(PRESETS / "methods", tmp_path / "methods")
    (tmp_path / "methods" / "mica.toml").write_text(_MICA, encoding="utf-8")
    monkeypatch.setattr(catalogue, "PRESETS", tmp_path)
    methods.cache_clear()
    try:
        one = method("mica")
        assert list(methods())[:4] == ["lora", "qlora", "lora_8bit", "mica"]
    finally:
        methods.cache_clear()
    _check_words(one)
    for knob in one.knobs.values():
        _check_knob(one, knob)
    built = adapted(one, llama(), tmp_path)
    assert trainable(one, settings(one), facts(llama())) == trained(built)
    losses = loss_after(built, 8, one.learning_rate)
    assert losses[-1] < losses[0]


_MICA = """
order = 3
like = "lora"
name = "MiCA"
quantization = "none"
learning_rate = 1e-3
summary = "Trains the smallest directions of each weight. One matrix stays as it starts."
summary_zh = "训练每个权重最小的方向。其中一个矩阵保持初始值。"
when = "To learn what is new without moving what is known."
when_zh = "学新内容而不动已有内容时。"
when_not = "As a first choice."
when_not_zh = "作为首选时。"
paper = ""
[fixed]
init_lora_weights = "mica"
[size]
each = "r * inputs"
[knobs]
use_rslora = false
[knobs.lora_dropout]
like = "lora"
default = 0.0
"""


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
    assert knobs_for(from_mapping({"method": {"name": "gralora", "r": 4}}), None)["alpha"] == 8


def test_like_takes_over_what_the_file_does_not_say() -> None:
    """Knobs, targets and size; not what it fixes or turns off, and nothing that is its own."""
    lora, rslora, adalora = (_METHODS[key] for key in ("lora", "rslora", "adalora"))
    assert (rslora.peft, rslora.targets, rslora.size) == (lora.peft, lora.targets, lora.size)
    assert rslora.knobs["target_modules"] == lora.knobs["target_modules"]
    assert "use_rslora" not in rslora.knobs
    assert "r" not in adalora.knobs
    assert adalora.peft == "ADALORA"
    assert adalora.size != lora.size


def test_a_knob_can_be_taken_over_alone() -> None:
    """By name or another's name, and what differs is the file's own."""
    lora, vera, gralora = (_METHODS[key] for key in ("lora", "vera", "gralora"))
    assert _METHODS["delora"].knobs["r"] == lora.knobs["r"]
    assert vera.knobs["r"].title == lora.knobs["r"].title
    assert {vera.knobs["r"].value_for(size) for size in (0, 10**9, 10**12)} == {256}
    assert gralora.knobs["alpha"].texts == lora.knobs["lora_alpha"].texts


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
