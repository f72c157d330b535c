"""Recipes that are wrong: every problem at once, each with its field and a next step."""

import json

import pytest

from studio.errors import RecipeError
from studio.recipe import Recipe, checked, from_mapping
from studio.recipe.check import known_fields


def test_empty_recipe_is_one() -> None:
    """Everything has a default."""
    assert from_mapping({}) == Recipe()


def test_all_problems_at_once() -> None:
    """Not only the first."""
    recipe, problems = checked(
        {
            "training": {"batch_size": 0, "epoch": 3, "schedule": "sine", "learning_rate": "fast"},
            "datas": {},
        }
    )
    assert recipe is None
    said = {problem.field: str(problem) for problem in problems}
    assert said == {
        "training.batch_size": (
            "training.batch_size is 0, but must be at least 1. Change it in the recipe."
        ),
        "training.epoch": "The recipe has no field training.epoch. Did you mean epochs?",
        "training.schedule": (
            'training.schedule is "sine", but must be one of '
            "'cosine', 'linear', 'constant'. Change it in the recipe."
        ),
        "training.learning_rate": (
            'training.learning_rate is "fast", which is not a value it can have. '
            "Change it in the recipe."
        ),
        "datas": "The recipe has no field datas. Did you mean data?",
    }
    json.dumps([problem.values for problem in problems])


def test_unknown_field_far_from_all() -> None:
    """What there is is named."""
    _, (problem,) = checked({"task": {"zzzz": 1}})
    assert problem.step() == "Known: name, train_on."


@pytest.mark.parametrize(
    "values",
    [
        {"training": {"learning_rate": float("nan")}},
        {"training": {"epochs": float("inf")}},
        {"training": {"max_length": 2.5}},
        {"training": 3},
        {"data": {"files": "one.jsonl"}},
        {"data": {"files": [1]}},
        {"model": None},
    ],
)
def test_values_that_cannot_be(values: dict[str, object]) -> None:
    """Numbers that are none, wrong types, tables that are none."""
    with pytest.raises(RecipeError) as found:
        from_mapping(values)
    assert found.value.problems[0].field
    assert found.value.problems[0].step()


def test_long_values_are_cut() -> None:
    """A sentence stays a sentence."""
    _, (problem,) = checked({"data": {"files": "x" * 5000}})
    assert len(problem.sentence()) < 200


def test_newer_format() -> None:
    """It is refused as such, before its fields look like mistakes."""
    _, problems = checked({"format": 99, "unheard": 1})
    assert [problem.field for problem in problems] == ["format"]
    assert "format 99" in problems[0].sentence()
    assert problems[0].step() == "Update Finetune Studio."


def test_known_fields() -> None:
    """By their place in the recipe."""
    assert "training" in known_fields(())
    assert "seed" in known_fields(("training",))
    assert known_fields(("training", "seed")) == []


def test_method_keeps_its_knobs() -> None:
    """They belong to the method, which checks them."""
    assert from_mapping({"method": {"name": "lora", "r": 4}}).method.knobs == {"r": 4}
