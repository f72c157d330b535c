"""The Method step: what is recommended here, every method with its needs, its settings."""

from typing import Any

from PySide6.QtWidgets import QWidget

from studio import flow
from studio.errors import Problem, StudioError
from studio.estimate import Estimate, by_method, with_method
from studio.methods import check
from studio.methods.catalogue import knobs_for, method, methods, quantization
from studio.recipe.model import MethodSection
from studio.ui.context import Context
from studio.ui.describe import model_name
from studio.ui.new_run.method_cards import MethodCard, RecommendedCard, one_stop
from studio.ui.new_run.method_panel import MethodPanel
from studio.ui.pages.step import Step
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import FlowGrid, hbox, vbox
from studio.words import tr

_RECOMMENDED = 3


class MethodStep(Step):
    """Choose how the weights are changed."""

    key = "method"

    def __init__(self, context: Context) -> None:
        super().__init__(context, tr("Choose a method"))
        self._store = context.store("method")
        self.panel = MethodPanel()
        self.panel.edited.connect(self._on_knob_edited)
        self.panel.unfolded.connect(self._on_unfolded)
        self._for = Label("", "small", wrap=True)
        self.best = [RecommendedCard() for _ in range(_RECOMMENDED)]
        self.cards = [MethodCard(one) for one in methods().values()]
        self._best_grid, self._grid = FlowGrid(most=_RECOMMENDED), FlowGrid()
        self._best_grid.set_cards(list(self.best))
        self._grid.set_cards(list(self.cards))
        self._build_body()
        for card in (*self.best, *self.cards):
            card.clicked.connect(self._on_card_clicked)

    def _build_body(self) -> None:
        """Lay the recommendations above the gallery."""
        head = hbox(Label(tr("Recommended"), "section"), self._for, gap=8)
        head.setStretch(1, 1)
        self._recommended = QWidget()
        vbox(head, self._best_grid, gap=8, into=self._recommended)
        every = vbox(Label(tr("All methods"), "section"), self._grid, gap=8)
        self.body.addWidget(self._recommended)
        self.body.addLayout(every)
        self.body.addStretch(1)

    def side(self) -> QWidget:
        """Return the panel of the chosen method."""
        return self.panel

    def first_field(self) -> QWidget | None:
        """Begin at the chosen card."""
        shown = [card for card in (*self.best, *self.cards) if not card.isHidden()]
        return next((card for card in shown if card.is_chosen()), None)

    def refresh(self) -> None:
        """Show recommendations, needs and the chosen method as they are now."""
        needs = self._needs()
        self._show_recommended(needs)
        self._show_gallery(needs)
        self._show_panel()

    def show_problem(self, problem: Problem) -> None:
        """Unfold the settings when the problem is in one of them."""
        if problem.field.removeprefix("method.") in self.panel.fields:
            self._store["unfolded"] = True
            self._show_panel()
        super().show_problem(problem)

    def _needs(self) -> dict[str, Estimate]:
        """Estimate the run by each method; the chosen one with its own settings."""
        draft, here, now = self.context.draft, self.context.machine, self.context.use
        if draft.model is None or not draft.model.parameters:
            return {}
        needs = by_method(draft.recipe, draft.model, draft.data_facts(), here, now)
        mine = draft.estimate(here, now)
        return {**needs, draft.recipe.method.name: mine} if mine else needs

    def _show_recommended(self, needs: dict[str, Estimate]) -> None:
        """Show up to three methods that fit, or else the one that needs the least."""
        draft = self.context.draft
        ranked = draft.recommendations(self.context.machine, self.context.use) if needs else []
        fitting = [one for one in ranked if one.fits][:_RECOMMENDED]
        self._recommended.setVisible(bool(ranked))
        self._for.setText(self._for_what(bool(fitting)))
        if not fitting:
            fitting = sorted(ranked, key=lambda one: needs[one.method.key].total)[:1]
        for card, found in zip(self.best, fitting, strict=False):
            best = found is fitting[0] and found.fits
            card.show_method(found, needs[found.method.key], best)
            card.set_chosen(found.method.key == draft.recipe.method.name)
        self._best_grid.show_only(set(range(len(fitting))))
        one_stop(self.best[: len(fitting)])

    def _for_what(self, fits: bool) -> str:
        """Say what the recommendations are made for, or that nothing fits."""
        name = model_name(self.context.draft.recipe)
        on_card = self.context.machine.card is not None
        if not fits:
            return tr("No method fits by the estimate; this one needs the least.")
        if on_card:
            return tr("for {model}, your rows and this card", model=name)
        return tr("for {model}, your rows and this computer", model=name)

    def _show_gallery(self, needs: dict[str, Estimate]) -> None:
        """Show each method's needs, or why it cannot be taken."""
        chosen = self.context.draft.recipe.method.name
        for card in self.cards:
            refused = self._refused(card.key)
            card.show_need(needs.get(card.key), refused[0] if refused else None)
            card.set_chosen(card.key == chosen)
        one_stop(self.cards)

    def _refused(self, key: str) -> list[Problem]:
        """Return what keeps a method from the task and from this machine."""
        draft = self.context.draft
        task = draft.task.name if draft.task else ""
        recipe = draft.recipe if key == draft.recipe.method.name else with_method(draft.recipe, key)
        found = check.problems(recipe, task, self.context.machine)
        return [one for one in found if one.field.removeprefix("method.") not in method(key).knobs]

    def _show_panel(self) -> None:
        """Show the chosen method; one that is not known is told above the cards."""
        draft = self.context.draft
        try:
            chosen = method(draft.recipe.method.name)
        except StudioError:
            self.panel.hide()
            return
        need = draft.estimate(self.context.machine, self.context.use)
        values = self._values()
        self.panel.show()
        self.panel.show_method(chosen, values, bool(self._store.get("unfolded")))
        self.panel.show_advice(chosen, self._refused(chosen.key), need)
        total = draft.model.parameters if draft.model else 0
        self.panel.show_trained(need.trainable if need else 0, total if need else 0)
        self.panel.memory.show_need(need, self.context.machine, quantization(draft.recipe))
        self.fields = {f"method.{key}": field for key, field in self.panel.fields.items()}

    def _values(self) -> dict[str, Any]:
        """Return the values of the method's settings that can be shown."""
        draft = self.context.draft
        known = method(draft.recipe.method.name).knobs
        found = knobs_for(draft.recipe, draft.model)
        return {key: found.get(key, knob.default) for key, knob in known.items()}

    def _on_card_clicked(self) -> None:
        card = self.sender()
        if isinstance(card, RecommendedCard | MethodCard):
            self.choose(card.key)

    def choose(self, key: str) -> None:
        """Take a method with its sensible settings."""
        if key != self.context.draft.recipe.method.name:
            flow.choose_method(self.context.draft, key)
            self.refresh()
            self.context.touch()

    def _on_knob_edited(self, key: str, value: Any) -> None:
        """Keep a setting; one that is what it would be anyway is left to the method."""
        recipe = self.context.draft.recipe
        knobs = {name: one for name, one in recipe.method.knobs.items() if name != key}
        plain = MethodSection(name=recipe.method.name, **knobs)
        recipe.method = plain
        if knobs_for(recipe, self.context.draft.model).get(key) != value:
            recipe.method = MethodSection(name=recipe.method.name, **knobs, **{key: value})
        self.context.touch()

    def _on_unfolded(self, unfolded: bool) -> None:
        self._store["unfolded"] = unfolded
        self._show_panel()
