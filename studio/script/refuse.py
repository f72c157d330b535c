"""What a plain script cannot say yet: tasks, methods, files that need more than a config."""

from pathlib import Path

from studio.errors import MethodError
from studio.formats.pairs import Pairs
from studio.formats.read import resolve
from studio.formats.shelf import layout, layout_title
from studio.methods.catalogue import Method
from studio.recipe import Recipe
from studio.survey import DataSurvey
from studio.tasks.task import Task
from studio.words import mark, tr

# PEFT's types whose config says all; the others need figures of the run, or steps of their own.
_PLAIN = ("", "LORA", "IA3", "PREFIX_TUNING")
_LAYOUTS = ("messages", "text", "labelled")
_INSTEAD = mark("Save the recipe, and train it with: finetune-studio train RECIPE")


def refuse(recipe: Recipe, data: DataSurvey, task: Task, chosen: Method) -> None:
    """Raise MethodError for what the script cannot say."""
    own = chosen.start or chosen.optimizer or "layers" in chosen.knobs
    if chosen.peft not in _PLAIN or own:
        raise _cannot(chosen.name)
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
