"""A run in a few words: what is trained how, and what state it is in."""

from dataclasses import dataclass
from pathlib import PurePath

from studio.errors import StudioError
from studio.methods.catalogue import method
from studio.models.sample import NAME as SAMPLE_NAME
from studio.models.sample import SAMPLE
from studio.recipe import Recipe
from studio.runs.events import Stage
from studio.runs.folder import short_model
from studio.runs.state import RunState
from studio.ui.words import MISSING, count, percent
from studio.words import tr


@dataclass(frozen=True)
class StateLook:
    """How a state is shown: icon, word, colour token, kind of a chip, muted words after it."""

    icon: str
    text: str
    color: str
    chip: str
    more: str = ""


def state_look(state: RunState) -> StateLook:
    """Return the look of a run's state."""
    step = tr("step {step}", step=count(state.step)) if state.step else ""
    share = percent(state.share) if state.total_steps else ""
    looks = {
        "queued": StateLook("clock", tr("Queued"), "text-muted", "neutral"),
        "starting": StateLook("activity", tr("Starting"), "accent", "accent"),
        "training": StateLook("activity", tr("Training", "state"), "accent", "accent", share),
        "paused": StateLook("pause", tr("Paused"), "warn", "warn", share),
        "finished": StateLook("check", tr("Finished"), "good", "good"),
        "stopped": StateLook("square", tr("Stopped"), "text-muted", "neutral", step),
        "failed": StateLook("x", tr("Failed"), "bad", "bad", step),
        "lost": StateLook("link-break", tr("Lost contact"), "warn", "warn", step),
    }
    return looks[state.name]


def model_name(recipe: Recipe) -> str:
    """Return the base model's name for people."""
    source = recipe.model.source
    return SAMPLE_NAME if source == SAMPLE else short_model(source) or MISSING


def method_name(recipe: Recipe) -> str:
    """Return the method with its rank, such as "LoRA, rank 8"."""
    try:
        name = method(recipe.method.name).name
    except StudioError:
        return recipe.method.name  # a method of another version of the program
    rank = recipe.method.knobs.get("r")
    return tr("{method}, rank {rank}", method=name, rank=rank) if rank else name


def model_and_method(recipe: Recipe | None) -> str:
    """Return "Qwen3-8B · QLoRA, rank 32"."""
    return MISSING if recipe is None else f"{model_name(recipe)} · {method_name(recipe)}"


def data_name(recipe: Recipe) -> str:
    """Return the name of the first data file, and how many more there are."""
    files = recipe.data.files
    if not files:
        return ""
    first = tr("sample chats") if files[0] == SAMPLE else PurePath(files[0]).name
    return first if len(files) == 1 else f"{first} +{len(files) - 1}"


def stage_words(stage: Stage | None) -> str:
    """Return what a worker does before its first step."""
    name = stage.name if stage else ""
    words = {
        "fetch": tr("Fetching the model"),
        "convert": tr("Converting the model"),
        "load": tr("Loading the model"),
        "data": tr("Reading the data"),
        "train": tr("Training", "state"),
        "eval": tr("Evaluating"),
        "save": tr("Saving"),
        "merge": tr("Merging"),
        "copy": tr("Copying"),
        "compare": tr("Comparing with the adapter"),
    }
    said = words.get(name, tr("Getting ready"))
    if stage is not None and stage.total:
        return tr("{what}: {percent}", what=said, percent=percent(stage.done / stage.total))
    return said
