"""Real runs in every state, trained by the real worker: what the pictures show."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio import recipe as recipes
from studio.paths import ASSETS
from studio.recipe import Recipe
from studio.recipe.model import MethodSection
from studio.runs import events as ev
from studio.runs import process, requests
from studio.runs.events import encode
from studio.runs.folder import RunFolder, all_runs
from studio.runs.log import EventReader
from studio.runs.state import RunState

_PATIENCE = 3600  # s
# Shares of the steps; a checkpoint is saved at each quarter, and the failed run has one.
_STOPS_AT, _FAILS_AT, _HELD_AT = 0.55, 0.53, 0.58


@dataclass(frozen=True)
class Runs:
    """The runs of a home; the worker of `training` stands still, so that its page does."""

    finished: RunFolder
    other: RunFolder
    stopped: RunFolder
    failed: RunFolder
    training: RunFolder
    draft: Recipe

    def end(self) -> None:
        """Let the worker that stands still end."""
        held = process.worker(self.training)
        if held is not None:
            held.kill()
            held.wait(20)
        for one in process._started:
            one.wait(20)


def train_all(home: Path, model: Path, steps: int, rate: float) -> Runs:
    """Train runs of a model on the sample's rows, all at once; ones that are there are kept."""
    found = {run.recipe().output.name: run for run in all_runs(home / "runs")}
    recipes_of = _recipes(home, model, steps, rate)
    new = [name for name in recipes_of if name not in found]
    started = {name: process.start(recipes_of[name], home / "runs") for name in new}
    if "wick-longer" not in new:  # it was ended with the last pictures
        started["wick-longer"] = found["wick-longer"]
    readers = {name: EventReader(folder.events) for name, folder in started.items()}
    if "wick-longer" not in new:
        readers["wick-longer"].read_all()
        process.start_worker(found["wick-longer"])
    _watch(started, readers)
    found.update(started)
    if "wick-rank-64" not in found:
        found["wick-rank-64"] = _fail(found["wick-fast"], home / "runs", steps)
    return Runs(
        found["wick"],
        found["wick-ia3"],
        found["wick-fast"],
        found["wick-rank-64"],
        found["wick-longer"],
        recipes_of["wick-longer"],
    )


def _recipes(home: Path, model: Path, steps: int, rate: float) -> dict[str, Recipe]:
    """Return the recipes by their names."""
    rows = home / "data" / "wick-chats.jsonl"
    rows.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ASSETS / "sample" / "chats.jsonl", rows)

    def one(name: str, method: str = "lora", rate: float = rate, **training: Any) -> Recipe:
        every = max(1, steps // 8)
        values = {
            "model": {"source": str(model)},
            "data": {"files": [str(rows)], "eval_share": 0.1},
            "method": {"name": method},
            "training": {
                "max_steps": steps,
                "epochs": 100.0,
                "batch_size": 2,
                "max_length": 256,
                "learning_rate": rate,
                "eval_every": every,
                "save_every": 2 * every,
                **training,
            },
            "output": {"name": name},
        }
        return recipes.from_mapping(values)

    made = [
        one("wick"),
        one("wick-ia3", "ia3", 10 * rate),
        one("wick-fast", rate=4 * rate),
        one("wick-longer", max_steps=2 * steps),
    ]
    return {recipe.output.name: recipe for recipe in made}


def _watch(started: dict[str, RunFolder], readers: dict[str, EventReader]) -> None:
    """Wait until each run is where it shall be: stopped, held still, or finished."""
    states = {name: RunState() for name in started}
    waiting, end = set(started), time.monotonic() + _PATIENCE
    while waiting and time.monotonic() < end:
        for name in sorted(waiting):
            states[name].feed(readers[name].read())
            if _arrived(name, states[name], started[name]):
                waiting.discard(name)
        time.sleep(0.02)
    if waiting:
        raise TimeoutError(f"not trained: {sorted(waiting)}")


def _arrived(name: str, state: RunState, folder: RunFolder) -> bool:
    """Act on a run that is far enough; return whether nothing more is to come."""
    if state.name == "failed" or (process.worker(folder) is None and state.name == "training"):
        raise RuntimeError(f"{name}: {folder.worker_log.read_text()[-2000:]}")
    if name == "wick-fast" and state.share >= _STOPS_AT and state.name == "training":
        requests.ask(folder.requests, "stop")
    if name == "wick-longer" and state.share >= _HELD_AT:
        process.worker(folder).suspend()  # type: ignore[union-attr]
        return True
    return state.name in ("finished", "stopped")


def _fail(stopped: RunFolder, runs: Path, steps: int) -> RunFolder:
    """Copy a run that went some way and let the copy end for want of memory."""
    folder = RunFolder(runs / f"{stopped.name[:16]}-wick-rank-64-ab12")
    shutil.copytree(stopped.path, folder.path)
    shutil.rmtree(folder.adapter)
    folder.worker_file.unlink()
    recipe = folder.recipe()
    recipe.output.name = "wick-rank-64"
    recipe.method = MethodSection(name="lora", r=64)
    recipes.save(recipe, folder.recipe_file)
    last = int(_FAILS_AT * steps)
    told: list[ev.Event] = []
    for event in EventReader(folder.events).read_all():
        if getattr(event, "step", 0) > last or isinstance(event, ev.Stopped):
            break
        told.append(event)
    text = "The computer ran out of memory at step {step}."
    advice = "Take fewer rows at a time, shorter rows, or recompute activations."
    end = ev.Failed(text, advice, {"step": last}, last, "memory")
    end.seq, end.t = told[-1].seq + 1, told[-1].t + 1
    lines = "".join(encode(event) + "\n" for event in [*told, end])
    folder.events.write_text(lines, encoding="utf-8")
    for step, path in folder.whole_checkpoints():
        if step > last:
            shutil.rmtree(path)
    return folder
