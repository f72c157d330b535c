"""The form of the Training step: a row for each value of the recipe, in groups."""

from typing import Any

from PySide6.QtCore import Signal

from studio.recipe import Recipe
from studio.recipe.fields import Described, describe
from studio.recipe.model import HardwareSection, TrainingSection
from studio.ui.new_run.training_notes import Notes
from studio.ui.pages.forms import Field, on_edited, recipe_field, show_value, value_of
from studio.ui.widgets.form import FormCard, FormGroup, FormRow
from studio.words import tr

GROUPS = {
    "length": ("epochs", "max_steps", "max_length"),
    "learning": (
        "learning_rate",
        "schedule",
        "warmup",
        "optimizer",
        "weight_decay",
        "max_grad_norm",
    ),
    "batch": ("batch_size", "accumulation", "packing", "gradient_checkpointing"),
    "watch": ("eval_every", "save_every", "keep_checkpoints", "sample_prompts"),
    "machine": ("seed", "precision", "device"),
}
KEYS = tuple(key for keys in GROUPS.values() for key in keys)
_IN_PANEL = ("gradient_checkpointing",)  # always seen at the right, so Basic leaves it out
_FIELD = 160  # the longest choice in full


class TrainingForm(FormCard):
    """Label, field and consequence of each value.

    Signals:
        edited(key, value): the person changed a value.
        reset(key): the person wants the usual value back.
    """

    edited = Signal(str, object)
    reset = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, FormRow] = {}
        self.inputs: dict[str, Field] = {}
        self._groups: dict[str, FormGroup] = {}
        titles = {
            "length": tr("Length"),
            "learning": tr("Learning"),
            "batch": tr("Batch"),
            "watch": tr("Watch and save"),
            "machine": tr("Machine"),
        }
        for name, keys in GROUPS.items():
            self._groups[name] = self.add_group(titles[name])
            for key in keys:
                self._groups[name].add(self._row(key))

    def _row(self, key: str) -> FormRow:
        """Make the row of a field."""
        found = _described(key)
        field = recipe_field(found, _special(key))
        row = FormRow(tr(found.title), field)
        field.setFixedWidth(_FIELD)
        row.setToolTip(tr(found.help))
        on_edited(field, lambda: self.edited.emit(key, value_of(field)))
        row.reset.connect(lambda: self.reset.emit(key))
        self.rows[key], self.inputs[key] = row, field
        return row

    def show_recipe(self, recipe: Recipe, notes: Notes | None, keep_errors: bool) -> None:
        """Fill the fields and say what each value leads to."""
        for key, field in self.inputs.items():
            show_value(field, value_in(recipe, key))
            self.rows[key].set_note(notes.note(key) if notes else "")
            if not keep_errors and self.rows[key].error.text():
                self.rows[key].set_error("")  # the refused value is no longer shown

    def show_changed(self, recipe: Recipe, usual: Recipe) -> int:
        """Mark what differs from the usual values; return how many do."""
        changed = [key for key in KEYS if value_in(recipe, key) != value_in(usual, key)]
        for key, row in self.rows.items():
            row.set_changed(key in changed)
        return len(changed)

    def show_tier(self, every: bool) -> None:
        """Show the basic rows, or all; a group without rows is hidden with its title."""
        for name, keys in GROUPS.items():
            shown = [key for key in keys if every or _is_basic(key)]
            for key in keys:
                self.rows[key].setVisible(key in shown)
            self._groups[name].setVisible(bool(shown))


def is_training(key: str) -> bool:
    """Say whether a field is of the recipe's training section, and not of its hardware."""
    return key in TrainingSection.model_fields


def path_of(key: str) -> str:
    """Return a field's path in the recipe."""
    return f"training.{key}" if is_training(key) else f"hardware.{key}"


def value_in(recipe: Recipe, key: str) -> Any:
    """Return a recipe's value of a field."""
    return getattr(recipe.training if is_training(key) else recipe.hardware, key)


def _described(key: str) -> Described:
    """Return what the recipe declares of a field."""
    return describe(TrainingSection if is_training(key) else HardwareSection, key)


def _is_basic(key: str) -> bool:
    """Say whether a field is among those that are usually set."""
    return _described(key).tier == "basic" and key not in _IN_PANEL


def _special(key: str) -> str:
    """Return what is shown in place of 0."""
    words = {
        "max_steps": tr("By epochs"),
        "eval_every": tr("At the end"),
        "save_every": tr("At the end"),
    }
    return words.get(key, "")
