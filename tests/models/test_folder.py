"""Model folders: what their headers say, and every way in which they can be broken."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.errors import ModelError
from studio.models.facts import from_config
from studio.models.folder import inspect_folder, weight_files
from tests.helpers.tiny import tiny_bert, tiny_llama

_CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 8}


def _folder(folder: Path, **files: Any) -> Path:
    """Write a small model folder; a value that is no text is written as JSON."""
    folder.mkdir(exist_ok=True)
    for name, content in ({"config.json": _CONFIG} | files).items():
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / name).write_text(text, "utf-8")
    return folder


def _weights(file: Path, *names: str, width: int = 8) -> Path:
    """Write weights of 10 rows each."""
    save_file({name: np.zeros((10, width), np.float16) for name in names}, file)
    return file


def _said(folder: Path) -> str:
    """Return what is said of a folder that is no model."""
    with pytest.raises(ModelError) as found:
        inspect_folder(folder)
    assert found.value.step()
    return found.value.sentence()


def test_real_model(tmp_path: Path) -> None:
    """As transformers saves it."""
    folder = tiny_llama(tmp_path / "llama")
    facts = inspect_folder(folder)
    assert (facts.model_type, facts.architecture, facts.layers) == ("llama", "LlamaForCausalLM", 2)
    assert (facts.width, facts.inner_width, facts.heads, facts.kv_heads) == (64, 128, 4, 2)
    assert (facts.head_width, facts.context, facts.dtype) == (16, 256, "bfloat16")
    assert (facts.chat_template, facts.tokenizer, facts.tied, facts.ready) == (
        True,
        True,
        True,
        True,
    )
    assert (facts.files, facts.generates, facts.pickled) == (1, True, False)
    assert facts.parameters * 2 == pytest.approx(facts.bytes, rel=0.1)
    assert (
        facts.parameters
        == 2 * (64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128 + 128) + 64 + facts.vocabulary * 64
    )


def test_encoder(tmp_path: Path) -> None:
    """Does not write text, and has no chat template."""
    facts = inspect_folder(tiny_bert(tmp_path / "bert"))
    assert (facts.model_type, facts.generates, facts.chat_template) == ("bert", False, False)


def test_shards_and_head(tmp_path: Path) -> None:
    """All files of the index count; a head of its own is not tied."""
    folder = _folder(tmp_path / "m", **{"README.md": "---\nlicense: 'mit'\n---\n"})
    _weights(folder / "a.safetensors", "model.embed_tokens.weight")
    _weights(folder / "b.safetensors", "lm_head.weight")
    _weights(folder / "unused.safetensors", "x")
    index = {"model.embed_tokens.weight": "a.safetensors", "lm_head.weight": "b.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}), "utf-8")
    facts = inspect_folder(folder)
    assert (facts.parameters, facts.files, facts.tied) == (160, 2, False)
    assert (facts.dtype, facts.licence, facts.tokenizer) == ("F16", "mit", False)


def test_only_what_transformers_loads(tmp_path: Path) -> None:
    """A second form of the weights beside them does not count twice."""
    folder = _folder(tmp_path / "m")
    _weights(folder / "model.safetensors", "x")
    _weights(folder / "consolidated.safetensors", "x")
    assert [file.name for file in weight_files(folder)] == ["model.safetensors"]


def test_pickled(tmp_path: Path) -> None:
    """Said, and never read."""
    folder = _folder(tmp_path / "m", **{"pytorch_model.bin": "xyz"})
    facts = inspect_folder(folder)
    assert (facts.pickled, facts.bytes, facts.files) == (True, 3, 1)


def test_no_such_folder(tmp_path: Path) -> None:
    """The path is in the sentence."""
    assert _said(tmp_path / "none") == f"There is no folder {tmp_path / 'none'}."


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"config.json": None}, "The folder m is no model: it has no config.json."),
        ({"config.json": None, "adapter_config.json": {}}, "The folder m is an adapter, not"),
        ({"config.json": "{"}, "config.json cannot be read"),
        ({"config.json": "[1]"}, "config.json holds no settings."),
        ({}, "The folder m has no weights."),
        ({"training_args.bin": "x"}, "The folder m has no weights."),
        ({"model.safetensors": ""}, "The weights model.safetensors are damaged or cut short"),
        ({"model.safetensors": "x" * 100}, "The weights model.safetensors are damaged"),
        ({"model.safetensors.index.json": {}}, "model.safetensors.index.json names no weights."),
        ({"model.safetensors.index.json": {"weight_map": dict.fromkeys("ab", "1.safetensors")}},
         "1 of 1 weight files are missing, first 1.safetensors."),
    ],
)  # fmt: skip
def test_folders_that_are_no_model(tmp_path: Path, files: dict[str, Any], said: str) -> None:
    """One sentence each."""
    assert said in _said(_folder(tmp_path / "m", **files))


@pytest.mark.parametrize("share", [0.2, 0.9, 0.999])
def test_truncated_weights(tmp_path: Path, share: float) -> None:
    """In the header, or anywhere behind it."""
    folder = _folder(tmp_path / "m")
    file = _weights(folder / "model.safetensors", *map(str, range(20)))
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    assert "damaged or cut short" in _said(folder)


def test_weights_of_another_model(tmp_path: Path) -> None:
    """Another width than the config's, or a tensor that the index promises."""
    folder = _folder(tmp_path / "m")
    _weights(folder / "model.safetensors", "model.embed_tokens.weight", width=16)
    assert _said(folder) == "The weights in m are 16 wide, its config.json says 8."
    index = {"weight_map": {"model.norm.weight": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    assert _said(folder) == "The weights in m are not whole: model.norm.weight is missing."


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"n_embd": 8, "n_layer": 2, "n_head": 4, "n_positions": 64}, (8, 2, 4, 4, 2, 32, 64)),
        ({"text_config": {"hidden_size": 8, "num_attention_heads": 4, "num_key_value_heads": 1,
                          "head_dim": 16}}, (8, 0, 4, 1, 16, 32, 0)),
        ({"hidden_size": [1, 2], "num_attention_heads": True, "text_config": "odd"}, (0,) * 7),
        ({}, (0,) * 7),
    ],
)  # fmt: skip
def test_names_of_families(config: dict[str, Any], expected: tuple[int, ...]) -> None:
    """GPT-2's, a multimodal model's, and nonsense."""
    facts = from_config("x", "x", "folder", config)
    found = (facts.width, facts.layers, facts.heads, facts.kv_heads, facts.head_width,
             facts.inner_width, facts.context)  # fmt: skip
    assert found == expected
