"""Parity tells a faithful merge from a damaged one, and says where they part."""

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from studio.engine.merge import merge
from studio.engine.parity import (
    Difference,
    adapter_model,
    compare,
    merged_model,
    verdict,
    write_parity,
)

# peft 0.21 asks transformers 5.23 a question by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
PROMPTS = [[(row * 13 + at * 7) % 96 for at in range(30)] for row in range(4)]


def save_pair(folder: Path, kind: Any, config: Any, settings: Any, dtype: torch.dtype) -> dict:
    """Save a random base and adapter; return the base's config."""
    torch.manual_seed(0)
    model = kind(config).to(dtype)
    model.save_pretrained(folder / "base")
    adapted = peft.get_peft_model(model, settings)
    for name, weight in adapted.named_parameters():
        if "lora_" in name:
            weight.data += torch.randn_like(weight) * 0.02
    adapted.save_pretrained(folder / "adapter")
    return json.loads((folder / "base" / "config.json").read_text())


@pytest.fixture(params=[torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def merged(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Any, Any, Path]:
    """Return loaders of an adapted and a merged small Llama, and the merged folder."""
    config = transformers.LlamaConfig(
        vocab_size=96,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        initializer_range=0.2,
    )
    settings = peft.LoraConfig(r=4, target_modules="all-linear")
    kind = transformers.LlamaForCausalLM
    plain = save_pair(tmp_path, kind, config, settings, request.param)
    merge(tmp_path / "base", tmp_path / "adapter", tmp_path / "out")
    adapted = adapter_model(tmp_path / "base", tmp_path / "adapter", plain)
    return adapted, merged_model(tmp_path / "out"), tmp_path / "out"


def test_a_faithful_merge(merged: tuple[Any, Any, Path], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    parity = compare(*merged[:2], PROMPTS, progress=lambda *step: told.append(step))
    assert (parity.prompts, parity.tokens) == (4, 120)
    exact = load_file(merged[2] / "model.safetensors")["lm_head.weight"].dtype == torch.float32
    assert parity.verdict in (["same"] if exact else ["same", "close"])
    assert (parity.first_difference is None) == (parity.same_tokens == 1)
    assert parity.loss_adapter == pytest.approx(parity.loss_merged, abs=1e-4 if exact else 0.02)
    assert told == [(step, 8) for step in range(1, 9)]
    write_parity(tmp_path / "parity.json", parity)
    assert json.loads((tmp_path / "parity.json").read_text())["verdict"] == parity.verdict


def test_a_damaged_merge(merged: tuple[Any, Any, Path]) -> None:
    file = merged[2] / "model.safetensors"
    tensors = load_file(file)
    tensors["model.layers.1.mlp.down_proj.weight"] *= -1
    save_file(tensors, file, metadata={"format": "pt"})
    parity = compare(*merged[:2], PROMPTS)
    assert parity.verdict == "different"
    assert parity.first_difference is not None


def test_classifiers(tmp_path: Path) -> None:
    config = transformers.BertConfig(
        vocab_size=96,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_labels=3,
    )
    settings = peft.LoraConfig(r=4, target_modules=["query"], task_type="SEQ_CLS")
    kind = transformers.BertForSequenceClassification
    plain = save_pair(tmp_path, kind, config, settings, torch.float32)
    merge(tmp_path / "base", tmp_path / "adapter", tmp_path / "out")
    adapted = adapter_model(tmp_path / "base", tmp_path / "adapter", plain)
    parity = compare(adapted, merged_model(tmp_path / "out"), PROMPTS, labels=[0, 2, 1, 1])
    assert (parity.tokens, parity.verdict) == (4, "same")
    assert parity.loss_adapter == pytest.approx(parity.loss_merged, abs=1e-4)


def test_names_the_first_difference() -> None:
    table = torch.eye(4) * 5

    def other(ids: Any) -> torch.Tensor:
        return table[[1 if token == 3 else token for token in ids]]

    parity = compare(lambda: lambda ids: table[list(ids)], lambda: other, [[0, 1], [2, 3]])
    assert parity.first_difference == Difference(prompt=1, position=1, adapter=3, merged=1)
    assert parity.same_tokens == 0.75 and parity.largest_difference == 5


def test_not_a_number_is_different() -> None:
    broken = torch.full((2, 4), torch.nan)
    parity = compare(lambda: lambda ids: torch.eye(4)[:2], lambda: lambda ids: broken, [[0, 1]])
    assert parity.verdict == "different"


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1.0, 1e-5, 0.0), "same"),
        ((0.999, 0.5, 0.001), "same"),
        ((0.94, 0.5, 0.001), "close"),
        ((0.97, 0.5, 0.2), "different"),
        ((0.5, 3.0, 0.0), "different"),
    ],
)
def test_verdict(numbers: tuple[float, float, float], expected: str) -> None:
    assert verdict(*numbers) == expected
