"""Make a base model ready to load: fetch it or unpack a .gguf, once, into the user's cache."""

import shutil
from collections.abc import Callable
from pathlib import Path

from studio import settings
from studio.errors import DiskError, ModelError
from studio.hardware import free_disk
from studio.models import hub
from studio.models.ggufs import converted_folder, inspect_gguf
from studio.models.inspect import kind_of, ready_folder
from studio.models.sample import fetch_sample, sample_folder
from studio.recipe.model import ModelSection
from studio.words import mark

# Told as (stage, done, total): "fetch" in bytes, "convert" without a total.
Progress = Callable[[str, int, int], None]


def prepare(
    source: str,
    revision: str,
    progress: Progress,
    stopped: Callable[[], bool] = lambda: False,
    *,
    pickles: bool = False,
    code: bool = False,
) -> Path:
    """Return a folder with config, safetensors and tokenizer for any source.

    `pickles` and `code` are what the person agreed to, see hub.fetch. Raises ModelError,
    HubError or DiskError.
    """
    ready = ready_folder(source, revision)
    if ready is not None:
        return ready
    models = settings.load().models
    if kind_of(source) == "hub":
        target = hub.local_folder(source, models, revision)
        return hub.fetch(
            source,
            target,
            revision,
            lambda done, all_: progress("fetch", done, all_),
            pickles=pickles,
            code=code,
        )
    if kind_of(source) == "sample":
        gguf = fetch_sample(
            models / "sample", lambda done, all_: progress("fetch", done, all_), stopped
        )
        return convert(gguf, sample_folder(models), progress)
    file = Path(source).expanduser()
    return convert(file, converted_folder(file, models), progress)


def prepare_for(
    model: ModelSection, progress: Progress, stopped: Callable[[], bool] = lambda: False
) -> Path:
    """Return the folder of a recipe's model, with the consents that the recipe carries."""
    return prepare(
        model.source,
        model.revision,
        progress,
        stopped,
        pickles=model.allow_pickle,
        code=model.trust_remote_code,
    )


def convert(file: Path, out: Path, progress: Progress) -> Path:
    """Unpack a .gguf file into bf16 safetensors beside its tokenizer, written aside and renamed.

    A plain from_pretrained would leave a quantizer on the model that can be neither trained nor
    saved. Raises ModelError, DiskError.
    """
    facts = inspect_gguf(file)
    _ask_room(facts.parameters * 2, out)
    progress("convert", 0, 0)
    aside = out.with_name(f".{out.name}.writing")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        _unpack(file, aside)
        aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return out


def _unpack(file: Path, out: Path) -> None:
    """Load the dequantised weights and the tokenizer, and save both."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder, name = str(file.parent), file.name
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            gguf_file=name,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    except (ValueError, NotImplementedError, KeyError) as reason:
        raise ModelError(
            mark("{file} cannot be unpacked for training: {reason}."),
            mark("Choose the original model with safetensors."),
            file=file.name,
            reason=str(reason).split("\n")[0][:200].rstrip("."),
        ) from reason
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def _ask_room(needed: int, out: Path) -> None:
    """Refuse before unpacking, not in the middle of it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    free = free_disk(out.parent)
    if needed > free:
        raise DiskError(
            mark("Unpacking the model needs {needed:.1f} GB, and the disk has {free:.1f} GB free."),
            mark("Free some space, or choose another folder for models in the settings."),
            needed=needed / 1e9,
            free=free / 1e9,
        )
