"""What an adapter does to one weight of its base, by PEFT type.

A `Change` alters some rows of the base in place, in float32, so that the caller rounds once, to
the base's own dtype. Rows are taken a few at a time: a piece that stays in the processor's cache
is several times faster than the whole tensor, and nothing large is ever held.
"""

import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from studio.engine.shards import Part
from studio.errors import ExportError
from studio.words import mark

Change = Callable[[Tensor, slice], None]
Pieces = Mapping[str, Tensor]
CHUNK = 1 << 20
INSTEAD = mark("Export the adapter instead.")
# Model types whose linear layers are GPT-2's Conv1D, which keep their weights as (in, out).
CONV1D = {"gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp"}
# Starting points that leave the base as it was; the others split the base's own weights.
PLAIN_STARTS = (True, False, None, "gaussian", "orthogonal", "eva")
LORA_VARIANTS = (
    "alora_invocation_tokens",
    "arrow_config",
    "ensure_weight_tying",
    "kasa_config",
    "layer_replication",
    "monteclora_config",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_qalora",
    "velora_config",
)


@dataclass(frozen=True)
class Layer:
    """One adapted layer: its name in the model, and what the adapter's config says of it."""

    name: str
    config: Mapping[str, Any]
    model_type: str = ""


@dataclass(frozen=True)
class Method:
    """How one PEFT type is merged: `suffix` finds its tensors, the rest makes the changes."""

    suffix: re.Pattern[str]
    understands: Callable[[Mapping[str, Any]], bool]
    fits: Callable[[tuple[int, ...], Mapping[str, tuple[int, ...]], Layer], bool]
    weight: Callable[[Tensor, Pieces, Layer], Change]
    bias: Callable[[Pieces, Layer], Change | None]


class _Scratch(threading.local):
    """Buffers of a thread; fresh ones for every few rows would cost more than the sums."""

    def __init__(self) -> None:
        self.flat: dict[tuple[torch.dtype, str], Tensor] = {}

    def take(self, shape: tuple[int, ...], dtype: torch.dtype, device: str) -> Tensor:
        """Return an uninitialised tensor, good until the thread asks for the next like it."""
        size = math.prod(shape)
        flat = self.flat.get((dtype, device))
        if flat is None or len(flat) < size:
            flat = torch.empty(max(size, CHUNK), dtype=dtype, device=device)
            self.flat[dtype, device] = flat
        return flat[:size].view(shape)


_scratch = _Scratch()


def parts(base: Tensor, change: Change, dtype: torch.dtype, device: str) -> Iterator[Part]:
    """Yield the changed base from its first row to its last, a few rows at a time.

    A part is its size in bytes and the function that computes it, in any thread: a CPU tensor
    that is good until that thread computes another. The function raises ExportError where a
    number is not finite.
    """
    wide = torch.promote_types(base.dtype, torch.float32)
    width = base[0].numel()

    def compute(rows: slice) -> Tensor:
        shape = (rows.stop - rows.start, *base.shape[1:])
        work = _scratch.take(shape, wide, device).copy_(base[rows])
        change(work, rows)
        _require_finite(work)
        return work if work.dtype == dtype and device == "cpu" else _round(work, dtype)

    for rows in _slices(len(base), max(1, CHUNK // max(1, width))):
        yield (rows.stop - rows.start) * width * dtype.itemsize, partial(compute, rows)


def _round(work: Tensor, dtype: torch.dtype) -> Tensor:
    return _scratch.take(tuple(work.shape), dtype, "cpu").copy_(work)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep torch's operations on the thread that calls them.

    On pieces this small, torch's own threads wait for each other at every operation: 17 s of
    processor time instead of 2 for a model of 1 B on two busy cores.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _slices(length: int, step: int) -> Iterator[slice]:
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))


def _require_finite(values: Tensor) -> None:
    if not math.isfinite(values.sum().item()):
        raise ExportError(
            mark("The merged weights hold numbers that are not finite: the adapter is broken."),
            mark("Merge an earlier checkpoint of the run."),
        )


def _wide(tensor: Tensor, like: Tensor) -> Tensor:
    return tensor.to(device=like.device, dtype=like.dtype)


def _lora_understood(config: Mapping[str, Any]) -> bool:
    start = config.get("init_lora_weights", True)
    return start in PLAIN_STARTS and not any(config.get(name) for name in LORA_VARIANTS)


def _factors(pieces: Mapping[str, Any]) -> tuple[Any, Any]:
    if "lora_embedding_A" in pieces:
        return pieces["lora_embedding_A"], pieces["lora_embedding_B"]
    return pieces["lora_A"], pieces["lora_B"]


def _flipped(shape: tuple[int, ...], fan_in: int, fan_out: int, layer: Layer) -> bool:
    """Say whether the base holds (in, out) rather than (out, in)."""
    return shape == (fan_in, fan_out) if fan_in != fan_out else _square_flipped(layer)


def _square_flipped(layer: Layer) -> bool:
    # A square's shape does not tell, and the config's own flag is that of its last layer only.
    head = layer.name.rpartition(".")[2] in {"lm_head", "score"}
    conv1d = layer.model_type in CONV1D and not head
    return conv1d or bool(layer.config.get("fan_in_fan_out"))


def _lora_fits(shape: tuple[int, ...], pieces: Mapping[str, tuple[int, ...]], layer: Layer) -> bool:
    if not {"lora_A", "lora_B"} <= set(pieces) and "lora_embedding_A" not in pieces:
        return False
    down, up = _factors(pieces)
    if len(down) != 2 or len(up) != 2 or down[0] != up[1]:
        return False
    flipped = "lora_embedding_A" in pieces or _flipped(shape, down[1], up[0], layer)
    return shape == ((down[1], up[0]) if flipped else (up[0], down[1]))


def _scale(rank: int, layer: Layer) -> float:
    """Return alpha / r, or alpha / sqrt(r) for rsLoRA (https://arxiv.org/abs/2312.03732)."""
    alpha = layer.config.get("lora_alpha", 8)
    for pattern, own in (layer.config.get("alpha_pattern") or {}).items():
        # As peft.utils.other.get_pattern_key matches; importing peft takes longer than merging.
        if re.match(rf"(.*\.)?({pattern})$", layer.name):
            alpha = own
            break
    return float(alpha / (math.sqrt(rank) if layer.config.get("use_rslora") else rank))


def _lora_weight(base: Tensor, pieces: Pieces, layer: Layer) -> Change:
    down, up = (factor.float() for factor in _factors(pieces))
    shape = tuple(base.shape)
    flipped = "lora_embedding_A" in pieces or _flipped(shape, down.shape[1], up.shape[0], layer)
    up = up * _scale(len(down), layer)
    left, right = (down.T, up.T) if flipped else (up, down)

    def change(rows: Tensor, at: slice) -> None:
        rows.addmm_(_wide(left[at], rows), _wide(right, rows))

    magnitude = pieces.get("lora_magnitude_vector")
    if magnitude is None:
        return change
    return _dora_columns(base, change, magnitude) if flipped else _dora_rows(change, magnitude)


def _dora_rows(change: Change, magnitude: Tensor) -> Change:
    """Give each row the trained length (DoRA, https://arxiv.org/abs/2402.09353)."""

    def scaled(rows: Tensor, at: slice) -> None:
        change(rows, at)
        length = _wide(magnitude.flatten()[at], rows)
        rows.mul_((length / rows.norm(dim=1)).unsqueeze(1))

    return scaled


def _dora_columns(base: Tensor, change: Change, magnitude: Tensor) -> Change:
    """Give each column the trained length; needs one look at the whole base beforehand."""
    squares = torch.zeros(base.shape[1], dtype=torch.float64)
    step = max(1, CHUNK // base.shape[1])
    for at in _slices(len(base), step):
        rows = base[at].to(torch.float32, copy=True)
        change(rows, at)
        squares += rows.double().square().sum(dim=0)
    factor = magnitude.double().flatten() / squares.sqrt()

    def scaled(rows: Tensor, at: slice) -> None:
        change(rows, at)
        rows.mul_(_wide(factor, rows))

    return scaled


def _lora_bias(pieces: Pieces, layer: Layer) -> Change | None:
    bias = pieces.get("lora_B.bias")
    if bias is None:
        return None
    scaled = bias.float() * _scale(len(_factors(pieces)[0]), layer)

    def change(rows: Tensor, at: slice) -> None:
        rows.add_(_wide(scaled[at], rows))

    return change


def _ia3_fits(shape: tuple[int, ...], pieces: Mapping[str, tuple[int, ...]], layer: Layer) -> bool:
    scale = pieces["ia3_l"]
    if len(shape) != 2 or len(scale) != 2 or 1 not in scale:
        return False
    return max(scale) in shape


def _ia3_weight(base: Tensor, pieces: Pieces, layer: Layer) -> Change:
    """Scale the columns of what a feed-forward layer reads, or the rows of what others give."""
    scale = pieces["ia3_l"]
    width = base.shape[1 if scale.shape[0] == 1 else 0]
    square = base.shape[0] == base.shape[1]
    flipped = _square_flipped(layer) if square else scale.numel() != width
    scale = scale.T if flipped else scale

    def change(rows: Tensor, at: slice) -> None:
        rows.mul_(_wide(scale if scale.shape[0] == 1 else scale[at], rows))

    return change


def _ia3_bias(pieces: Pieces, layer: Layer) -> Change | None:
    scale = pieces["ia3_l"]
    if scale.shape[0] == 1:
        return None

    def change(rows: Tensor, at: slice) -> None:
        rows.mul_(_wide(scale.flatten()[at], rows))

    return change


METHODS = {
    "LORA": Method(
        re.compile(
            r"\.(lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector|lora_B\.bias)"
            r"(?:\.weight)?$"
        ),
        _lora_understood,
        _lora_fits,
        _lora_weight,
        _lora_bias,
    ),
    "IA3": Method(
        re.compile(r"\.(ia3_l)$"), lambda config: True, _ia3_fits, _ia3_weight, _ia3_bias
    ),
}
