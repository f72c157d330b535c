"""Export a run: ask for room, write aside, rename, and hold the result against the adapter."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from studio.engine.aside import require_empty, require_room, written_aside
from studio.engine.card import write_merged_card
from studio.engine.examples import encode
from studio.engine.load import load_processor
from studio.engine.merge import merge
from studio.engine.parity import (
    Difference,
    Prompt,
    adapter_model,
    compare,
    merged_model,
    write_parity,
)
from studio.engine.prepare import Progress
from studio.engine.result import RunResult
from studio.errors import ExportError
from studio.exports.shelf import target
from studio.exports.target import Exported, Job
from studio.methods.capabilities import merges
from studio.models.folder import inspect_folder
from studio.runs.held_out import load_saved
from studio.tasks.task import Example, Task

_PROMPTS = 16
_PARITY_FILE = "parity.json"


def export(
    result: RunResult,
    to: str,
    out: Path,
    progress: Progress,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Write the export and return what was written, with the comparison where there is one.

    Raises ExportError: the method has no such result, the folder is not empty, no room.
    """
    chosen = target(to)
    refusal = chosen.refusal(exported(result))
    if refusal:
        raise ExportError(refusal.text, refusal.next_step, **refusal.values)
    chosen.write(
        Job(
            out,
            copy_adapter=lambda folder: _copy(result.adapter, folder, progress),
            merge=lambda folder: _merge(result, folder, progress, stopped),
        )
    )
    parity = None
    if chosen.compared and not result.whole_model:
        parity = _compare(result, out, progress)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    return {"folder": str(out), "bytes": size, "parity": parity}


def exported(result: RunResult) -> Exported:
    """Return what the shelf wants to know of a run."""
    files = [file.stat().st_size for file in result.adapter.rglob("*") if file.is_file()]
    facts = inspect_folder(result.base)
    merged = result.whole_model or merges(result.method.key, result.task.name, facts.model_type)
    return Exported(merged, result.whole_model, facts.bytes, sum(files))


def _copy(source: Path, out: Path, progress: Progress) -> None:
    """Copy a folder, written aside and renamed."""
    files = [file for file in sorted(source.rglob("*")) if file.is_file()]
    total = sum(file.stat().st_size for file in files)
    done = 0
    require_empty(out)
    with written_aside(out) as aside:
        require_room(aside, total)
        for file in files:
            place = aside / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)
            done += file.stat().st_size
            progress("copy", done, total)


def _merge(result: RunResult, out: Path, progress: Progress, stopped: Callable[[], bool]) -> None:
    """Merge onto the 16-bit base; a full fine-tuning is a whole model already."""
    if result.whole_model:
        _copy(result.adapter, out, progress)
        return
    merge(
        result.base,
        result.adapter,
        out,
        config=result.config,
        tokenizer=result.adapter,
        device=result.device.name,
        progress=lambda done, total, _name: progress("merge", done, total),
        stopped=stopped,
    )
    write_merged_card(out, result.adapter, result.method, result.task, result.setting)


def _compare(result: RunResult, out: Path, progress: Progress) -> dict[str, Any] | None:
    """Hold what the merged model says against what the adapter says, on held-out rows."""
    task = result.task
    processor = load_processor(result.adapter, task)
    rows = load_saved(result.folder.held_out)[:_PROMPTS]
    setting = replace(
        result.setting, max_length=min(256, result.setting.max_length), train_on="all"
    )
    examples = encode(rows, task, processor, setting).examples
    if not examples and not task.next_token:
        return None
    prompts = _prompts(task, processor, examples)
    config = json.loads((out / "config.json").read_text("utf-8"))
    dtype, device = result.device.dtype, result.device.name
    found = compare(
        adapter_model(result.base, result.adapter, config, dtype=dtype, device=device),
        merged_model(out, dtype=dtype, device=device),
        prompts,
        progress=lambda done, total: progress("compare", done, total),
    )
    write_parity(out / _PARITY_FILE, found)
    return {**asdict(found), "words": _words(found.first_difference, result, processor)}


def _prompts(task: Task, processor: Any, examples: list[Example]) -> list[Prompt]:
    """Return what both models are given: token ids, or a task's batches, "labels" among them."""
    if task.next_token:
        return [example.ids.tolist() for example in examples] or [processor("Hello")["input_ids"]]
    lay = task.collator(processor)
    together = len(examples) if task.least_batch > 1 else 1  # told from each other, or one by one
    groups = range(0, len(examples), together)
    return [lay(examples[start : start + together]) for start in groups]


def _words(difference: Difference | None, result: RunResult, processor: Any) -> Any:
    """Return the first difference as text, where it is one of tokens or of classes."""
    if difference is None or not (result.task.generates or result.setting.labels):
        return None
    labels = result.setting.labels
    both = {"adapter": difference.adapter, "merged": difference.merged}
    if labels:
        return {side: labels[number] for side, number in both.items()}
    return {side: processor.decode([number]) for side, number in both.items()}
