"""The Training step: how long, how fast, how many rows at a time, and what that leads to."""

import contextlib
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from studio import flow
from studio.errors import Problem, StudioError
from studio.estimate import Estimate, estimate, steps_of, with_method
from studio.flow import Draft
from studio.recipe import Recipe, problems_of
from studio.ui.context import Context
from studio.ui.new_run.training_form import (
    KEYS,
    TrainingForm,
    is_training,
    path_of,
    value_in,
)
from studio.ui.new_run.training_notes import Notes, saved_by_recomputing
from studio.ui.new_run.training_panel import TrainingPanel
from studio.ui.pages.step import Step
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox
from studio.ui.widgets.segments import Segments
from studio.words import tr

_BATCHES = (1, 2, 4, 8, 16)


class TrainingStep(Step):
    """Set the training; presets set several values at once."""

    key = "training"

    def __init__(self, context: Context) -> None:
        super().__init__(context, tr("Set the training"))
        self._store = context.store("training")
        self._build_head()
        self.form = TrainingForm()
        self.form.edited.connect(self._set)
        self.form.reset.connect(self._on_reset)
        self.fields = {path_of(key): field for key, field in self.form.inputs.items()}
        self.panel = TrainingPanel()
        self.panel.batch_chosen.connect(self._on_batch_chosen)
        self.panel.recompute_chosen.connect(self._on_recompute_chosen)
        self.body.addWidget(self.form)
        self.body.addStretch(1)
        self.form.show_tier(self.tiers.key() == "all")

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
        shown = [("basic", tr("Basic")), ("all", tr("All {number}", number=len(KEYS)))]
        self.tiers = Segments(shown)
        self.tiers.set_key(self._store.get("tier", "basic"))
        self.tiers.chosen.connect(self._on_tier_chosen)
        self.add_action(self.changed)
        self.add_action(self.tiers)

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
        self.form.show_recipe(draft.recipe, self._notes(need), self._alerted is not None)
        changed = self.form.show_changed(draft.recipe, self._usual())
        self.changed.setVisible(changed > 0)
        name = preset.text("name")
        self.changed.setText(tr("{n} changed from {preset}", n=changed, preset=name))
        self._show_panel(need)

    def show_problem(self, problem: Problem) -> None:
        """Show all fields when the one with the problem is not among the basic ones."""
        row = self.form.rows.get(problem.field.split(".")[-1])
        if row is not None and row.isHidden():
            self.tiers.set_key("all")
            self._on_tier_chosen("all")
        super().show_problem(problem)

    # What is shown

    def _notes(self, need: Estimate | None) -> Notes | None:
        """Return the words beside the fields; none for a method that is not known."""
        try:
            return Notes(self.context.draft, self.context.machine, need)
        except StudioError:
            return None

    def _show_panel(self, need: Estimate | None) -> None:
        """Show the plan of the learning rate, and what other batches would need."""
        draft, recipe = self.context.draft, self.context.draft.recipe
        self.panel.show_plan(recipe, steps_of(recipe, draft.data_facts()))
        sizes = sorted({*_BATCHES, recipe.training.batch_size})
        needs = {n: self._estimated(_batched(recipe, n)) if need else None for n in sizes}
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
        with contextlib.suppress(StudioError):  # a method that is not known sets nothing
            known = with_method(known, draft.recipe.method.name)
        usual = Draft(recipe=known, model=draft.model)
        flow.apply_training(usual, draft.training_preset)
        return usual.recipe

    # What the person does

    def _set(self, key: str, value: Any) -> None:
        """Set a value; one that the recipe refuses is said at the field."""
        recipe, row = self.context.draft.recipe, self.form.rows[key]
        try:
            setattr(recipe.training if is_training(key) else recipe.hardware, key, value)
        except ValidationError as reason:
            row.set_error(problems_of(reason)[0].sentence())
            return
        row.set_error("")
        self.context.touch()

    def _on_reset(self, key: str) -> None:
        self._set(key, value_in(self._usual(), key))

    def _on_preset_chosen(self, key: str) -> None:
        flow.apply_training(self.context.draft, key)
        self.refresh()
        self.context.touch()

    def _on_reset_all_clicked(self) -> None:
        usual = self._usual()
        for key in KEYS:
            self._set(key, value_in(usual, key))
        self.refresh()
        self.presets.button(self.presets.key()).setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_tier_chosen(self, key: str) -> None:
        self._store["tier"] = key
        self.form.show_tier(key == "all")

    def _on_batch_chosen(self, rows: int) -> None:
        self.context.draft.recipe = _batched(self.context.draft.recipe, rows)
        self.context.touch()

    def _on_recompute_chosen(self, on: bool) -> None:
        self._set("gradient_checkpointing", on)


def _batched(recipe: Recipe, rows: int) -> Recipe:
    """Return the recipe with other rows at a time and as many rows a step as that allows."""
    batched = recipe.model_copy(deep=True)
    a_step = recipe.training.batch_size * recipe.training.accumulation
    batched.training.batch_size = rows
    batched.training.accumulation = max(1, round(a_step / rows))
    return batched
