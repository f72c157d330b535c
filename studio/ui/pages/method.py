"""The Method step: what is recommended here, every method with its needs, its settings."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtWidgets import QScrollArea, QWidget

from studio import flow
from studio.errors import Problem, StudioError
from studio.estimate import Estimate
from studio.methods import capabilities, evidence
from studio.methods.catalogue import knobs_for, method, quantization
from studio.methods.guide import Advice
from studio.recipe.model import MethodSection
from studio.ui.context import Context
from studio.ui.new_run.guide_part import GoalChoice, GuidePart
from studio.ui.new_run.method_facts import Needs, entries, refused
from studio.ui.new_run.method_fit import FitCheck
from studio.ui.new_run.method_page import MethodPage
from studio.ui.new_run.method_panel import MethodPanel
from studio.ui.new_run.method_shelf import MethodShelf
from studio.ui.pages.step import Step
from studio.ui.widgets.buttons import Button, Link
from studio.ui.widgets.layouts import holder, vbox
from studio.words import tr


class MethodStep(Step):
    """Choose how the weights are changed."""

    key = "method"

    def __init__(self, context: Context) -> None:
        super().__init__(context, tr("Choose a method"))
        self._store = context.store("method")
        self._needs = Needs()
        self._known: tuple[dict[str, Estimate], list[Advice]] = ({}, [])
        self._left_at = 0
        self.panel = MethodPanel()
        self.goal = GoalChoice()
        self.guide = GuidePart()
        self.shelf = MethodShelf(self._store)
        self.page: MethodPage | None = None
        self.back = Link("‹ " + tr("All methods"), small=True)
        self.use = Button(tr("Use this method"), compact=True)
        self.fit = FitCheck(context, self)
        self._browse = holder(vbox(self.guide, self.shelf, gap=16))
        self._build_body()
        self._connect()

    def _build_body(self) -> None:
        """Lay the guide above the gallery; a method's page takes the place of both."""
        self.add_above(self.back)
        self.add_action(self.goal)
        self.add_action(self.use)
        self.body.addWidget(self._browse)
        self.body.addStretch(1)
        self.back.hide()
        self.use.hide()
        for widget in (self._browse.parentWidget(), self._browse, self.shelf):
            if widget is not None:  # a search changes their height: what stays is not painted again
                widget.setAttribute(Qt.WidgetAttribute.WA_StaticContents)

    def _connect(self) -> None:
        self.panel.edited.connect(self._on_knob_edited)
        self.panel.unfolded.connect(self._on_unfolded)
        self.panel.more_wanted.connect(self._on_more_wanted)
        self.panel.evidence_wanted.connect(self.show_evidence)
        self.goal.chosen.connect(self._on_goal_chosen)
        self.guide.taken.connect(self.choose)
        self.shelf.taken.connect(self.choose)
        self.shelf.opened.connect(self.open_method)
        self.back.clicked.connect(self.close_method)
        self.use.clicked.connect(self._on_use_clicked)
        self.fit.found.connect(self._on_fit_found)

    def side(self) -> QWidget:
        """Return the panel of the chosen method."""
        return self.panel

    def first_field(self) -> QWidget | None:
        """Begin at the recommendation that is chosen, or else in the gallery."""
        cards = [card for card in self.guide.seen() if card.is_chosen()]
        return self.back if self.opened() else cards[0] if cards else self.shelf.gallery

    # Showing

    def refresh(self) -> None:
        """Show recommendations, needs and the chosen method as they are now."""
        draft, here, now = self.context.draft, self.context.machine, self.context.use
        needs = self._needs.of(draft, here, now)
        ranked = draft.recommendations(here, now) if needs else []
        found = entries(draft, here, needs, [one.method.key for one in ranked])
        away = {one.key for one in found if one.refused}
        allowed = [one for one in ranked if one.method.key not in away]
        self.goal.show_goal(draft.goal)
        self.guide.show_advice(draft, here, allowed, needs)
        self.shelf.show_entries(found, here.card is not None)
        self._known = needs, ranked
        self._show_opened()

    def _show_opened(self) -> None:
        """Show page and panel; opening a page changes nothing of what is known of the methods."""
        self._show_page(*self._known)
        self._show_panel()

    def show_problem(self, problem: Problem) -> None:
        """Unfold the settings when the problem is in one of them."""
        if problem.field.removeprefix("method.") in self.panel.fields:
            self._store["unfolded"] = True
            self._show_panel()
        super().show_problem(problem)

    def problems(self) -> list[Problem]:
        """Return what is missing here, and what was found not to fit the model."""
        return [*super().problems(), *self.fit.problems()]

    def _show_panel(self) -> None:
        """Show the chosen method; one that is not known is told above the cards."""
        draft = self.context.draft
        try:
            chosen = method(draft.recipe.method.name)
        except StudioError:
            self.panel.hide()
            return
        need = draft.estimate(self.context.machine, self.context.use)
        self.panel.show()
        self.panel.set_caption(self.opened() not in ("", chosen.key))
        self.panel.show_method(chosen, self._values(), bool(self._store.get("unfolded")))
        self.panel.show_advice(chosen, refused(draft, chosen.key, self.context.machine), need)
        total = draft.model.parameters if draft.model else 0
        trained = self.fit.trainable() or (need.trainable if need else 0)
        self.panel.show_trained(trained, total if trained else 0)
        self.panel.memory.show_need(need, self.context.machine, quantization(draft.recipe))
        self.fields = {f"method.{key}": field for key, field in self.panel.fields.items()}

    def _values(self) -> dict[str, Any]:
        """Return the values of the method's settings that can be shown."""
        draft = self.context.draft
        known = method(draft.recipe.method.name).knobs
        found = knobs_for(draft.recipe, draft.model)
        return {key: found.get(key, knob.default) for key, knob in known.items()}

    # A method's own page

    def opened(self) -> str:
        """Return the method whose page is open, or ""."""
        return str(self._store.get("opened", ""))

    def open_method(self, key: str) -> None:
        """Show a method's page in place of the gallery, from its beginning."""
        area = self._area()
        if not self.opened():
            self._left_at = area.verticalScrollBar().value()
        self._store["opened"] = key
        self._show_opened()
        self.side_done.emit()
        self.back.setFocus()
        area.verticalScrollBar().setValue(0)

    def close_method(self) -> None:
        """Go back to the gallery, to where it was left."""
        key, self._store["opened"] = self.opened(), ""
        self._show_opened()
        self.shelf.go_to(key)  # first: the page scrolls to what takes the focus
        _lay_out()
        self._area().verticalScrollBar().setValue(self._left_at)

    def show_evidence(self) -> None:
        """Show what was measured of all methods."""
        self._store["opened"] = ""
        self.shelf.clear_filters()
        self.shelf.show_view("chart")
        self._show_opened()
        self.side_done.emit()
        self.shelf.go_to("")
        _lay_out()
        area = self._area()
        bar = area.verticalScrollBar()
        bar.setValue(bar.value() + self.shelf.mapTo(area.viewport(), QPoint()).y())

    def _area(self) -> QScrollArea:
        """Return what scrolls the step."""
        area = self.findChild(QScrollArea, options=Qt.FindChildOption.FindDirectChildrenOnly)
        assert isinstance(area, QScrollArea)
        return area

    def _show_page(self, needs: dict[str, Estimate], ranked: list[Advice]) -> None:
        """Show the open page, or the gallery where none is."""
        key = self.opened()
        for widget in (self._browse, self.goal):
            widget.setVisible(not key)
        for widget in (self.back, self.use):
            widget.setVisible(bool(key))
        if self.page is not None:
            self.page.setVisible(bool(key))
        if not key:
            self.set_head(tr("Choose a method"))
            return
        said = next((one for one in ranked if one.method.key == key), None)
        self._fill_page(key, needs.get(key), said)

    def _fill_page(self, key: str, need: Estimate | None, said: Advice | None) -> None:
        """Show a method on the page, which is made when it is first needed."""
        shown, one = method(key), self.shelf.rows.entry(key)
        if self.page is None:
            self.page = MethodPage()
            self.page.evidence_wanted.connect(self.show_evidence)
            self.body.insertWidget(1, self.page)
            self.page.show()
        if self.page.key != key:
            self.page.show_method(shown, evidence.of(key), capabilities.measured_with())
        if one is not None:
            total = self.context.draft.model.parameters if self.context.draft.model else 0
            self.page.show_cost(one, self._counted(key, need), total)
            self.page.show_advice(said)
            self.set_head(shown.name, one.family_name)
        self.use.setVisible(key != self.context.draft.recipe.method.name)

    def _counted(self, key: str, need: Estimate | None) -> Estimate | None:
        """Put what was counted in place of what was estimated, for the method that was counted."""
        exact = self.fit.trainable() if key == self.context.draft.recipe.method.name else 0
        return replace(need, trainable=exact) if need and exact else need

    # What the person does

    def choose(self, key: str) -> None:
        """Take a method with its sensible settings."""
        if key != self.context.draft.recipe.method.name:
            flow.choose_method(self.context.draft, key)
            self.refresh()
            self.context.touch()
            self.fit.ask()

    def _on_use_clicked(self) -> None:
        self.choose(self.opened())
        self.close_method()

    def _on_more_wanted(self) -> None:
        self.open_method(self.context.draft.recipe.method.name)

    def _on_goal_chosen(self, goal: str) -> None:
        self.context.draft.goal = goal
        self.refresh()

    def _on_knob_edited(self, key: str, value: Any) -> None:
        """Keep a setting; one that is what it would be anyway is left to the method."""
        recipe = self.context.draft.recipe
        knobs = {name: one for name, one in recipe.method.knobs.items() if name != key}
        plain = MethodSection(name=recipe.method.name, **knobs)
        recipe.method = plain
        if knobs_for(recipe, self.context.draft.model).get(key) != value:
            recipe.method = MethodSection(name=recipe.method.name, **knobs, **{key: value})
        self.context.touch()
        self.fit.ask()

    def _on_fit_found(self, trainable: int, problems: list[Problem]) -> None:
        """Say what was counted, or the first of what does not fit this model."""
        total = self.context.draft.model.parameters if self.context.draft.model else 0
        if trainable:
            self.panel.show_trained(trainable, total)
        if problems:
            self.show_problem(problems[0])

    def _on_unfolded(self, unfolded: bool) -> None:
        self._store["unfolded"] = unfolded
        self._show_panel()


def _lay_out() -> None:
    """Let widgets that were just shown take their places, before one is scrolled to."""
    for _ in range(2):  # words that wrap ask for their height once they have a width
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
