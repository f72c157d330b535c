"""Real run folders with histories written by the real writer, and small processes that live."""

import math
import os
import subprocess
import sys
from pathlib import Path

from studio import recipe as recipes
from studio.recipe import Recipe
from studio.runs import events as ev
from studio.runs.folder import RunFolder
from studio.runs.log import EventWriter
from studio.runs.process import claim

GIB = 2**30


def recipe_of(
    name: str, model: str = "Qwen/Qwen3-8B", method: str = "lora", **knobs: object
) -> Recipe:
    """Return a recipe with a name."""
    values = {
        "model": {"source": model},
        "data": {"files": ["support-chats.jsonl"]},
        "method": {"name": method, **knobs},
        "output": {"name": name},
    }
    return Recipe.model_validate(values)


def write_run(
    runs: Path,
    name: str,
    recipe: Recipe | None = None,
    steps: int = 60,
    total: int = 60,
    end: str = "finished",
    day: str = "2026-11-17_10-00",
    eval_every: int = 20,
    age: float = 3600.0,
) -> RunFolder:
    """Write a run whose history ends as told: finished, stopped, failed, or "" for no end.

    `age` seconds ago it began; a step takes a second.
    """
    folder = RunFolder(runs / f"{day}-{name}-ab12")
    folder.path.mkdir(parents=True)
    recipes.save(recipe or recipe_of(name), folder.recipe_file)
    writer = EventWriter(folder.events)
    told = Story(writer, age)
    told.begin(total)
    for step in range(1, steps + 1):
        told.step(step, total, eval_every)
    told.end(end, steps)
    writer.close()
    return folder


class Story:
    """Writes events with times of the past, as a worker would have."""

    def __init__(self, writer: EventWriter, age: float) -> None:
        self._writer, self._age, self._past = writer, age, 0.0

    def _write(self, event: ev.Event) -> None:
        """Write an event as if it had happened then."""
        import time

        real, moment = time.time, time.time() - self._age + self._past
        time.time = lambda: moment  # type: ignore[assignment]
        try:
            self._writer.write(event)
        finally:
            time.time = real

    def begin(self, total: int) -> None:
        """Queue, load, start."""
        self._write(ev.Queued())
        self._write(ev.Stage("load"))
        self._write(
            ev.Started(
                "cpu", "Processor", 16 * GIB, total, 3.0, 200, 20, 135_000_000, 2_400_000, "bf16"
            )
        )

    def step(self, step: int, total: int, eval_every: int) -> None:
        """Tell one step, its memory, and an evaluation now and then."""
        self._past += 1.0
        loss = 0.9 + 1.2 * math.exp(-4 * step / total) + 0.03 * math.sin(step * 2.7)
        self._write(
            ev.Step(step, loss, 2e-4 * (1 - step / total), 1.0, 3 * step / total, 800, 900.0, 1.0)
        )
        self._write(ev.Memory(step, 2 * GIB, 8 * GIB, 16 * GIB, processor_load=90.0))
        if step % eval_every == 0:
            self._write(ev.Eval(step, loss + 0.05))

    def end(self, end: str, step: int) -> None:
        """Finish, stop or fail."""
        if end == "finished":
            self._write(ev.Finished(step, "adapter", float(step), 0.9, 0.95))
        elif end == "stopped":
            self._write(ev.Stopped(step, "adapter", float(step)))
        elif end == "failed":
            text = "The card ran out of memory at step {step}."
            self._write(ev.Failed(text, "", {"step": step}, step))


def give_worker(folder: RunFolder, seconds: float = 60) -> subprocess.Popen[bytes]:
    """Let a small process stand for the run's worker; end it with `kill` and `wait`."""
    code = f"import time; time.sleep({seconds})"
    worker = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    claim(folder, worker.pid)
    return worker
