"""The Training step: how long, how fast, how many rows at a time, and what that leads to."""

from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from studio import flow
from studio.errors import Problem, StudioError
from studio.estimate import Estimate, estimate, with_method
from studio.flow import Draft
from studio.methods import check
from studio.methods.catalogue import method
from studio.recipe import Recipe, problems_of
from studio.recipe.fields import Described, describe
from studio.recipe.model import HardwareSection, TrainingSection
from studio.ui.context import Context
from studio.ui.new_run.training_notes import Notes, saved_by_recomputing
from studio.ui.new_run.training_panel import TrainingPanel
from studio.ui.pages.forms import Field, on_edited, recipe_field, show_value, value_of
from studio.ui.pages.step import Step
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.form import FormCard, FormGroup, FormRow
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox
from studio.ui.widgets.segments import Segments
from studio.words import tr, trn

_GROUPS = {
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
_IN_PANEL = ("gradient_checkpointing",)  # always seen at the right, so Basic leaves it out
_BATCHES = (1, 2, 4, 8, 16)


def _described(key: str) -> Described:
    """Return a field of the recipe that stands on this page."""
    section = TrainingSection if key in TrainingSection.model_fields else HardwareSection
    return describe(section, key)


def _path(key: str) -> str:
    """Return a field's path in the recipe."""
    return f"training.{key}" if key in TrainingSection.model_fields else f"hardware.{key}"


class TrainingStep(Step):
    """Set the training; presets set several values at once."""

    key = "training"

    def __init__(self, context: Context) -> None:
        super().__init__(context, tr("Set the training"))
        self._store = context.store("training")
        self.rows: dict[str, FormRow] = {}
        self._inputs: dict[str, Field] = {}
        self._groups: dict[str, FormGroup] = {}
        self.panel = TrainingPanel()
        self.panel.batch_chosen.connect(self._on_batch_chosen)
        self.panel.recompute_chosen.connect(self._on_recompute_chosen)
        self._build_head()
        self._build_form()

    def _build_head(self) -> None:
        """Presets, what was changed, and how much is shown."""
        presets = flow.training_presets()
        self.presets = Segments([(key, one.text("name")) for key, one in presets.items()])
        self.presets.chosen.connect(self._on_preset_chosen)
        self._summary = Label("", "small", wrap=True)
        row = hbox(self.presets, self._summary, gap=12)
        row.setStretch(1, 1)
        self.body.addLayout(row)
        self.changed = Button("", "quiet", "arrow-counter-clockwise")
        self.changed.setToolTip(tr("Set all of them back"))
        self.changed.clicked.connect(self._on_reset_all_clicked)
        number = sum(len(keys) for keys in _GROUPS.values())
        shown = [("basic", tr("Basic")), ("all", tr("All {number}", number=number))]
        self.tiers = Segments(shown)
        self.tiers.set_key(self._store.get("tier", "basic"))
        self.tiers.chosen.connect(self._on_tier_chosen)
        self.add_action(self.changed)
        self.add_action(self.tiers)

    def _build_form(self) -> None:
        """Make the groups and their rows."""
        titles = {
            "length": tr("Length"),
            "learning": tr("Learning"),
            "batch": tr("Batch"),
            "watch": tr("Watch and save"),
            "machine": tr("Machine"),
        }
        card = FormCard()
        for name, keys in _GROUPS.items():
            group = card.add_group(titles[name])
            self._groups[name] = group
            for key in keys:
                group.add(self._row(key))
        self.body.addWidget(card)
        self.body.addStretch(1)
        self._show_tier()

    def _row(self, key: str) -> FormRow:
        """Make the row of a field."""
        found = _described(key)
        field = recipe_field(found, _special(key))
        row = FormRow(tr(found.title), field)
        row.setToolTip(tr(found.help))
        on_edited(field, lambda: self._on_edited(key))
        row.reset.connect(lambda: self._on_reset(key))
        self.rows[key], self._inputs[key] = row, field
        self.fields[_path(key)] = field
        return row

    def side(self) -> QWidget:
        """Return the panel."""
        return self.panel

    def first_field(self) -> QWidget | None:
        """Begin at the presets."""
        return self.presets.button(self.presets.key())

    def enter(self) -> None:
        """Keep a preset's longest row within what the model can read; own values stay."""
        draft = self.context.draft
        context = draft.model.context if draft.model else 0
        preset = flow.training_presets()[draft.training_preset].sets["max_length"]
        training = draft.recipe.training
        if context and training.max_length == preset > context:
            training.max_length = context
            self.context.touch()

    def refresh(self) -> None:
        """Show the draft's values, what they lead to and what differs from the preset."""
        draft = self.context.draft
        need = draft.estimate(self.context.machine, self.context.use)
        preset = flow.training_presets()[draft.training_preset]
        self.presets.set_key(preset.key)
        self._summary.setText(preset.text("summary"))
        self._show_values(need)
        self._show_changed()
        self._show_panel(need)

    def show_problem(self, problem: Problem) -> None:
        """Show all fields when the one with the problem is not among the basic ones."""
        key = problem.field.split(".")[-1]
        if key in self.rows and self.rows[key].isHidden():
            self.tiers.set_key("all")
            self._on_tier_chosen("all")
        super().show_problem(problem)

    # What is shown

    def _show_values(self, need: Estimate | None) -> None:
        """Fill the fields and say what each value leads to."""
        notes = self._notes(need)
        for key, field in self._inputs.items():
            show_value(field, self._value(key))
            self.rows[key].set_note(notes.note(key) if notes else "")
            if self._alerted is None and self.rows[key].error.text():
                self.rows[key].set_error("")  # the refused value is no longer shown

    def _notes(self, need: Estimate | None) -> Notes | None:
        """Return the words beside the fields; none for a method that is not known."""
        try:
            return Notes(self.context.draft, self.context.machine, need)
        except StudioError:
            return None

    def _show_changed(self) -> None:
        """Mark what differs from the preset, and count it."""
        usual = self._usual()
        changed = [key for key in self.rows if self._value(key) != _value(usual, key)]
        for key, row in self.rows.items():
            row.set_changed(key in changed)
        self.changed.setVisible(bool(changed))
        self.changed.setText(trn("{n} changed", "{n} changed", len(changed)))

    def _show_panel(self, need: Estimate | None) -> None:
        """Show the plan of the learning rate, and what other batches would need."""
        draft, recipe = self.context.draft, self.context.draft.recipe
        rows = draft.data_facts().rows or recipe.training.max_steps
        self.panel.show_plan(recipe, need.steps if need and rows else 0)
        sizes = sorted({*_BATCHES, recipe.training.batch_size}) if need else []
        needs = {size: self._estimated(_batched(recipe, size)) for size in sizes}
        self.panel.show_batches(needs, recipe, self.context.machine)
        self.panel.show_rest(
            recipe.training.gradient_checkpointing,
            self._saved() if need else 0,
            recipe.training.seed,
        )

    def _saved(self) -> int:
        """Return the bytes that recomputing saves."""
        on, off = (self.context.draft.recipe.model_copy(deep=True) for _ in range(2))
        on.training.gradient_checkpointing = True
        off.training.gradient_checkpointing = False
        return saved_by_recomputing(self._estimated(on), self._estimated(off))

    def _estimated(self, recipe: Recipe) -> Estimate:
        """Estimate another recipe with the draft's model and rows; there is a model."""
        draft = self.context.draft
        assert draft.model is not None
        here, now = self.context.machine, self.context.use
        return estimate(recipe, draft.model, draft.data_facts(), here, now)

    def _usual(self) -> Recipe:
        """Return what preset and method set when nothing was changed by hand."""
        draft = self.context.draft
        known = Recipe()
        try:
            known = with_method(known, draft.recipe.method.name)
        except StudioError:
            pass  # a method that is not known sets nothing; the Method step says so
        usual = Draft(recipe=known, model=draft.model)
        flow.apply_training(usual, draft.training_preset)
        return usual.recipe

    def _value(self, key: str) -> Any:
        """Return the draft's value of a field."""
        return _value(self.context.draft.recipe, key)

    def _show_tier(self) -> None:
        """Show the basic rows, or all; a group without rows is hidden with its title."""
        every = self.tiers.key() == "all"
        for name, keys in _GROUPS.items():
            shown = [key for key in keys if every or _is_basic(key)]
            for key in keys:
                self.rows[key].setVisible(key in shown)
            self._groups[name].setVisible(bool(shown))

    # What the person does

    def _on_edited(self, key: str) -> None:
        self._set(key, value_of(self._inputs[key]))

    def _on_reset(self, key: str) -> None:
        self._set(key, _value(self._usual(), key))

    def _set(self, key: str, value: Any) -> None:
        """Set a value; one that the recipe refuses is said at the field."""
        recipe = self.context.draft.recipe
        section = recipe.training if key in TrainingSection.model_fields else recipe.hardware
        try:
            setattr(section, key, value)
        except ValidationError as reason:
            self.rows[key].set_error(problems_of(reason)[0].sentence())
            return
        self.rows[key].set_error("")
        self.context.touch()

    def _on_preset_chosen(self, key: str) -> None:
        flow.apply_training(self.context.draft, key)
        self.refresh()
        self.context.touch()

    def _on_reset_all_clicked(self) -> None:
        usual = self._usual()
        for key in self.rows:
            self._set(key, _value(usual, key))
        self.refresh()
        self.presets.button(self.presets.key()).setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_tier_chosen(self, key: str) -> None:
        self._store["tier"] = key
        self._show_tier()

    def _on_batch_chosen(self, rows: int) -> None:
        self.context.draft.recipe = _batched(self.context.draft.recipe, rows)
        self.context.touch()

    def _on_recompute_chosen(self, on: bool) -> None:
        self._set("gradient_checkpointing", on)


def _value(recipe: Recipe, key: str) -> Any:
    """Return a recipe's value of a field on this page."""
    section = recipe.training if key in TrainingSection.model_fields else recipe.hardware
    return getattr(section, key)


def _is_basic(key: str) -> bool:
    """Say whether a field is among those that are usually set."""
    return _described(key).tier == "basic" and key not in _IN_PANEL


def _special(key: str) -> str:
    """Return what is shown in place of 0."""
    words = {
        "max_steps": tr("No limit"),
        "eval_every": tr("At the end"),
        "save_every": tr("At the end"),
    }
    return words.get(key, "")


def _batched(recipe: Recipe, rows: int) -> Recipe:
    """Return the recipe with other rows at a time and as many rows a step as that allows."""
    batched = recipe.model_copy(deep=True)
    a_step = recipe.training.batch_size * recipe.training.accumulation
    batched.training.batch_size = rows
    batched.training.accumulation = max(1, round(a_step / rows))
    return batched
