"""Find out what a source means and describe it: a folder, a .gguf file, a hub id, the sample."""

import re
from dataclasses import replace
from pathlib import Path

from studio import settings
from studio.errors import ModelError
from studio.models import hub
from studio.models.facts import ModelFacts
from studio.models.folder import inspect_folder
from studio.models.ggufs import converted_folder, inspect_gguf
from studio.models.sample import SAMPLE, sample_facts, sample_folder
from studio.words import mark


def inspect(source: str, revision: str = "") -> ModelFacts:
    """Describe a base model without its weights.

    A hub id that was not fetched yet asks the hub. Raises ModelError or HubError.
    """
    kind, ready = kind_of(source), ready_folder(source, revision)
    if ready is not None:
        return _named(inspect_folder(ready), source, kind)
    if kind == "sample":
        return sample_facts()
    if kind == "gguf":
        return inspect_gguf(_existing(source))
    return hub.inspect_hub(source, revision)


def _named(found: ModelFacts, source: str, kind: str) -> ModelFacts:
    """Give what was found in a folder the name that people know the model by."""
    if kind == "folder":
        return replace(found, source=source)
    if kind == "sample":
        known = sample_facts()
        licence = found.licence or known.licence
        return replace(found, source=source, kind=kind, name=known.name, licence=licence)
    return replace(found, source=source, kind=kind, name=_file_name(source))


def _file_name(source: str) -> str:
    """Return the last part of a path or an id, without .gguf."""
    return re.sub(r"\.gguf$", "", Path(source).name, flags=re.IGNORECASE)


def kind_of(source: str) -> str:
    """Say what a source is: folder, gguf, hub or sample.

    Raises ModelError when nothing is named at all.
    """
    if not source.strip():
        raise ModelError(mark("No base model is chosen."), mark("Choose a base model."))
    if source == SAMPLE:
        return "sample"
    if source.lower().endswith(".gguf"):
        return "gguf"
    looks_like_id = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", source, re.ASCII)
    return "hub" if looks_like_id and not Path(source).exists() else "folder"


def ready_folder(source: str, revision: str = "") -> Path | None:
    """Return the folder whose weights can be loaded now, or None when it must be prepared.

    A folder is returned as it was named, whether or not it is there.
    """
    kind = kind_of(source)
    models = settings.load().models
    if kind == "folder":
        return Path(source).expanduser()
    if kind == "sample":
        folder = sample_folder(models)
        return folder if (folder / "config.json").is_file() else None
    if kind == "gguf":
        folder = converted_folder(_existing(source), models)
        return folder if (folder / "config.json").is_file() else None
    folder = hub.local_folder(source, models, revision)
    return folder if (folder / ".whole").is_file() else None


def _existing(source: str) -> Path:
    """Return the file; raises ModelError when there is none."""
    file = Path(source).expanduser()
    if not file.is_file():
        raise ModelError(mark("There is no file {file}."), mark("Choose another model."), file=file)
    return file


def known_models() -> list[str]:
    """Return the sources on this computer: the sample, recent ones, fetched ones."""
    chosen = settings.load()
    whole = sorted(found.parent.name for found in (chosen.models / "hub").glob("*/.whole"))
    fetched = [name.replace("--", "/", 1) for name in whole if "@" not in name]
    return list(dict.fromkeys([SAMPLE, *chosen.recent_models, *fetched]))
