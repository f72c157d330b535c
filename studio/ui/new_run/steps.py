"""The steps of the wizard: their names, and how each is made when it is first needed."""

import importlib

from studio.ui.context import Context
from studio.ui.pages.step import Step
from studio.ui.widgets.states import ProblemState
from studio.words import tr

_CLASSES = {
    "model": ("studio.ui.pages.model", "ModelStep"),
    "data": ("studio.ui.pages.data", "DataStep"),
    "task": ("studio.ui.pages.task", "TaskStep"),
    "method": ("studio.ui.pages.method", "MethodStep"),
    "training": ("studio.ui.pages.training", "TrainingStep"),
    "review": ("studio.ui.pages.review", "ReviewStep"),
}

# Steps that take a while to make: made and filled while the one before is looked at.
AHEAD = {"task": "method"}


def step_names() -> dict[str, str]:
    """Return the steps' names for people."""
    return {
        "model": tr("Model"),
        "data": tr("Data"),
        "task": tr("Task"),
        "method": tr("Method"),
        "training": tr("Training"),
        "review": tr("Review"),
    }


def make_step(key: str, context: Context) -> Step:
    """Make a step, or what says why it cannot be shown."""
    module, name = _CLASSES[key]
    try:
        made: Step = getattr(importlib.import_module(module), name)(context)
    except ImportError as reason:
        made = _Missing(context, key, str(reason))
    made.key = key
    return made


class _Missing(Step):
    """What stands in for a step that cannot be shown."""

    def __init__(self, context: Context, key: str, reason: str) -> None:
        super().__init__(context, step_names()[key], scrolls=False)
        self.key = key
        text = tr("This step cannot be shown: {reason}.", reason=reason)
        self.body.addWidget(ProblemState(text, tr("Install Finetune Studio again.")))
