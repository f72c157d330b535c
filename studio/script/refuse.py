"""What a plain script cannot say yet: tasks, methods, files that need more than a config."""

from dataclasses import replace
from pathlib import Path

from studio.errors import MethodError
from studio.formats.pairs import Pairs
from studio.formats.read import resolve
from studio.formats.shelf import layout, layout_title
from studio.hardware import Machine
from studio.methods.catalogue import Method, knobs_for, method
from studio.methods.check import problems
from studio.models.facts import ModelFacts
from studio.recipe import Recipe
from studio.survey import DataSurvey
from studio.tasks.task import Task
from studio.words import mark, tr

# PEFT's types whose config says all; the others need figures of the run, or steps of their own.
_PLAIN = ("", "LORA", "IA3", "PREFIX_TUNING")
_LAYOUTS = ("messages", "text", "labelled")
_INSTEAD = mark("Save the recipe, and train it with: finetune-studio train RECIPE")

# Families whose layers PEFT 0.21 names for LoRA and IA3 both. In others a run looks at the layers
# themselves, which needs torch.
LISTED = frozenset(
    {
        "RefinedWeb",
        "RefinedWebModel",
        "bart",
        "bert",
        "bloom",
        "deberta",
        "deberta-v2",
        "falcon",
        "gemma",
        "gemma2",
        "gemma3_text",
        "gpt2",
        "gpt_bigcode",
        "gpt_neo",
        "gpt_neox",
        "gptj",
        "llama",
        "llama4",
        "mistral",
        "mixtral",
        "mt5",
        "opt",
        "phi",
        "qwen2",
        "qwen3",
        "roberta",
        "t5",
    }
)


def refuse(recipe: Recipe, facts: ModelFacts, data: DataSurvey, task: Task, here: Machine) -> None:
    """Raise MethodError for what cannot be trained, and for what the script cannot say."""
    chosen = method(recipe.method.name)
    # The script says itself which packages it needs, so none has to be here.
    found = problems(recipe, task.name, replace(here, four_bit=True), facts)
    if found:
        raise MethodError(found[0].text, found[0].next_step, **found[0].values)
    _refuse_method(chosen, task)
    _refuse_unlisted(recipe, facts, chosen)
    _refuse_rows(recipe, data, task)


def _refuse_method(chosen: Method, task: Task) -> None:
    """Refuse what takes steps of its own: a classifier's prefix moves the token that is read."""
    own = chosen.start or chosen.optimizer or "layers" in chosen.knobs
    moved = chosen.peft == "PREFIX_TUNING" and not task.next_token
    if chosen.peft not in _PLAIN or own or moved:
        raise _cannot(chosen.name)


def _refuse_unlisted(recipe: Recipe, facts: ModelFacts, chosen: Method) -> None:
    """Refuse to leave the choice of layers to PEFT in a family that it has no list for."""
    left = knobs_for(recipe, facts).get("target_modules") == "auto"
    if left and facts.model_type and facts.model_type not in LISTED:
        raise MethodError(
            mark("A plain script cannot tell which layers of {family} {method} trains."),
            mark('Choose all linear layers (target_modules = "all-linear").'),
            family=facts.model_type,
            method=chosen.name,
        )


def _refuse_rows(recipe: Recipe, data: DataSurvey, task: Task) -> None:
    """Refuse tasks, layouts and files that the script has no reader for."""
    several = task.name == "seq_cls" and task.kind(data.rows) != "one"
    if task.name not in ("causal_lm", "seq_cls") or several:
        raise _cannot(tr(task.title))
    if data.layout not in _LAYOUTS and not isinstance(layout(data.layout), Pairs):
        raise _cannot(layout_title(data.layout))
    for name in [*recipe.data.files, *recipe.data.eval_files]:
        file = resolve(name)
        if file.is_dir() or file.suffix.lower() in (".conll", ".bio", ".iob"):
            raise _cannot(Path(name).name)


def _cannot(name: str) -> MethodError:
    """Return the error for one thing."""
    return MethodError(mark("A plain script cannot do this yet: {name}."), _INSTEAD, name=name)
