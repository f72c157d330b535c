"""Export a run: ask for room, write aside, rename, and hold the result against the adapter."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studio.engine.aside import require_empty, require_room, written_aside
from studio.engine.examples import encode
from studio.engine.load import load_tokenizer
from studio.engine.merge import merge
from studio.engine.parity import adapter_model, compare, merged_model, write_parity
from studio.engine.prepare import Progress
from studio.engine.result import RunResult
from studio.errors import ExportError
from studio.exports.shelf import target
from studio.exports.target import Exported, Job
from studio.models.folder import inspect_folder
from studio.runs.held_out import load_saved
from studio.tasks.task import Setting

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
    return Exported(
        result.method.merges, result.whole_model, inspect_folder(result.base).bytes, sum(files)
    )


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
    shutil.copy2(result.adapter / "README.md", out / "README.md")


def _compare(result: RunResult, out: Path, progress: Progress) -> dict[str, Any]:
    """Hold logits of the merged model against those of the adapter on held-out rows."""
    tokenizer = load_tokenizer(result.adapter)
    rows = load_saved(result.folder.held_out)[:_PROMPTS]
    setting = Setting(256, "all", result.labels)
    examples = encode(rows, result.task, tokenizer, setting).examples
    prompts = [example.ids.tolist() for example in examples] or [tokenizer("Hello")["input_ids"]]
    labels = [int(example.labels[0]) for example in examples] if result.labels else None
    config = json.loads((out / "config.json").read_text("utf-8"))
    dtype, device = result.device.dtype, result.device.name
    found = compare(
        adapter_model(result.base, result.adapter, config, dtype=dtype, device=device),
        merged_model(out, dtype=dtype, device=device),
        prompts,
        labels=labels,
        progress=lambda done, total: progress("compare", done, total),
    )
    write_parity(out / _PARITY_FILE, found)
    return {**asdict(found), "words": _words(found.first_difference, tokenizer)}


def _words(difference: Any, tokenizer: Any) -> dict[str, str] | None:
    """Return the first difference as text."""
    if difference is None:
        return None
    return {
        "adapter": tokenizer.decode([difference.adapter]),
        "merged": tokenizer.decode([difference.merged]),
    }
