"""Fold an adapter into its 16-bit base: one tensor at a time, from disk to disk.

Everything is written into a hidden folder beside the target and renamed at the end, so a folder
with the target's name is whole.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from studio.engine.aside import require_empty, require_room, written_aside
from studio.engine.deltas import METHODS, one_thread_each
from studio.engine.merge_peft import merge_with_peft, require_mergeable
from studio.engine.merge_plan import WEIGHTS, RenamedError, make_plan, read_adapter
from studio.engine.shards import Weights, open_model, write_shards
from studio.errors import ExportError
from studio.words import mark

Progress = Callable[[int, int, str], None]
SIDE_SUFFIXES = {".json", ".txt", ".model", ".jinja", ".tiktoken", ".py"}
NOT_SIDE = ("config.json", "adapter_", "trainer_state", "training_args")
TOKENIZER = ("tokenizer", "vocab", "merges", "special_tokens", "added_tokens", "chat_template")


class MergeStopped(ExportError):  # noqa: N818
    """The merge was stopped on request."""


@dataclass(frozen=True)
class MergeReport:
    """What a merge wrote: tensors in all, how many differ, bytes of weights, seconds, and how."""

    tensors: int
    changed: int
    bytes: int
    seconds: float
    streamed: bool


def merge(
    base: Path,
    adapter: Path,
    out: Path,
    *,
    config: Mapping[str, Any] | None = None,
    tokenizer: Path | None = None,
    device: str = "cpu",
    shard_bytes: int = 5_000_000_000,
    progress: Progress | None = None,
    stopped: Callable[[], bool] | None = None,
) -> MergeReport:
    """Write `base` with `adapter` folded in to `out`, a folder that from_pretrained loads.

    `config` goes over the base's config.json (architectures, id2label, ...); the files in
    `tokenizer` stand in for the base's. `progress(done, total, name)` is called after each
    tensor; `stopped()` is asked as often. Raises ExportError, and then leaves nothing behind.
    """
    require_empty(out)
    job = _Job(base, adapter, dict(config or {}), device, shard_bytes, progress, stopped)
    _require_unquantised(job.plain)
    with written_aside(out) as folder:
        report = job.write(folder)
        copy_side_files(base, tokenizer, folder)
    return report


class _Job:
    """One merge: what it reads, and the two ways to write it."""

    def __init__(
        self,
        base: Path,
        adapter: Path,
        overlay: dict[str, Any],
        device: str,
        shard_bytes: int,
        progress: Progress | None,
        stopped: Callable[[], bool] | None,
    ) -> None:
        self.started = time.perf_counter()
        self.base, self.adapter, self.overlay = base, adapter, overlay
        self.device, self.shard_bytes = device, shard_bytes
        self.progress, self.stopped = progress, stopped
        self.plain = _read_json(base / "config.json")
        self.settings = _read_json(adapter / "adapter_config.json")
        self.done = 0

    def write(self, folder: Path) -> MergeReport:
        """Merge in the quickest way that can be gone."""
        if self.streams():
            with suppress(RenamedError):  # which is known before anything is written
                return self.stream(folder)
        return self.load_and_save(folder)

    def streams(self) -> bool:
        """Say whether this adapter is one that deltas.py knows."""
        method = METHODS.get(self.settings.get("peft_type", ""))
        if method is None or not (self.adapter / WEIGHTS).is_file():
            return False
        adapter = read_adapter(self.adapter, self.settings, method)
        flat = all(len(adapter.weights.shape(key)) <= 2 for key in adapter.weights)
        return flat and method.understands(self.settings)

    def stream(self, folder: Path) -> MergeReport:
        """Merge tensor by tensor."""
        adapter = read_adapter(self.adapter, self.settings, METHODS[self.settings["peft_type"]])
        weights = open_model(self.base)
        plan = make_plan(weights, adapter, self.plain, self.overlay, self.device)
        size = sum(output.bytes for output in plan.outputs)
        require_room(folder, size)
        count = len(plan.outputs)
        with one_thread_each():
            write_shards(
                plan.outputs, folder, self.shard_bytes, lambda name: self.wrote(count, name)
            )
        _write_json(folder / "config.json", plan.config)
        return MergeReport(count, plan.changed, size, time.perf_counter() - self.started, True)

    def load_and_save(self, folder: Path) -> MergeReport:
        """Merge in memory, with PEFT."""
        require_mergeable(self.adapter)
        before = open_model(self.base)
        require_room(folder, sum(before.tensor(name).nbytes for name in before))
        config = {**self.plain, **self.overlay}
        merge_with_peft(
            self.base, self.adapter, folder, config, self.device, self.shard_bytes, self.check
        )
        after = open_model(folder)
        size = sum(after.tensor(name).nbytes for name in after)
        count = len(list(after))
        changed = sum(not _same(before, after, name) for name in after)
        return MergeReport(count, changed, size, time.perf_counter() - self.started, False)

    def wrote(self, count: int, name: str) -> None:
        """Tell how far the merge is, and stop it on request."""
        self.done += 1
        if self.progress:
            self.progress(self.done, count, name)
        self.check()

    def check(self) -> None:
        """Raise MergeStopped where that was asked for."""
        if self.stopped and self.stopped():
            raise MergeStopped(mark("The merge was stopped. Nothing was written."))


def _same(before: Weights, after: Weights, name: str) -> bool:
    return name in before and bool(torch.equal(before.tensor(name), after.tensor(name)))


def copy_side_files(base: Path, tokenizer: Path | None, folder: Path) -> None:
    """Copy what from_pretrained reads beside the weights; never weights, never pickles.

    A tokenizer folder replaces all of the base's tokenizer files: a mix of two would be neither.
    """
    own = tokenizer is not None and (tokenizer / "tokenizer_config.json").is_file()
    for file in _side_files(base):
        if not (own and (file.name.startswith(TOKENIZER) or file.suffix == ".model")):
            shutil.copyfile(file, folder / file.name)
    for file in _side_files(tokenizer) if tokenizer else ():
        shutil.copyfile(file, folder / file.name)


def _side_files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.iterdir()):
        wanted = file.suffix in SIDE_SUFFIXES or file.name.startswith(("LICENSE", "NOTICE"))
        unwanted = file.name.startswith(NOT_SIDE) or file.name.endswith(".index.json")
        if wanted and not unwanted and file.is_file():
            yield file


def _require_unquantised(config: Mapping[str, Any]) -> None:
    if config.get("quantization_config"):
        raise ExportError(
            mark("The base model is quantised; merging into it would lose quality."),
            mark("Merge onto the original 16-bit model."),
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ExportError(
            mark("{file} is missing or damaged."),
            mark("Choose the folder again."),
            file=path,
        ) from error


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    text = json.dumps(values, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
