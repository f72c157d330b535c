"""Refusals: each with a field, a reason and a way out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.methods import capabilities
from studio.methods.catalogue import methods
from studio.methods.check import problems
from studio.models.facts import ModelFacts
from studio.recipe import from_mapping
from tests.helpers.facts import LAPTOP, with_card


def _said(
    machine: object = LAPTOP, task: str = "causal_lm", **sections: object
) -> list[tuple[str, str]]:
    """Return field and sentence of each problem."""
    found = problems(from_mapping(sections), task, machine)  # type: ignore[arg-type]
    assert all(problem.step() for problem in found)
    json.dumps([problem.values for problem in found])
    return [(problem.field, problem.sentence()) for problem in found]


@pytest.mark.parametrize("name", ["lora", "qlora", "lora_8bit", "ia3", "prefix_tuning", "full"])
def test_good_ones(name: str) -> None:
    """Nothing to refuse, whether or not the task is known."""
    assert _said(method={"name": name}) == []
    assert _said(method={"name": name}, task="") == []


def test_unknown_method() -> None:
    """It is the only problem."""
    assert _said(method={"name": "lorra", "r": 3}) == [("method.name", "There is no method lorra.")]


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a writer of what was measured: (method, task, bits, family) and why it stopped."""

    def write(*stops: tuple[str, str, str, str, str]) -> None:
        cells: dict[str, Any] = {}
        for key, task, bits, family, reason in stops:
            cell = {"passed": ["builds"], "stops": {"learns": [reason, "words"]}}
            if not reason:
                cell = {"passed": list(capabilities.STAGES)}
            formats = cells.setdefault(key, {}).setdefault(task, {})
            formats.setdefault(bits, {})[family] = cell
        (tmp_path / "capabilities.json").write_text(json.dumps({"cells": cells}))
        capabilities._table.cache_clear()

    monkeypatch.setattr(capabilities, "PRESETS", tmp_path)
    yield write
    capabilities._table.cache_clear()


def test_what_was_seen_not_to_work(measured: Any) -> None:
    """Refused with the measured reason, and the nearest of its family that can."""
    measured(
        ("prefix_tuning", "seq_cls", "none", "bert", "task"),
        ("prompt_tuning", "seq_cls", "none", "bert", "loss"),
        ("p_tuning", "seq_cls", "none", "bert", ""),
    )
    recipe = from_mapping({"method": {"name": "prefix_tuning"}})
    (found,) = problems(recipe, "seq_cls", LAPTOP)
    assert found.field == "method.name"
    assert found.sentence() == (
        "Prefix tuning does not work here. The method is not made for this task."
    )
    assert found.step() == f"Choose {methods()['p_tuning'].name}."
    assert problems(recipe, "causal_lm", LAPTOP) == []


def test_the_models_own_family_decides(measured: Any) -> None:
    """Of a family that was not tried, one that can is enough."""
    measured(
        ("bitfit", "causal_lm", "none", "llama", "no_layers"),
        ("bitfit", "causal_lm", "none", "gpt2", ""),
    )
    recipe = from_mapping({"method": {"name": "bitfit"}})
    facts = ModelFacts("x", "x", "folder", model_type="llama")
    (found,) = problems(recipe, "causal_lm", LAPTOP, facts)
    assert "no layers" in found.sentence()
    assert problems(recipe, "causal_lm", LAPTOP, replace(facts, model_type="opt")) == []


def test_number_format_that_it_cannot(measured: Any) -> None:
    """16-bit is the other way out, where it works there."""
    measured(
        ("shira", "causal_lm", "nf4", "llama", "quantized"),
        ("shira", "causal_lm", "none", "llama", ""),
    )
    ((field, said),) = _said(method={"name": "shira"}, model={"quantization": "nf4"})
    assert field == "model.quantization"
    assert "number format" in said


def test_no_more_is_said_of_a_method_that_is_refused(measured: Any) -> None:
    """Adapters would not help it; nor is a value that is no text a folder."""
    measured(("xlora", "seq_cls", "none", "bert", "task"), ("lora", "seq_cls", "none", "bert", ""))
    ((field, _),) = _said(task="seq_cls", method={"name": "xlora"})
    assert field == "method.name"
    ((_, said),) = _said(method={"name": "xlora", "adapters": 3})
    assert said == "adapters must be a text."


def test_text() -> None:
    """A text is a text."""
    assert _said(method={"name": "cpt", "cpt_text": "Answer."}) == []
    assert _said(method={"name": "cpt", "cpt_text": 3}) == [
        ("method.cpt_text", "cpt_text must be a text.")
    ]


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"rank": 8}, "LoRA has no setting rank."),
        ({"r": 0}, "r is 0, but must be at least 1."),
        ({"r": 5000}, "r is 5000, but must be at most 1024."),
        ({"r": 2.5}, "r is 2.5, which is no number it can have."),
        ({"r": True}, "r is True, which is no number it can have."),
        ({"r": "8"}, "r is 8, which is no number it can have."),
        ({"lora_dropout": float("nan")}, "lora_dropout is nan, which is no number it can have."),
        ({"use_rslora": 1}, "use_rslora must be true or false."),
        ({"bias": "some"}, "bias is some; known: none, lora_only, all."),
        ({"bias": ["none"]}, "bias is ['none']; known: none, lora_only, all."),
        ({"target_modules": [1]}, "target_modules is [1]; known: all-linear, auto."),
    ],
)
def test_knobs(knobs: dict[str, object], said: str) -> None:
    """Unknown ones, and values that they cannot have."""
    ((field, sentence),) = _said(method={"name": "lora", **knobs})
    assert sentence == said
    assert field == f"method.{next(iter(knobs))}"


def test_named_layers_are_fine() -> None:
    """A list of names, and a whole number where a fraction may stand."""
    assert _said(method={"target_modules": ["q_proj"], "lora_dropout": 0}) == []


@pytest.mark.parametrize(("bits", "shown"), [("nf4", "4-bit"), ("int8", "8-bit")])
def test_full_needs_whole_weights(bits: str, shown: str) -> None:
    """Weights in few bits cannot be trained."""
    ((field, said),) = _said(method={"name": "full"}, model={"quantization": bits})
    assert (field, said) == (
        "model.quantization", f"Full fine-tuning cannot train weights that are held in {shown}."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"method": {"name": "qlora"}}, "method.name"),
        ({"training": {"optimizer": "adamw_8bit"}}, "training.optimizer"),
    ],
)
def test_without_bitsandbytes(sections: dict[str, object], field: str) -> None:
    """The method or the optimizer is named, whichever needs it."""
    machine = replace(LAPTOP, four_bit=False)
    ((found, said),) = _said(machine, **sections)
    assert found == field
    assert "bitsandbytes is not installed" in said


def test_card_too_old_for_8_bit() -> None:
    """But not when the processor is chosen, and not for 4-bit."""
    machine, _ = with_card(8, (6, 1))
    ((field, _),) = _said(machine, method={"name": "lora_8bit"})
    assert field == "method.name"
    assert _said(machine, method={"name": "lora_8bit"}, hardware={"device": "cpu"}) == []
    assert _said(machine, method={"name": "qlora"}) == []
