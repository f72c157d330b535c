"""The streamed merge gives what PEFT gives, refuses what does not fit, leaves nothing behind."""

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import peft
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from studio.engine import merge as module
from studio.engine.merge import MergeStopped, merge
from studio.engine.shards import open_model, unchanged, write_shards
from studio.errors import ExportError

SMALL = {"vocab_size": 96, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
LLAMA = transformers.LlamaConfig(**SMALL, intermediate_size=48, num_key_value_heads=2)
TIED = transformers.LlamaConfig(
    **SMALL, intermediate_size=48, num_key_value_heads=2, tie_word_embeddings=True
)
QWEN2 = transformers.Qwen2Config(**SMALL, intermediate_size=48, num_key_value_heads=2)
GPT2 = transformers.GPT2Config(vocab_size=96, n_embd=32, n_layer=2, n_head=4)
BERT = transformers.BertConfig(**SMALL, intermediate_size=48)

LORA = {"r": 4, "lora_alpha": 12, "target_modules": "all-linear"}
CASES = {
    "lora": (LLAMA, peft.LoraConfig(**LORA)),
    "rslora": (LLAMA, peft.LoraConfig(**LORA, use_rslora=True)),
    "dora": (LLAMA, peft.LoraConfig(**LORA, use_dora=True)),
    "patterns": (
        QWEN2,
        peft.LoraConfig(**LORA, rank_pattern={"q_proj": 2}, alpha_pattern={"layers.1.*v_proj": 5}),
    ),
    "bias": (QWEN2, peft.LoraConfig(r=4, target_modules=["q_proj"], lora_bias=True)),
    "trained bias": (QWEN2, peft.LoraConfig(r=4, target_modules=["q_proj"], bias="lora_only")),
    "whole": (LLAMA, peft.LoraConfig(**LORA, modules_to_save=["lm_head"])),
    "embedding": (LLAMA, peft.LoraConfig(r=4, target_modules=["embed_tokens", "q_proj"])),
    "conv1d": (GPT2, peft.LoraConfig(r=4, target_modules=["c_attn", "c_proj"])),
    "conv1d dora": (GPT2, peft.LoraConfig(r=4, target_modules=["c_attn", "c_fc"], use_dora=True)),
    "ia3": (
        QWEN2,
        peft.IA3Config(
            target_modules=["k_proj", "o_proj", "down_proj"], feedforward_modules=["down_proj"]
        ),
    ),
    "ia3 conv1d": (
        GPT2,
        peft.IA3Config(target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"]),
    ),
    "loha by peft": (LLAMA, peft.LoHaConfig(r=4, target_modules=["q_proj", "v_proj"])),
    "pissa by peft": (LLAMA, peft.LoraConfig(**LORA, init_lora_weights="pissa")),
}


def save_base(folder: Path, config: Any, dtype: torch.dtype, shard: str = "5GB") -> Path:
    """Save a random causal LM and return its folder."""
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config).to(dtype)
    model.save_pretrained(folder, max_shard_size=shard)
    return folder


def save_adapter(base: Path, folder: Path, settings: Any, kind: Any = None, **load: Any) -> Any:
    """Save an adapter with random weights; return the adapted model, not merged."""
    kind = kind or transformers.AutoModelForCausalLM
    model = kind.from_pretrained(base, dtype="auto", **load)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = peft.get_peft_model(model, settings)
        torch.manual_seed(1)
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data += torch.randn_like(weight) * 0.05
        model.save_pretrained(folder)
        return peft.PeftModel.from_pretrained(
            kind.from_pretrained(base, dtype="auto", **load), folder
        ).eval()


def logits(model: Any) -> torch.Tensor:
    """Return the model's logits for a fixed prompt."""
    with torch.no_grad():
        return model(torch.arange(12).reshape(1, -1) * 7 % 96).logits.float()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("case", CASES)
def test_equals_peft(tmp_path: Path, case: str, dtype: torch.dtype) -> None:
    config, settings = CASES[case]
    base = save_base(tmp_path / "base", config, dtype)
    adapted = save_adapter(base, tmp_path / "adapter", settings)
    expected = logits(adapted)
    report = merge(base, tmp_path / "adapter", tmp_path / "out")
    peft_model = adapted.merge_and_unload(safe_merge=True)
    merged = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype="auto")
    assert report.streamed == ("by peft" not in case)
    assert merged.dtype == dtype
    ours, theirs = merged.state_dict(), peft_model.state_dict()
    assert ours.keys() == theirs.keys()
    limit = 1e-6 if dtype == torch.float32 else 2**-8
    for name, weight in theirs.items():
        assert torch.allclose(ours[name].float(), weight.float(), rtol=limit, atol=limit), name
    assert torch.allclose(logits(merged), expected, atol=1e-5 if limit == 1e-6 else 0.05)


def test_rounds_once(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", LLAMA, torch.bfloat16)
    save_adapter(base, tmp_path / "adapter", peft.LoraConfig(**LORA))
    merge(base, tmp_path / "adapter", tmp_path / "out")
    name = "model.layers.0.mlp.up_proj"
    pieces = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    down = pieces[f"base_model.model.{name}.lora_A.weight"].double()
    up = pieces[f"base_model.model.{name}.lora_B.weight"].double()
    exact = load_file(base / "model.safetensors")[f"{name}.weight"].double() + 3 * up @ down
    ours = load_file(tmp_path / "out" / "model.safetensors")[f"{name}.weight"]
    assert (ours == exact.to(torch.bfloat16)).float().mean() > 0.999


def test_shards_load_in_a_fresh_process(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", LLAMA, torch.bfloat16, shard="20KB")
    assert (base / "model.safetensors.index.json").exists()
    expected = logits(save_adapter(base, tmp_path / "adapter", peft.LoraConfig(**LORA)))
    report = merge(base, tmp_path / "adapter", tmp_path / "out", shard_bytes=30_000)
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) > 1
    assert index["metadata"]["total_size"] == report.bytes
    code = (
        "import sys, torch, transformers as t\n"
        "m, info = t.AutoModelForCausalLM.from_pretrained("
        "sys.argv[1], dtype='auto', output_loading_info=True)\n"
        "assert not info['missing_keys'] and not info['unexpected_keys'], info\n"
        "torch.save(m(torch.arange(12).reshape(1, -1) * 7 % 96).logits.float(), sys.argv[2])\n"
    )
    args = [sys.executable, "-c", code, str(tmp_path / "out"), str(tmp_path / "logits")]
    subprocess.run(args, check=True)
    assert torch.allclose(torch.load(tmp_path / "logits"), expected, atol=0.05)


def test_mixed_types_stay_aligned(tmp_path: Path) -> None:
    tensors = {"a": torch.ones(3, dtype=torch.bfloat16), "b": torch.rand(5), "c": torch.tensor(7)}
    save_file(tensors, tmp_path / "model.safetensors")
    weights = open_model(tmp_path)
    outputs = [unchanged(name, weights, name) for name in tensors]
    (tmp_path / "out").mkdir()
    write_shards(outputs, tmp_path / "out", 1 << 20, lambda name: None)
    written = load_file(tmp_path / "out" / "model.safetensors")
    assert written.keys() == tensors.keys()
    assert all(torch.equal(written[name], tensors[name]) for name in tensors)
    data = (tmp_path / "out" / "model.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    for name, tensor in tensors.items():
        assert header[name]["data_offsets"][0] % tensor.itemsize == 0


@pytest.mark.parametrize("plain", [True, False], ids=["base without prefix", "with prefix"])
@pytest.mark.filterwarnings("ignore")
def test_classifier_of_an_encoder(tmp_path: Path, plain: bool) -> None:
    torch.manual_seed(0)
    kind = transformers.BertModel if plain else transformers.BertForPreTraining
    kind(BERT).save_pretrained(tmp_path / "base")
    settings = peft.LoraConfig(r=4, target_modules=["query", "value"], task_type="SEQ_CLS")
    sequence = transformers.AutoModelForSequenceClassification
    names = {0: "a", 1: "b", 2: "c"}
    adapted = save_adapter(
        tmp_path / "base", tmp_path / "adapter", settings, sequence, id2label=names
    )
    overlay = {
        "architectures": ["BertForSequenceClassification"],
        "id2label": names,
        "label2id": {name: number for number, name in names.items()},
    }
    merge(tmp_path / "base", tmp_path / "adapter", tmp_path / "out", config=overlay)
    merged, info = sequence.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    assert merged.config.id2label == names
    assert torch.allclose(logits(merged), logits(adapted), atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_classifier_of_a_language_model(tmp_path: Path) -> None:
    base = save_base(tmp_path / "base", TIED, torch.float32)
    settings = peft.LoraConfig(**LORA, task_type="SEQ_CLS")
    sequence = transformers.AutoModelForSequenceClassification
    adapted = save_adapter(
        base, tmp_path / "adapter", settings, sequence, num_labels=3, pad_token_id=0
    )
    overlay = {
        "architectures": ["LlamaForSequenceClassification"],
        "id2label": {0: "x", 1: "y", 2: "z"},
        "pad_token_id": 0,
    }
    merge(base, tmp_path / "adapter", tmp_path / "out", config=overlay)
    merged, info = sequence.from_pretrained(tmp_path / "out", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    assert torch.allclose(logits(merged), logits(adapted), atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "settings",
    [
        peft.LoraConfig(r=4, target_modules=["lm_head", "q_proj"]),
        peft.LoraConfig(r=4, target_modules=["embed_tokens", "q_proj"]),
        peft.LoraConfig(r=4, target_modules=["q_proj"], modules_to_save=["lm_head"]),
        peft.LoraConfig(r=4, target_modules=["q_proj"], modules_to_save=["embed_tokens"]),
    ],
    ids=["lora head", "lora embedding", "whole head", "whole embedding"],
)
def test_unties_where_one_of_two_changes(tmp_path: Path, settings: peft.LoraConfig) -> None:
    base = save_base(tmp_path / "base", TIED, torch.float32)
    assert "lm_head.weight" not in load_file(base / "model.safetensors")
    expected = logits(save_adapter(base, tmp_path / "adapter", settings))
    merge(base, tmp_path / "adapter", tmp_path / "out")
    merged = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert merged.config.tie_word_embeddings is False
    assert torch.allclose(logits(merged), expected, atol=1e-6)


@pytest.fixture
def pair(tmp_path: Path) -> SimpleNamespace:
    """Return a base and a LoRA adapter for it, as folders."""
    base = save_base(tmp_path / "base", LLAMA, torch.float32)
    save_adapter(base, tmp_path / "adapter", peft.LoraConfig(r=2, target_modules=["q_proj"]))
    (tmp_path / "work").mkdir()
    return SimpleNamespace(base=base, adapter=tmp_path / "adapter", out=tmp_path / "work" / "out")


def refused(pair: SimpleNamespace, words: str, **more: Any) -> None:
    """Require a refusal that says `words` and leaves nothing behind."""
    before = sorted(pair.out.parent.rglob("*"))
    with pytest.raises(ExportError, match=words) as caught:
        merge(pair.base, pair.adapter, pair.out, **more)
    assert caught.value.step() or isinstance(caught.value, MergeStopped)
    assert sorted(pair.out.parent.rglob("*")) == before


def edit_adapter(pair: SimpleNamespace, change: Any) -> None:
    """Rewrite the adapter's tensors."""
    path = pair.adapter / "adapter_model.safetensors"
    save_file(change(load_file(path)), path)


def test_refuses_a_full_folder(pair: SimpleNamespace) -> None:
    pair.out.mkdir()
    (pair.out / "mine.txt").write_text("mine")
    refused(pair, "not empty")


def test_takes_an_empty_folder(pair: SimpleNamespace) -> None:
    pair.out.mkdir()
    assert merge(pair.base, pair.adapter, pair.out).changed == 2


def test_refuses_strange_layers(pair: SimpleNamespace) -> None:
    edit_adapter(pair, lambda old: {k.replace("layers.1", "layers.9"): v for k, v in old.items()})
    refused(pair, "has no model.layers.9")


def test_refuses_other_shapes(pair: SimpleNamespace) -> None:
    edit_adapter(pair, lambda old: {k: v[:, :2].contiguous() for k, v in old.items()})
    refused(pair, "shape")


def test_refuses_broken_numbers(pair: SimpleNamespace) -> None:
    edit_adapter(pair, lambda old: {k: v * torch.nan for k, v in old.items()})
    refused(pair, "not finite")


def test_refuses_a_full_disk(pair: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    refused(pair, "0.0 GB free")


def test_refuses_a_quantised_base(pair: SimpleNamespace) -> None:
    config = json.loads((pair.base / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes"}
    (pair.base / "config.json").write_text(json.dumps(config))
    refused(pair, "quantised")


def test_refuses_a_base_without_safetensors(pair: SimpleNamespace) -> None:
    (pair.base / "model.safetensors").unlink()
    refused(pair, "no safetensors")


def test_refuses_what_cannot_be_merged(pair: SimpleNamespace) -> None:
    shutil.rmtree(pair.adapter)
    settings = peft.PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM")
    save_adapter(pair.base, pair.adapter, settings)
    refused(pair, "PROMPT_TUNING cannot be merged")


def test_a_stop_leaves_nothing(pair: SimpleNamespace) -> None:
    seen: list[tuple[int, int, str]] = []
    refused(
        pair,
        "stopped",
        progress=lambda *step: seen.append(step),
        stopped=lambda: len(seen) == 3,
    )
    assert [step[0] for step in seen] == [1, 2, 3]


def test_a_failed_write_leaves_nothing(
    pair: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "copy_side_files", fail)
    refused(pair, "disk is full")


def test_side_files(pair: SimpleNamespace, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "LICENSE"):
        (pair.base / name).write_text("{}")
    (pair.base / "pytorch_model.bin").write_text("pickle")
    mine = tmp_path / "tokenizer"
    mine.mkdir()
    (mine / "tokenizer.json").write_text("mine")
    (mine / "tokenizer_config.json").write_text("mine")
    merge(pair.base, pair.adapter, pair.out, tokenizer=mine)
    names = {file.name for file in pair.out.iterdir()}
    assert names == {
        "LICENSE",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert (pair.out / "tokenizer.json").read_text() == "mine"
