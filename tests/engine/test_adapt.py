"""Methods on models: which layers they change, where PEFT has a list of them and where not."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft.utils import constants
from transformers import AutoModel, AutoModelForCausalLM

from studio.engine.adapt import apply_method, free_last
from studio.engine.blocks import stack_names, stacks
from studio.engine.completed import Given
from studio.engine.device import Device
from studio.methods.catalogue import knobs_for, method
from studio.recipe import from_mapping
from studio.tasks.shelf import task
from tests.helpers import tiny

_CPU = Device("cpu", torch.float32)


def changed(base: Any, name: str, job: str = "causal_lm") -> set[str]:
    """Put a method on a model and return the last names of the layers that it trains in."""
    knobs = knobs_for(from_mapping({"method": {"name": name}}), None)
    model = apply_method(base, method(name), knobs, task(job), _CPU, Given())
    trained = [name for name, one in model.named_parameters() if one.requires_grad]
    layers = {name.rpartition(".")[2] for name, _part in base.named_modules()}
    return {part for name in trained for part in name.split(".") if part in layers - {"default"}}


@pytest.fixture
def llama(tmp_path: Path) -> Any:
    """Return a tiny Llama."""
    return AutoModelForCausalLM.from_pretrained(tiny.tiny_llama(tmp_path / "llama"))


@pytest.fixture
def vit(tmp_path: Path) -> Any:
    """Return a tiny ViT."""
    return AutoModel.from_pretrained(tiny.tiny_vit(tmp_path / "vit"))


def test_a_family_without_a_list_gets_the_methods_own_layers(
    llama: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(constants.TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING, "llama")
    assert {"k_proj", "v_proj", "down_proj"} <= changed(llama, "ia3")


def test_a_list_of_older_names_is_not_taken(vit: Any) -> None:
    listed = constants.TRANSFORMERS_MODELS_TO_FROD_TARGET_MODULES_MAPPING["vit"]
    names = {name.rpartition(".")[2] for name, _part in vit.named_modules()}
    assert not names & set(listed), "PEFT's list is of use again: this case can go"
    assert "q_proj" in changed(vit, "frod", "image_cls")


def test_a_list_that_fits_is_taken(llama: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = constants.TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING
    monkeypatch.setitem(lists, "llama", ["q_proj", "down_proj"])
    assert "q_proj" in changed(llama, "ia3")


@pytest.mark.parametrize("family", ["llama", "gpt2", "t5", "bert", "vit"])
def test_every_norm_of_every_family_is_tuned(family: str, tmp_path: Path) -> None:
    base = AutoModel.from_pretrained(getattr(tiny, f"tiny_{family}")(tmp_path / family))
    norms = {
        name.rpartition(".")[2]
        for name, part in base.named_modules()
        if "norm" in type(part).__name__.lower()
    }
    assert norms and changed(base, "ln_tuning", "feature_extraction") >= norms


def test_what_the_task_does_not_read_is_left_alone(tmp_path: Path) -> None:
    place = tiny.tiny_bert(tmp_path / "bert")
    for job, read in (("feature_extraction", False), ("seq_cls", True)):
        base = AutoModel.from_pretrained(place)
        assert ("pooler" in changed(base, "lora", job)) is read


@pytest.mark.parametrize("family", ["llama", "gpt2", "t5", "bert", "vit"])
def test_only_the_last_layer_and_what_follows_is_trained(family: str, tmp_path: Path) -> None:
    """Nothing before it: the backward pass ends there."""
    base = AutoModel.from_pretrained(getattr(tiny, f"tiny_{family}")(tmp_path / family))
    trained = {name for name, one in free_last(base, 1).named_parameters() if one.requires_grad}
    last = [
        f"{name}.{len(stack) - 1}."
        for name, stack in zip(stack_names(base), stacks(base), strict=True)
    ]
    after = ("norm", "ln_f", "pooler")
    assert all(any(name.startswith(one) for name in trained) for one in last)
    assert all(name.startswith((*last,)) or any(one in name for one in after) for name in trained)
    assert not any(name.startswith(one[:-2] + "0.") for name in trained for one in last)
