"""The run folder: its name, its parts, how it is made."""

import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from studio import recipe as recipes
from studio.errors import DiskError, RunError
from studio.recipe import Recipe
from studio.runs.events import Queued
from studio.runs.log import EventWriter
from studio.words import mark


@dataclass(frozen=True)
class RunFolder:
    """Where everything of one run lies."""

    path: Path

    @property
    def recipe_file(self) -> Path:
        """What was asked; never changes after the start."""
        return self.path / "recipe.toml"

    @property
    def events(self) -> Path:
        """What happened."""
        return self.path / "events.jsonl"

    @property
    def requests(self) -> Path:
        """What is asked of the worker."""
        return self.path / "requests"

    @property
    def worker_file(self) -> Path:
        """Which process works on the run."""
        return self.path / "worker.json"

    @property
    def worker_log(self) -> Path:
        """Everything the worker printed."""
        return self.path / "worker.log"

    @property
    def checkpoints(self) -> Path:
        """Whole checkpoints, by step."""
        return self.path / "checkpoints"

    @property
    def adapter(self) -> Path:
        """The result, in PEFT's own format, or the whole model of a full fine-tuning."""
        return self.path / "adapter"

    @property
    def exports(self) -> Path:
        """Where exports go by default."""
        return self.path / "exports"

    @property
    def held_out(self) -> Path:
        """The held-out rows as the run saw them, for trying and for comparing exports."""
        return self.path / "held_out.jsonl"

    @property
    def name(self) -> str:
        """The folder's own name, which is the run's."""
        return self.path.name

    def recipe(self) -> Recipe:
        """Read the recipe; raises RecipeError."""
        return recipes.load(self.recipe_file)

    def whole_checkpoints(self) -> list[tuple[int, Path]]:
        """Return (step, folder) of every whole checkpoint, oldest first."""
        found = [
            (int(match[1]), entry)
            for entry in (self.checkpoints.iterdir() if self.checkpoints.is_dir() else ())
            if (match := re.fullmatch(r"checkpoint-(\d+)", entry.name)) and entry.is_dir()
        ]
        return sorted(found)


def create(recipe: Recipe, runs: Path) -> RunFolder:
    """Make a new run folder with its recipe and a Queued event.

    Raises DiskError where the runs folder cannot be written to.
    """
    try:
        folder = RunFolder(_new_path(recipe, runs))
        _fill(folder, recipe)
    except OSError as reason:
        raise DiskError(
            mark("The run cannot be written to {folder}: {reason}."),
            mark("Choose another folder for runs in the settings."),
            folder=runs,
            reason=reason.strerror,
        ) from reason
    return folder


def _new_path(recipe: Recipe, runs: Path) -> Path:
    """Make a folder under a name that is not taken; raises OSError."""
    while True:
        path = runs / folder_name(recipe)
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:
            if not path.is_dir():
                raise  # it is the runs folder that is a file


def _fill(folder: RunFolder, recipe: Recipe) -> None:
    """Write what a new run begins with, or leave nothing; raises OSError."""
    try:
        recipes.save(recipe, folder.recipe_file)
        writer = EventWriter(folder.events)
        writer.write(Queued())
        writer.close()
    except OSError:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise


def folder_name(recipe: Recipe) -> str:
    """Return a name that says when and what, with a random end."""
    label = recipe.output.name or f"{short_model(recipe.model.source)}-{recipe.method.name}"
    clean = re.sub(r"[^\w.-]+", "-", label).strip("-.").lower()[:60] or "run"
    return f"{time.strftime('%Y-%m-%d_%H-%M')}-{clean}-{secrets.token_hex(2)}"


def short_model(source: str) -> str:
    """Return the last part of a model's path or id, without .gguf."""
    return re.split(r"[\\/]", source.rstrip("\\/"))[-1].removesuffix(".gguf")


def title(name: str) -> str:
    """Return a run folder's name without its date and its random end, for people."""
    return re.sub(r"^\d{4}-\d\d-\d\d_\d\d-\d\d-|-[0-9a-f]{4}$", "", name)


def find(run: str | Path, runs: Path) -> RunFolder:
    """Return the run that a path, a folder's name or a unique part of it means.

    Raises RunError where none or several fit.
    """
    path = Path(run).expanduser()
    if (path / "recipe.toml").is_file():
        return RunFolder(path.resolve())
    fitting = [p for p in _run_paths(runs) if str(run) in p.name]
    exact = [p for p in fitting if str(run) in (p.name, title(p.name))]
    chosen = exact if len(exact) == 1 else fitting
    if len(chosen) == 1:
        return RunFolder(chosen[0])
    if not chosen:
        raise RunError(
            mark("There is no run {run}."),
            mark("List the runs with: finetune-studio runs"),
            run=run,
        )
    raise RunError(
        mark("{run} fits {count} runs."),
        mark("Name one of them in full: {names}."),
        run=run,
        count=len(chosen),
        names=", ".join(p.name for p in chosen[:5]),
    )


def _run_paths(runs: Path) -> list[Path]:
    """Return the folders that hold a recipe, newest name first."""
    if not runs.is_dir():
        return []
    found = [
        entry
        for entry in runs.iterdir()
        if (entry / "recipe.toml").is_file() and not entry.name.startswith(".")
    ]
    return sorted(found, key=lambda entry: entry.name, reverse=True)


def all_runs(runs: Path) -> list[RunFolder]:
    """Return every run in the folder, newest first."""
    return [RunFolder(path) for path in _run_paths(runs)]


def remove(folder: RunFolder) -> None:
    """Delete a run with all that is in it; raises OSError.

    It is renamed first: where a file of it is open elsewhere, all of it stays.
    """
    aside = folder.path.with_name(f".{folder.name}.removed")
    folder.path.rename(aside)
    shutil.rmtree(aside)
