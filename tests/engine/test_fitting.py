"""What does not fit is found on shapes alone, with values that would."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio import recipe as recipes
from studio.engine.completed import Given
from studio.engine.fitting import Case, fit
from studio.engine.load import load_tokenizer
from studio.errors import MethodError
from studio.methods.catalogue import knobs_for, method
from studio.tasks.shelf import task

Fits = Callable[..., Case]


@pytest.fixture(scope="module")
def case(llama: Path) -> Fits:
    """Return a maker of cases: a method with some of its settings changed, on the tiny Llama."""
    tokenizer = load_tokenizer(llama)

    def make(name: str, **knobs: Any) -> Case:
        known = knobs_for(recipes.from_mapping({"method": {"name": name}}), None)
        given = Given(20, tokenizer)
        return Case(llama, method(name), {**known, **knobs}, task("causal_lm"), given=given)

    return make


def test_counts_what_is_trained(case: Fits) -> None:
    """Rank times both sides, for the seven matrices of two layers of width 64."""
    sides = [(64, 64), (64, 32), (64, 32), (64, 64), (64, 128), (64, 128), (128, 64)]
    found = fit(case("lora", r=4))
    assert found.trainable == 2 * 4 * sum(inputs + outputs for inputs, outputs in sides)
    assert fit(case("full")).trainable == fit(case("full")).total == found.total - found.trainable


@pytest.mark.parametrize(
    ("name", "key", "wrong", "right"),
    [
        ("c3a", "block_size", 24, [1, 2, 4, 8, 16, 32]),
        ("gralora", "gralora_k", 3, [1, 2, 4, 8, 16]),
        ("vblora", "vector_length", 48, [1, 2, 4, 8, 16, 32]),
        ("road", "group_size", 48, [2, 4, 8, 16, 32]),
        ("psoft", "r", 500, [2, 4, 8, 16, 32]),
    ],
)
def test_names_the_setting_and_what_would_fit(
    case: Fits, name: str, key: str, wrong: int, right: list[int]
) -> None:
    """Every value that is named does fit."""
    with pytest.raises(MethodError) as caught:
        fit(case(name, **{key: wrong}))
    problem = caught.value.problem
    assert problem.field == f"method.{key}"
    assert str(wrong) in problem.sentence()
    assert problem.values["values"] == ", ".join(str(value) for value in right)
    for value in right:
        fit(case(name, **{key: value}))


def test_rank_above_the_layer(case: Fits) -> None:
    """Refused where it only wastes, and not where a method is made so."""
    with pytest.raises(MethodError, match="r is 512, but the layer q_proj has only 64"):
        fit(case("lora", r=512))
    assert fit(case("vera", r=512)).trainable
    assert fit(case("lora", r=48)).trainable, "one layer that is narrower is no reason"


def test_layers_that_there_are_not(case: Fits) -> None:
    """Each slip of the keys is told, beside a right name too, with all names, the nearest first."""
    with pytest.raises(MethodError, match=r"no layer named q_porj, nope\.") as caught:
        fit(case("lora", target_modules=["q_porj", "v_proj", "nope"]))
    problem = caught.value.problem
    assert problem.field == "method.target_modules"
    told = str(problem.values["values"]).split(", ")
    assert "q_proj" in told[:3]
    assert sorted(told) == [
        "down_proj", "gate_proj", "k_proj", "lm_head", "o_proj", "q_proj", "up_proj", "v_proj"
    ]  # fmt: skip


@pytest.mark.parametrize("named", [[], [" "]])
def test_no_layers_at_all(case: Fits, named: list[str]) -> None:
    """They are asked for, and not looked for under an empty name."""
    with pytest.raises(MethodError, match="No layer is named") as caught:
        fit(case("lora", target_modules=named))
    assert "q_proj" in caught.value.step()


@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`:UserWarning")
def test_layers_that_are_not_linear(case: Fits) -> None:
    """LoRA can be put on an embedding too."""
    assert fit(case("lora", target_modules=["q_proj", "embed_tokens"])).trainable


def test_what_no_setting_helps(case: Fits) -> None:
    """A mixture without adapters has no number to change."""
    with pytest.raises(MethodError, match="two adapters") as caught:
        fit(case("xlora"))
    assert caught.value.problem.field == "method.name"


def test_methods_that_look_at_weights_pass(case: Fits) -> None:
    """They can only be built with weights, so nothing is said of them."""
    assert fit(case("shira")).total == 0


@pytest.mark.parametrize(("given", "told"), [("99999999", "no token 99999999"), ("", "no token")])
def test_tokens_that_there_are_not(case: Fits, given: str, told: str) -> None:
    with pytest.raises(MethodError, match=told):
        fit(case("trainable_tokens", token_indices=given))


def test_first_matrices_that_stay_are_not_counted(case: Fits) -> None:
    """LoRA-FA trains the second ones: rank times the outputs."""
    outputs = [64, 32, 32, 64, 128, 128, 64]
    assert fit(case("lora_fa", r=4)).trainable == 2 * 4 * sum(outputs)
