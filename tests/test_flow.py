"""The wizard without a window: whole paths, and what each step still misses."""

from dataclasses import replace
from pathlib import Path

import pytest

from studio import flow
from studio.flow import STEPS, Draft, apply_training, choose_method, problems, training_presets
from studio.methods.capabilities import refusal
from studio.methods.catalogue import methods
from studio.recipe import Recipe, from_mapping
from studio.survey import survey_data
from tests.helpers.facts import BERT, IDLE, LAPTOP, LLAMA_3B, with_card
from tests.helpers.tiny import chat_rows, label_rows

pytestmark = pytest.mark.usefixtures("home")


def _draft(file: Path, facts: object = LLAMA_3B, **sections: object) -> Draft:
    """Return a draft with model and data."""
    recipe = from_mapping({"data": {"files": [str(file)]}, **sections})  # type: ignore[dict-item]
    return Draft(recipe=recipe, model=facts, data=survey_data(recipe))  # type: ignore[arg-type]


def _missing(draft: Draft) -> dict[str, list[str]]:
    """Return the fields that each step still wants."""
    found = {step: problems(draft, step, LAPTOP, IDLE) for step in STEPS}
    return {step: [problem.field for problem in some] for step, some in found.items() if some}


def _refused(task: str, family: str) -> str:
    """Return a method that was seen not to do a task."""
    plain = [key for key, one in methods().items() if one.quantization == "none"]
    return next(key for key in plain if refusal(key, task, "none", family))


def test_empty_draft_wants_model_and_data() -> None:
    """And review says both."""
    assert _missing(Draft()) == {
        "model": ["model.source"],
        "data": ["data.files"],
        "review": ["model.source", "data.files"],
    }


def test_whole_path(tmp_path: Path) -> None:
    """Model, data, guessed task, method, preset: nothing is missing."""
    draft = _draft(chat_rows(tmp_path / "c.jsonl", 40))
    choose_method(draft, "qlora")
    apply_training(draft, "quick")
    assert _missing(draft) == {}
    assert draft.task is not None
    assert draft.task.name == "causal_lm"
    assert draft.recipe.training.max_steps == 60
    assert draft.recipe.training.optimizer == "paged_adamw_8bit"


def test_failed_look_is_the_steps_problem(tmp_path: Path) -> None:
    """Whatever the step would say otherwise."""
    draft = _draft(chat_rows(tmp_path / "c.jsonl", 4))
    wrong = flow.Problem("model.source", "Broken.")
    draft.wrong["model"] = wrong
    assert problems(draft, "model", LAPTOP, IDLE) == [wrong]
    assert problems(draft, "review", LAPTOP, IDLE) == [wrong]


def test_labels_guess_a_classification(tmp_path: Path) -> None:
    """And a method that cannot do it is refused, once."""
    draft = _draft(label_rows(tmp_path / "l.jsonl", 20), replace(BERT, context=2048))
    assert draft.guessed_task is not None
    assert draft.guessed_task.name == "seq_cls"
    choose_method(draft, _refused("seq_cls", "bert"))
    assert _missing(draft) == {"method": ["method.name"], "review": ["method.name"]}


@pytest.mark.parametrize(
    ("sections", "step"),
    [
        ({"task": {"name": "nonsense"}}, "task"),
        ({"method": {"name": "nonsense"}}, "method"),
        ({"method": {"name": "lora", "r": "many"}}, "method"),
        ({"method": {"name": "lora", "rang": 3}}, "method"),
        ({"training": {"max_length": 500_000}}, "training"),
    ],
)
def test_recipes_from_elsewhere(sections: dict[str, object], step: str, tmp_path: Path) -> None:
    """A recipe file that is opened in the wizard is a problem of a step, never an exception."""
    draft = _draft(chat_rows(tmp_path / "c.jsonl", 40), **sections)
    assert set(_missing(draft)) == {step, "review"}
    draft.estimate(LAPTOP, IDLE)
    draft.recommendations(LAPTOP, IDLE)


def test_method_step_before_the_data() -> None:
    """No task yet is no reason against a method."""
    draft = Draft(recipe=from_mapping({"method": {"name": "prefix_tuning"}}))
    assert problems(draft, "method", LAPTOP, IDLE) == []


def test_estimate_needs_a_model(tmp_path: Path) -> None:
    """Without one, or without its size, there is none."""
    assert Draft().estimate(LAPTOP, IDLE) is None
    unknown = replace(LLAMA_3B, parameters=0)
    assert _draft(chat_rows(tmp_path / "c.jsonl", 4), unknown).estimate(LAPTOP, IDLE) is None


def test_recommendation_follows_the_machine(tmp_path: Path) -> None:
    """LoRA where it fits, QLoRA where only that does."""
    draft = _draft(chat_rows(tmp_path / "c.jsonl", 40))
    large = [one.method.key for one in draft.recommendations(*with_card(48))]
    small = [one.method.key for one in draft.recommendations(*with_card(4))]
    assert large[0] == "lora"
    assert small[0] == "qlora"
    assert sorted(large) == sorted(small) == sorted(methods())
    assert Draft().recommendations(LAPTOP, IDLE) == []


def test_recommendation_follows_the_goal(tmp_path: Path) -> None:
    """And the goal is the draft's own."""
    draft = _draft(chat_rows(tmp_path / "c.jsonl", 40))
    draft.goal = "memory"
    assert draft.recommendations(*with_card(48))[0].method.key == "qlora"


def test_situation_is_what_the_steps_before_have_answered(tmp_path: Path) -> None:
    """And what they have not is unknown."""
    machine, now = with_card(48)
    asked = _draft(chat_rows(tmp_path / "c.jsonl", 40)).situation(machine, now)
    assert (asked.goal, asked.task, asked.family) == ("general", "causal_lm", "llama")
    assert (asked.parameters, asked.limit, asked.on_card) == (LLAMA_3B.parameters, 48 << 30, True)
    assert 30 <= asked.rows <= 40
    assert set(asked.needs) == set(methods())
    empty = Draft().situation(LAPTOP, IDLE)
    assert (empty.task, empty.parameters, empty.rows, empty.needs) == ("", 0, 0, {})
    assert (empty.limit, empty.on_card) == (LAPTOP.memory, False)


def test_presets_change_only_what_they_name() -> None:
    """And no row is longer than the model reads."""
    for key, preset in training_presets().items():
        draft = Draft(model=replace(LLAMA_3B, context=256))
        apply_training(draft, key)
        changed = draft.recipe.training.model_dump()
        default = Recipe().training.model_dump()
        assert draft.recipe.training.max_length == 256
        assert {k for k in changed if changed[k] != default[k]} <= set(preset.sets)
        assert preset.text("name")
        assert preset.text("summary")


def test_balanced_is_the_default() -> None:
    """Choosing it changes nothing."""
    draft = Draft()
    apply_training(draft, "balanced")
    assert draft.recipe == Recipe()
