"""The hub: search, facts of a model, fetching it. Nothing here runs without the person's act.

Every function raises HubError with a sentence when the hub cannot be reached or refuses;
being offline is a normal state.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio import settings
from studio.errors import HubError
from studio.hardware import free_disk
from studio.models.facts import ModelFacts, from_config
from studio.words import mark

# Only what training needs: weights as safetensors, settings, tokenizer, card. Never pickles.
_WANTED = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "README.md", "LICENSE*"]
_PICKLES = "pytorch_model*.bin*"
_SECONDS = 10.0


@dataclass(frozen=True)
class HubModel:
    """One result of a search."""

    id: str
    parameters: int
    downloads: int
    licence: str


def search(text: str, limit: int = 30) -> list[HubModel]:
    """Find text models by name, most fetched first."""
    from huggingface_hub import ModelInfo, constants, get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    asked = {"search": text, "sort": "downloads", "limit": limit, "filter": "safetensors"}
    with _words(text):
        # Not HfApi.list_models: it asks again for 24 seconds when the hub does not answer.
        answer = get_session().get(
            f"{_endpoint() or constants.ENDPOINT}/api/models",
            params={**asked, "expand": ["safetensors", "downloads", "tags"]},
            headers=build_hf_headers(token=settings.hub_token() or False),
            timeout=_SECONDS,
        )
        hf_raise_for_status(answer)
        return [_result(ModelInfo(**found)) for found in answer.json()]


def _result(model: Any) -> HubModel:
    """Read one result."""
    licence = next((t.split(":", 1)[1] for t in model.tags or [] if t.startswith("license:")), "")
    parameters = getattr(model.safetensors, "total", 0) or 0
    return HubModel(model.id, parameters, model.downloads or 0, licence)


def inspect_hub(name: str, revision: str = "") -> ModelFacts:
    """Describe a model of the hub from its config and its list of files."""
    with _words(name):
        info = _info(name, revision)
        config = json.loads(Path(_download(name, "config.json", revision)).read_text("utf-8"))
        names = {entry.rfilename: entry.size or 0 for entry in info.siblings or []}
        template = "chat_template.jinja" in names or _tokenizer_has_template(name, names, revision)
    weights = [file for file in names if _wanted(file) and file.endswith(".safetensors")]
    pickles = [file for file in names if Path(file).match(_PICKLES)]
    held = weights or pickles
    return replace(
        from_config(name, name.rsplit("/", 1)[-1], "hub", config),
        parameters=getattr(info.safetensors, "total", 0) or 0,
        bytes=sum(names[file] for file in held),
        files=len(held),
        licence=_result(info).licence,
        chat_template=template,
        tokenizer=any(file.startswith("tokenizer") or file == "vocab.txt" for file in names),
        pickled=not weights and bool(pickles),
        ready=False,
    )


def _info(name: str, revision: str) -> Any:
    """Return what the hub says of a model, its files with their sizes."""
    return _api().model_info(name, revision=revision or None, files_metadata=True, timeout=_SECONDS)


def _tokenizer_has_template(name: str, names: dict[str, int], revision: str) -> bool:
    """Say whether the tokenizer's settings hold a chat template."""
    if "tokenizer_config.json" not in names:
        return False
    file = Path(_download(name, "tokenizer_config.json", revision))
    return bool(json.loads(file.read_text("utf-8")).get("chat_template"))


def fetch(
    name: str,
    folder: Path,
    revision: str = "",
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    pickles: bool = False,
    code: bool = False,
) -> Path:
    """Fetch a model into a folder and return it; what is there already is not fetched again.

    Progress is told in bytes. `pickles` and `code` are what the person agreed to: pickled weights
    where there are no others, and the model's own Python files. Raises HubError, also when the
    disk has too little room.
    """
    from huggingface_hub import snapshot_download

    with _words(name):
        files = _files(_info(name, revision), pickles, code)
        total = sum(files.values())
        _ask_room(name, total - _held(folder), folder)
        with _watched(folder, total, progress):
            snapshot_download(
                name,
                revision=revision or None,
                local_dir=folder,
                allow_patterns=list(files),
                endpoint=_endpoint(),
                token=settings.hub_token() or False,
            )
    progress(total, total)
    (folder / ".whole").touch()
    return folder


def _files(info: Any, pickles: bool, code: bool) -> dict[str, int]:
    """Return the files to fetch with their bytes."""
    sizes = {entry.rfilename: entry.size or 0 for entry in info.siblings or []}
    wanted = {name: size for name, size in sizes.items() if _wanted(name)}
    whole = any(name.endswith(".safetensors") for name in wanted)
    more = [_PICKLES] if pickles and not whole else []
    more += ["*.py"] if code else []
    for name, size in sizes.items():
        if "/" not in name and any(Path(name).match(pattern) for pattern in more):
            wanted[name] = size
    return wanted


def local_folder(name: str, models: Path, revision: str = "") -> Path:
    """Return where a fetched model lies; each revision has a folder of its own."""
    label = name.replace("/", "--") + (f"@{revision.replace('/', '--')}" if revision else "")
    return models / "hub" / label


def _wanted(file: str) -> bool:
    """Say whether a file of the repository is one that we fetch.

    Folders hold other forms of the same weights, and so does consolidated.safetensors.
    """
    if "/" in file or file.startswith("consolidated"):
        return False
    return any(Path(file).match(pattern) for pattern in _WANTED)


def _held(folder: Path) -> int:
    """Return the bytes that are there already, unfinished files included."""
    held = 0
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):  # renamed meanwhile: it was whole
            held += file.stat().st_size if file.is_file() else 0
    return held


def _ask_room(name: str, needed: int, folder: Path) -> None:
    """Refuse before fetching, not in the middle of it."""
    free = free_disk(folder)
    if needed > free:
        raise HubError(
            mark("{name} needs {needed:.1f} GB, and the disk has {free:.1f} GB free."),
            mark("Choose another folder for models in the settings."),
            name=name,
            needed=needed / 1e9,
            free=free / 1e9,
        )


@contextmanager
def _watched(folder: Path, total: int, progress: Callable[[int, int], None]) -> Iterator[None]:
    """Tell the bytes on the disk twice a second while the block runs."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            progress(min(_held(folder), total), total)

    watcher = threading.Thread(target=watch, name="hub-progress")
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


@contextmanager
def _words(name: str) -> Iterator[None]:
    """Turn what the hub's library raises into sentences."""
    from huggingface_hub import errors

    _refuse_offline()
    try:
        yield
    except errors.GatedRepoError as reason:
        raise HubError(
            mark("{name} is only for people who accepted its terms."),
            mark("Accept them on its page, then enter your token in the settings."),
            name=name,
        ) from reason
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as reason:
        raise HubError(
            mark("The hub has no model {name}."),
            mark("Check the name; private models need your token in the settings."),
            name=name,
        ) from reason
    except errors.RevisionNotFoundError as reason:
        raise HubError(
            mark("The model {name} has no such revision on the hub."),
            mark("Check the revision, or leave it empty."),
            name=name,
        ) from reason
    except errors.RemoteEntryNotFoundError as reason:
        raise HubError(
            mark("{name} is no model that transformers can load: it has no config.json."),
            mark("Choose the original model, not an adapter or a GGUF conversion."),
            name=name,
        ) from reason
    except (errors.HTTPError, OSError, ValueError) as reason:
        raise HubError(
            mark("The hub cannot be reached: {reason}."),
            mark("Use a folder on this computer, or set a mirror in the settings."),
            reason=str(reason).split("\n")[0][:200].rstrip("."),
        ) from reason


def _refuse_offline() -> None:
    """Keep the promise of the offline setting."""
    if settings.load().offline:
        raise HubError(
            mark("The settings say to stay offline."),
            mark("Use a model on this computer, or go online in the settings."),
        )


def _endpoint() -> str | None:
    """Return the mirror that the settings name, or None for the hub itself."""
    return settings.load().hub_address or None


def _api() -> Any:
    """Return the hub's client, with the person's mirror and token; it does not wait for ever."""
    from huggingface_hub import HfApi, get_session

    get_session().timeout = _SECONDS
    return HfApi(endpoint=_endpoint(), token=settings.hub_token() or False)


def _download(name: str, file: str, revision: str) -> str:
    """Fetch one small file beside the models."""
    from huggingface_hub import hf_hub_download

    fetched = hf_hub_download(
        name,
        file,
        cache_dir=settings.load().models / "cards",
        revision=revision or None,
        endpoint=_endpoint(),
        token=settings.hub_token() or False,
        etag_timeout=_SECONDS,
    )
    return str(fetched)
