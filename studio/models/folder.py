"""Look at a model folder: config and safetensors headers only, never the weights."""

import json
import re
from collections import Counter
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from studio.errors import ModelError
from studio.models.facts import ModelFacts, from_config
from studio.words import mark

_TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight")
_HEADS = ("lm_head.weight", "embed_out.weight")


def inspect_folder(folder: Path) -> ModelFacts:
    """Describe the model in a folder.

    Raises ModelError: no such folder, no model in it, broken or incomplete weights.
    """
    if not folder.is_dir():
        raise ModelError(
            mark("There is no folder {folder}."), mark("Choose another model."), folder=folder
        )
    facts = replace(
        from_config(str(folder), folder.name, "folder", _config(folder)), **_texts(folder)
    )
    shards = weight_files(folder)
    if shards:
        return _measured(facts, shards)
    pickles = sorted(folder.glob("pytorch_model*.bin"))
    if pickles:
        return replace(facts, pickled=True, bytes=_bytes(pickles), files=len(pickles))
    raise ModelError(
        mark("The folder {folder} has no weights."),
        mark("Choose a folder that holds model.safetensors."),
        folder=folder.name,
    )


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that make up the model, as transformers would take them.

    Raises ModelError when the index names files that are not there.
    """
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return [file] if (file := folder / "model.safetensors").is_file() else []
    names = sorted(set(_map(index).values()))
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            mark("{count} of {total} weight files are missing, first {name}."),
            mark("Fetch or copy the model again."),
            count=len(missing),
            total=len(names),
            name=missing[0],
        )
    return [folder / name for name in names]


def _map(index: Path) -> dict[str, str]:
    """Return which file holds which tensor; raises ModelError."""
    found = _json(index).get("weight_map")
    if isinstance(found, dict) and found:
        return {str(name): str(file) for name, file in found.items()}
    raise ModelError(
        mark("{file} names no weights."), mark("Fetch or copy the model again."), file=index.name
    )


def _measured(facts: ModelFacts, shards: list[Path]) -> ModelFacts:
    """Add what the headers of the weights say; raises ModelError when they do not belong."""
    tensors: dict[str, tuple[list[int], str]] = {}
    for shard in shards:
        tensors.update(_tensors(shard))
    _same_model(facts, tensors, shards[0].parent)
    sizes: Counter[str] = Counter()
    for shape, dtype in tensors.values():
        sizes[dtype] += prod(shape)
    return replace(
        facts,
        parameters=sizes.total(),
        dtype=facts.dtype or sizes.most_common(1)[0][0],
        tied=not any(name.endswith(_HEADS) for name in tensors),
        bytes=_bytes(shards),
        files=len(shards),
    )


def _same_model(facts: ModelFacts, tensors: dict[str, tuple[list[int], str]], folder: Path) -> None:
    """Hold the weights against index and config; raises ModelError when they differ."""
    index = folder / "model.safetensors.index.json"
    missing = sorted(_map(index).keys() - tensors.keys()) if index.is_file() else []
    if missing or not tensors:
        raise ModelError(
            mark("The weights in {folder} are not whole: {name} is missing."),
            mark("Fetch or copy the model again."),
            folder=folder.name,
            name=missing[0] if missing else "*",
        )
    widths = [shape[-1] for name, (shape, _) in tensors.items() if name.endswith(_EMBEDDINGS)]
    if widths and facts.width and widths[0] != facts.width:
        raise ModelError(
            mark("The weights in {folder} are {found} wide, its config.json says {expected}."),
            mark("Fetch or copy the model again."),
            folder=folder.name,
            found=widths[0],
            expected=facts.width,
        )


def _tensors(shard: Path) -> dict[str, tuple[list[int], str]]:
    """Return shape and type of each tensor; raises ModelError when the file is broken."""
    try:
        with safe_open(shard, framework="numpy") as weights:
            slices = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118
            return {name: (one.get_shape(), one.get_dtype()) for name, one in slices.items()}
    except (SafetensorError, OSError) as reason:
        raise ModelError(
            mark("The weights {file} are damaged or cut short: {reason}."),
            mark("Fetch or copy the model again."),
            file=shard.name,
            reason=str(reason).removeprefix("Error while deserializing header: "),
        ) from reason


def _config(folder: Path) -> dict[str, Any]:
    """Return config.json; raises ModelError when there is none."""
    file = folder / "config.json"
    if not file.is_file():
        adapter = (folder / "adapter_config.json").is_file()
        raise ModelError(
            mark("The folder {folder} is an adapter, not a model.")
            if adapter
            else mark("The folder {folder} is no model: it has no config.json."),
            mark("Choose the base model it was trained on.")
            if adapter
            else mark("Choose a folder that holds config.json and model.safetensors."),
            folder=folder.name,
        )
    return _json(file)


def _json(file: Path) -> dict[str, Any]:
    """Read a JSON object; raises ModelError."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (ValueError, OSError) as reason:
        raise ModelError(
            mark("{file} cannot be read: {reason}."),
            mark("Fetch or copy the model again."),
            file=file.name,
            reason=reason,
        ) from reason
    if isinstance(found, dict):
        return found
    raise ModelError(
        mark("{file} holds no settings."), mark("Fetch or copy the model again."), file=file.name
    )


def _texts(folder: Path) -> dict[str, Any]:
    """Find what tokenizer, chat template and licence the folder has."""
    settings = folder / "tokenizer_config.json"
    known = _json(settings) if settings.is_file() else {}
    template = bool(known.get("chat_template")) or (folder / "chat_template.jinja").is_file()
    return {
        "tokenizer": any((folder / name).is_file() for name in _TOKENIZERS),
        "chat_template": template,
        "licence": _licence(folder),
    }


def _licence(folder: Path) -> str:
    """Return the licence that the model card's head names, or nothing."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    head = card.read_text("utf-8", errors="replace")[:4000]
    found = re.search(r"^license:\s*([^\n]+)$", head, re.MULTILINE)
    return found[1].strip().strip("\"'") if found else ""


def _bytes(files: list[Path]) -> int:
    """Return the bytes of files."""
    return sum(file.stat().st_size for file in files)
