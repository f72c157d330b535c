"""Look at a .gguf file: its header only."""

import hashlib
import json
from pathlib import Path
from typing import Any

from studio.errors import ModelError
from studio.models.facts import ModelFacts
from studio.words import mark


def inspect_gguf(file: Path) -> ModelFacts:
    """Describe the model in a .gguf file; raises ModelError when it is none or broken."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(file)
    except (ValueError, OSError, KeyError, IndexError, OverflowError, MemoryError) as reason:
        raise ModelError(
            mark("{file} is not a whole GGUF file: {reason}."),
            mark("Fetch or copy the file again."),
            file=file.name,
            reason=str(reason).split("\n")[0].rstrip("."),
        ) from reason
    read = _Fields(reader)
    return ModelFacts(
        source=str(file),
        name=read("general.name") or file.stem,
        kind="gguf",
        model_type=read.family,
        parameters=sum(int(tensor.n_elements) for tensor in reader.tensors),
        layers=read.number("block_count"),
        width=read.number("embedding_length"),
        inner_width=read.number("feed_forward_length"),
        heads=read.number("attention.head_count"),
        kv_heads=read.number("attention.head_count_kv") or read.number("attention.head_count"),
        head_width=read.number("attention.key_length"),
        vocabulary=_vocabulary(reader),
        context=read.number("context_length"),
        dtype=_type(reader),
        bytes=file.stat().st_size,
        files=1,
        licence=read("general.license"),
        chat_template=bool(read("tokenizer.chat_template")),
        tokenizer="tokenizer.ggml.tokens" in reader.fields,
        tied=not any(tensor.name == "output.weight" for tensor in reader.tensors),
        ready=False,
    )


class _Fields:
    """The header's values by name."""

    def __init__(self, reader: Any) -> None:
        self._fields = reader.fields
        self.family = self("general.architecture")

    def __call__(self, name: str) -> str:
        """Return a text, or nothing."""
        field = self._fields.get(name)
        return str(field.contents()) if field else ""

    def number(self, name: str) -> int:
        """Return a number of the model's family, the largest where layers differ, or 0."""
        field = self._fields.get(f"{self.family}.{name}")
        found = field.contents() if field else 0
        return int(max(found) if isinstance(found, list) else found)


def _vocabulary(reader: Any) -> int:
    """Return how many tokens the model knows, from the embedding's shape."""
    shapes = [tensor.shape for tensor in reader.tensors if tensor.name == "token_embd.weight"]
    return int(max(shapes[0])) if shapes else 0


def _type(reader: Any) -> str:
    """Return the most used tensor type, such as Q4_1."""
    sizes: dict[str, int] = {}
    for tensor in reader.tensors:
        name = tensor.tensor_type.name
        sizes[name] = sizes.get(name, 0) + int(tensor.n_elements)
    return max(sizes, key=lambda name: sizes[name], default="")


def converted_folder(file: Path, models: Path) -> Path:
    """Return where the 16-bit safetensors of a .gguf file go; a changed file gets another."""
    stat = file.stat()
    key = json.dumps([str(file.resolve()), stat.st_size, stat.st_mtime_ns])
    return models / "converted" / f"{file.stem}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
