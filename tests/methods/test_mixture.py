"""A mixture's adapters: refused with a reason, and only where it is sure."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.methods.catalogue import method
from studio.methods.mixture import adapter_problems
from studio.models.facts import ModelFacts, from_config
from studio.recipe import from_mapping

_LLAMA = {"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}


def _said(*folders: Path, source: str = "", model: ModelFacts | None = None) -> str:
    """Return the one sentence that is said of the adapters, or nothing."""
    named = ", ".join(map(str, folders))
    recipe = from_mapping(
        {"model": {"source": source}, "method": {"name": "xlora", "adapters": named}}
    )
    found = adapter_problems(recipe, method("xlora"), model)
    assert all(problem.field == "method.adapters" and problem.step() for problem in found)
    return " ".join(problem.sentence() for problem in found)


def _adapter(folder: Path, **config: Any) -> Path:
    """Write an adapter."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", **config}))
    return folder


def _base(folder: Path, **config: Any) -> Path:
    """Write a base model's config."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({**_LLAMA, **config}))
    return folder


def test_two_different_ones_are_needed(tmp_path: Path) -> None:
    """A run and the adapter in it are one, as is a folder named twice."""
    one, two = _adapter(tmp_path / "one" / "adapter"), _adapter(tmp_path / "two")
    assert _said(one, two) == ""
    for few in [(), (one,), (one, one), (one, one.parent)]:
        assert "two or more different ones" in _said(*few)
    empty = tmp_path / "three"
    assert _said(one, empty) == f"There is no adapter in {empty}."


@pytest.mark.parametrize("written", ['{"peft_type": "IA3"}', "{", "[]"])
def test_only_lora_is_mixed(tmp_path: Path, written: str) -> None:
    """Others are told by their config, and so is one that says nothing."""
    one, two = _adapter(tmp_path / "one"), _adapter(tmp_path / "two")
    (two / "adapter_config.json").write_text(written)
    assert f"The adapter in {two} is no LoRA" in _said(one, two)


def test_base_that_is_another_folder(tmp_path: Path) -> None:
    """It is held against the recipe's by its shape: a copy will do, and one that is gone too."""
    base = _base(tmp_path / "base")
    copy, other = _base(tmp_path / "copy"), _base(tmp_path / "other", model_type="qwen2")
    facts = from_config(str(base), "base", "folder", _LLAMA)
    named = {
        place.name: _adapter(tmp_path / f"on-{place.name}", base_model_name_or_path=str(place))
        for place in (base, copy, other, tmp_path / "gone")
    }
    for good in (named["copy"], named["gone"]):
        assert _said(named["base"], good, source=str(base), model=facts) == ""
    said = _said(named["base"], named["other"], source=str(base), model=facts)
    assert f"was trained on {other}, which is another base model" in said


@pytest.mark.parametrize("where", ["config", "run", "card"])
def test_base_that_is_another_of_the_hub(tmp_path: Path, where: str) -> None:
    """Two ids of the hub are two models, wherever the adapter's is written."""
    named: list[Path] = []
    for base in ("org/base", "org/other"):
        run = tmp_path / base.replace("/", "-")
        config = {"base_model_name_or_path": base if where == "config" else "/nowhere"}
        place = _adapter(run / "adapter", **config)
        if where == "run":
            (run / "recipe.toml").write_text(f'[model]\nsource = "{base}"\n')
        if where == "card":
            (place / "README.md").write_text(f"---\nbase_model: {base}\n---\n")
        named.append(run)
    said = _said(*named, source="org/base")
    assert said.startswith(f"The adapter in {named[1]} was trained on org/other")
