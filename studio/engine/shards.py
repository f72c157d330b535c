"""Read safetensors without loading them and write them tensor by tensor.

The format (https://github.com/huggingface/safetensors#format) is eight bytes with the header's
length, a JSON header that names every tensor's dtype, shape and place, and the tensors' bytes.
Header first means that shapes are enough to begin: no tensor has to be in memory early.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from studio.errors import ExportError
from studio.words import mark

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
}
PIECE = 4 << 20
WORKERS = 2
# A few bytes of a tensor: how many, and the function that gives them as a contiguous CPU tensor.
Part = tuple[int, Callable[[], torch.Tensor]]


class Weights:
    """The tensors of some safetensors files, mapped into memory and read only when touched."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._home: dict[str, Any] = {}
        for file in files:
            handle = safe_open(file, framework="pt", device="cpu")
            self._home |= dict.fromkeys(handle.offset_keys(), handle)

    def __contains__(self, name: object) -> bool:
        return name in self._home

    def __iter__(self) -> Iterator[str]:
        """Yield the names in the order in which they lie on the disk."""
        return iter(self._home)

    def tensor(self, name: str) -> torch.Tensor:
        """Return the mapped tensor."""
        return self._home[name].get_tensor(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape without touching the tensor."""
        return tuple(self._home[name].get_slice(name).get_shape())

    def dtype(self, name: str) -> str:
        """Return the dtype as safetensors writes it, such as "BF16"."""
        return str(self._home[name].get_slice(name).get_dtype())


def open_model(folder: Path) -> Weights:
    """Map the weights of a model folder; raise ExportError where it has no safetensors."""
    index = folder / INDEX
    if index.is_file():
        files = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return Weights(folder / name for name in sorted(files))
    if (folder / SINGLE).is_file():
        return Weights([folder / SINGLE])
    raise ExportError(
        mark("There are no safetensors weights in {folder}."),
        mark("Choose the folder of the 16-bit base model, with its model.safetensors."),
        folder=folder,
    )


@dataclass(frozen=True)
class Output:
    """One tensor to write: what the header says of it, and its bytes on demand.

    `parts` yields what together is the whole tensor. Parts are computed and written by several
    threads; what a thread computed is written before it computes another.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    itemsize: int
    parts: Callable[[], Iterator[Part]]


def unchanged(name: str, weights: Weights, source: str) -> Output:
    """Describe a tensor that is copied as it is."""
    tensor = weights.tensor(source)
    parts = partial(as_they_are, tensor)
    dtype, shape = weights.dtype(source), tuple(tensor.shape)
    return Output(name, dtype, shape, tensor.nbytes, tensor.itemsize, parts)


def as_they_are(tensor: torch.Tensor) -> Iterator[Part]:
    """Yield a tensor's bytes in parts."""
    if tensor.numel():
        for piece in tensor.reshape(-1).view(torch.uint8).split(PIECE):
            yield len(piece), partial(torch.Tensor.detach, piece)


def write_shards(
    outputs: list[Output], folder: Path, shard_bytes: int, wrote: Callable[[str], None]
) -> None:
    """Write the tensors as one file, or as numbered files and their index.

    `wrote(name)` is called after each tensor and may raise to stop the writing.
    """
    shards = _split(outputs, shard_bytes)
    names = [_shard_name(number, len(shards)) for number in range(1, len(shards) + 1)]
    for name, shard in zip(names, shards, strict=True):
        _write_shard(folder / name, shard, wrote)
    if len(shards) > 1:
        _write_index(folder / INDEX, dict(zip(names, shards, strict=True)))


def _split(outputs: list[Output], limit: int) -> list[list[Output]]:
    shards: list[list[Output]] = [[]]
    size = 0
    for output in outputs:
        if shards[-1] and size + output.bytes > limit:
            shards.append([])
            size = 0
        shards[-1].append(output)
        size += output.bytes
    return shards


def _shard_name(number: int, count: int) -> str:
    return SINGLE if count == 1 else f"model-{number:05d}-of-{count:05d}.safetensors"


def _write_shard(path: Path, shard: list[Output], wrote: Callable[[str], None]) -> None:
    # Readers view the bytes as the tensor's type, so wide types must come first to stay aligned.
    shard = sorted(shard, key=lambda output: -output.itemsize)
    header = _header(shard)
    path.write_bytes(header)
    under_way: deque[tuple[Future[None], str]] = deque()
    pool = ThreadPoolExecutor(WORKERS)
    try:
        for place, part, ends in _placed(shard, len(header)):
            under_way.append((pool.submit(_write_part, path, place, part), ends))
            if len(under_way) > 2 * WORKERS:
                _finish(under_way, wrote)
        while under_way:
            _finish(under_way, wrote)
    finally:
        pool.shutdown(cancel_futures=True)


def _placed(shard: list[Output], place: int) -> Iterator[tuple[int, Part, str]]:
    """Yield each part with its place in the file, and the tensor's name with its last part."""
    for output in shard:
        end = place + output.bytes
        for part in output.parts():
            place += part[0]
            yield place - part[0], part, output.name if place == end else ""


def _write_part(path: Path, place: int, part: Part) -> None:
    # Each part on the thread that computed it: handing it on would move it between caches.
    values: Any = part[1]().reshape(-1).view(torch.uint8).numpy()
    with path.open("r+b") as file:
        file.seek(place)
        file.write(values)


def _finish(under_way: deque[tuple[Future[None], str]], wrote: Callable[[str], None]) -> None:
    future, ends = under_way.popleft()
    future.result()
    if ends:
        wrote(ends)


def _header(shard: list[Output]) -> bytes:
    ends = list(accumulate(output.bytes for output in shard))
    entries: dict[str, object] = {"__metadata__": {"format": "pt"}}
    for output, end in zip(shard, ends, strict=True):
        place = [end - output.bytes, end]
        entries[output.name] = {
            "dtype": output.dtype,
            "shape": output.shape,
            "data_offsets": place,
        }
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _write_index(path: Path, shards: dict[str, list[Output]]) -> None:
    total = sum(output.bytes for shard in shards.values() for output in shard)
    places = {output.name: name for name, shard in shards.items() for output in shard}
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
    path.write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
