"""GGUF files: their headers, and files that are cut short."""

from pathlib import Path

import numpy as np
import pytest

from studio.errors import ModelError
from studio.models.ggufs import converted_folder, inspect_gguf


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a small whole file."""
    from gguf import GGUFWriter

    file = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = GGUFWriter(file, "llama")
    writer.add_name("Tiny")
    writer.add_license("mit")
    writer.add_block_count(2)
    writer.add_embedding_length(8)
    writer.add_feed_forward_length(16)
    writer.add_head_count(4)
    writer.add_head_count_kv([2, 1])
    writer.add_context_length(64)
    writer.add_chat_template("{{ messages }}")
    writer.add_token_list(["a", "b"])
    writer.add_tensor("token_embd.weight", np.zeros((32, 8), np.float32))
    writer.add_tensor("blk.0.attn_q.weight", np.zeros((8, 8), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file.read_bytes()


def test_header(tmp_path: Path, whole: bytes) -> None:
    """Every figure that a model page shows."""
    file = tmp_path / "tiny.Q4.gguf"
    file.write_bytes(whole)
    facts = inspect_gguf(file)
    assert (facts.name, facts.kind, facts.model_type, facts.licence) == (
        "Tiny",
        "gguf",
        "llama",
        "mit",
    )
    assert (facts.parameters, facts.layers, facts.width, facts.inner_width) == (320, 2, 8, 16)
    assert (facts.heads, facts.kv_heads, facts.context, facts.vocabulary) == (4, 2, 64, 32)
    assert (facts.dtype, facts.bytes, facts.tied) == ("F32", len(whole), True)
    assert (facts.chat_template, facts.tokenizer, facts.generates, facts.ready) == (
        True,
        True,
        True,
        False,
    )


@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_cut_short(tmp_path: Path, whole: bytes, share: float) -> None:
    """Wherever: one sentence that names the file."""
    file = tmp_path / "cut.gguf"
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ModelError, match=r"cut\.gguf is not a whole GGUF file"):
        inspect_gguf(file)


def test_other_files(tmp_path: Path) -> None:
    """A text with the wrong name."""
    file = tmp_path / "x.gguf"
    file.write_text("hello " * 100, "utf-8")
    with pytest.raises(ModelError, match="is not a whole GGUF file"):
        inspect_gguf(file)


def test_converted_folder_follows_the_file(tmp_path: Path) -> None:
    """A changed file is another model."""
    file = tmp_path / "x.gguf"
    file.write_bytes(b"1")
    first = converted_folder(file, tmp_path)
    assert first == converted_folder(file, tmp_path)
    assert first.name.startswith("x-")
    file.write_bytes(b"12")
    assert first != converted_folder(file, tmp_path)
