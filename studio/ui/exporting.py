"""What can be exported of a run, found out without torch."""

import json
from dataclasses import dataclass
from pathlib import Path

from studio import settings
from studio.errors import Problem, StudioError
from studio.exports.shelf import targets
from studio.exports.target import Exported
from studio.hardware import free_disk
from studio.methods.capabilities import merges
from studio.methods.catalogue import method
from studio.models.inspect import inspect
from studio.runs.folder import RunFolder, title


@dataclass(frozen=True)
class Offer:
    """One target for one run: why not, or how large."""

    key: str
    refusal: Problem | None
    bytes: int


@dataclass(frozen=True)
class Offers:
    """All targets, and where they would go by default."""

    offers: tuple[Offer, ...]
    folder: Path
    parity: dict[str, dict[str, object]]


def look(folder: RunFolder) -> Offers:
    """Find out what the run can be exported to; raises StudioError."""
    recipe = folder.recipe()
    chosen = method(recipe.method.name)
    try:
        facts = inspect(recipe.model.source)
        base, model_type = facts.bytes, facts.model_type
    except StudioError:
        base, model_type = 0, ""  # the base model is away; the export itself will say so
    files = [file.stat().st_size for file in folder.adapter.rglob("*") if file.is_file()]
    task = recipe.task.name if recipe.task.name != "auto" else ""
    merged = not chosen.peft or merges(chosen.key, task, model_type)
    run = Exported(merged, not chosen.peft, base, sum(files))
    offers = [Offer(key, t.refusal(run), t.bytes(run)) for key, t in targets().items()]
    place = settings.data_home() / "exports" / title(folder.name)
    return Offers(tuple(offers), place, {})


def written_parity(folder: Path) -> dict[str, object] | None:
    """Read the comparison that an export left beside its weights."""
    file = folder / "parity.json"
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else None


def room(folder: Path) -> int:
    """Return the free bytes where a folder would be."""
    return free_disk(folder)
