"""BitFit is the base with other biases (arXiv 2106.10199), and can become just that."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import get_peft_model
from safetensors.torch import load_file
from transformers import MambaConfig, MambaForCausalLM

from studio.engine.merge import merge
from studio.engine.tuners.bitfit import BitFitConfig
from tests.engine.tuners.models import adapted, base, config, rows, said

_WITH_BIASES = ("qwen2", "gpt2", "bert", "vit", "clip")


def _changes(model: Any) -> dict[str, torch.Tensor]:
    """Return what was learnt for each bias, by the bias's name in the base."""
    mark = ".bitfit_parts.default.bias"
    return {
        name.removeprefix("base_model.model.").removesuffix(mark) + ".bias": one.detach()
        for name, one in model.named_parameters()
        if name.endswith(mark)
    }


@pytest.mark.parametrize("family", ["qwen2", "gpt2", "clip"])
def test_is_the_base_with_other_biases(family: str) -> None:
    """Each of the layers' and norms' biases plus its change, and nothing else."""
    changes, plain = _changes(adapted("bitfit", family)), base(family)
    weights = dict(plain.named_parameters())
    assert {name for name in weights if name.endswith(".bias")} == set(changes)
    with torch.no_grad():
        for name, change in changes.items():
            weights[name].add_(change)
    expected = said(plain, rows(family))
    found = said(adapted("bitfit", family), rows(family))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_heads_and_poolers_are_no_part_of_the_layers() -> None:
    """A new head is trained whole, and what lies between it and the layers is left alone."""
    model = adapted("bitfit", "bert")
    assert not [name for name in _changes(model) if "pooler" in name or "classifier" in name]
    trained = {name for name, one in model.named_parameters() if one.requires_grad}
    assert "base_model.model.classifier.modules_to_save.default.weight" in trained


def test_only_biases_are_saved(tmp_path: Path) -> None:
    """One number an output."""
    model = adapted("bitfit", "gpt2")
    model.save_pretrained(tmp_path)
    kept = load_file(tmp_path / "adapter_model.safetensors")
    assert {one.dim() for one in kept.values()} == {1}
    assert len(kept) == len(_changes(model))


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_a_model_without_biases_is_refused(family: str) -> None:
    """In words that say why."""
    with pytest.raises(ValueError, match="this model has no biases"):
        get_peft_model(base(family), config("bitfit", family))


def test_a_named_layer_without_a_bias_is_refused() -> None:
    """Also where another has one."""
    with pytest.raises(ValueError, match="o_proj has no bias"):
        get_peft_model(base("qwen2"), config("bitfit", target_modules=["o_proj"]))


def test_named_layers() -> None:
    """Only their biases."""
    model = adapted("bitfit", "qwen2", target_modules=["q_proj"])
    assert {name.split(".")[-2] for name in _changes(model)} == {"q_proj"}


@pytest.mark.parametrize("family", _WITH_BIASES)
def test_becomes_a_plain_model(family: str) -> None:
    """Merged, of the base's classes and names, and says the same."""
    model, given = adapted("bitfit", family), rows(family)
    told = said(model, given)
    merged = model.merge_and_unload(safe_merge=True)
    torch.testing.assert_close(said(merged, given), told, rtol=1e-5, atol=1e-5)
    assert set(merged.state_dict()) == set(base(family).state_dict())


def test_merging_can_be_undone() -> None:
    """In place."""
    model, given = adapted("bitfit", "gpt2"), rows("gpt2")
    told = said(model, given)
    model.merge_adapter()
    torch.testing.assert_close(said(model, given), told, rtol=1e-5, atol=1e-5)
    model.unmerge_adapter()
    torch.testing.assert_close(said(model, given), told, rtol=1e-5, atol=1e-5)


def test_broken_biases_are_not_merged() -> None:
    """Where that is asked for."""
    model = adapted("bitfit", "gpt2")
    with torch.no_grad():
        next(one for one in model.parameters() if one.requires_grad).fill_(float("nan"))
    with pytest.raises(ValueError, match="no finite numbers"):
        model.merge_and_unload(safe_merge=True)


def test_merges_on_disk(tmp_path: Path) -> None:
    """As the product does."""
    plain = base("gpt2")
    plain.save_pretrained(tmp_path / "base")
    model = adapted("bitfit", "gpt2")
    model.save_pretrained(tmp_path / "adapter")
    report = merge(tmp_path / "base", tmp_path / "adapter", tmp_path / "whole")
    assert report.changed == len(_changes(model))
    again = type(plain).from_pretrained(tmp_path / "whole").eval()
    found = said(again, rows("gpt2"))
    torch.testing.assert_close(found, said(model, rows("gpt2")), rtol=1e-5, atol=1e-5)


def test_biases_that_a_model_reads_itself() -> None:
    """Mamba hands one to its kernel."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 61, "hidden_size": 32, "num_hidden_layers": 1, "state_size": 4}
    plain = MambaForCausalLM(MambaConfig(**sizes))
    model = get_peft_model(plain, BitFitConfig())
    layer = model.get_submodule("base_model.model.backbone.layers.0.mixer.dt_proj")
    with torch.no_grad():
        layer.parts["default"].bias.fill_(1.0)
    torch.testing.assert_close(layer.bias, layer.get_base_layer().bias + 1)
