"""New run: the wizard that makes a recipe, with what it needs always in view."""

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QStackedWidget, QWidget

from studio import flow
from studio.errors import Problem
from studio.flow import STEPS
from studio.ui.context import Context
from studio.ui.new_run.footer import Footer
from studio.ui.new_run.frame import WizardFrame
from studio.ui.new_run.recipe_menu import RecipeMenu
from studio.ui.new_run.steps import AHEAD, make_step, step_names
from studio.ui.pages.step import Step
from studio.ui.theme import theme
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.layouts import vbox
from studio.ui.widgets.page import EDGE, Page, scroll
from studio.ui.widgets.stepper import Stepper
from studio.words import tr

_DEBOUNCE_MS = 50
_AHEAD_MS = 400


class NewRunPage(Page):
    """Steps in a row: each says what it found, what is missing, and what the run will need."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(tr("New run"), scrolls=False, lined=True)
        self.context = context
        self._steps: dict[str, Step] = {}
        self._sides: dict[str, QWidget] = {}
        self._current = ""
        self._store: dict[str, Any] = context.store("new_run")
        self._seen_draft = context.draft
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DEBOUNCE_MS)
        self._timer.timeout.connect(self.refresh)
        self._ahead = QTimer(self)
        self._ahead.setSingleShot(True)
        self._ahead.setInterval(_AHEAD_MS)
        self._ahead.timeout.connect(self._make_ahead)
        self._fill_header()
        self._build_middle()
        self._build_footer()
        self._add_keys()
        context.draft_changed.connect(self._timer.start)
        context.use_changed.connect(self._on_use_changed)

    # Building

    def _fill_header(self) -> None:
        """Put the stepper into the middle of the header."""
        self.header.setFixedHeight(theme().height("stepper"))
        self.title.set_role("lead")
        self.subtitle.hide()
        self.stepper = Stepper(list(step_names().items()))
        self.stepper.clicked.connect(self.show_step)
        self._chips.addStretch(1)
        self._chips.addWidget(self.stepper)
        self._chips.addStretch(1)

    def _build_middle(self) -> None:
        """Put banner and wizard into the body, the steps' panels at the side."""
        self.menu = RecipeMenu(self.context, self)
        self.menu.refused.connect(self._on_recipe_refused)
        self.menu.changed.connect(self._on_recipe_opened)
        button = Button(tr("Recipe"), "quiet", "file-text")
        button.set_menu(self.menu)
        self.add_action(button)
        self.banner = Banner("bad", "", "", tr("Close"))
        self.banner.acted.connect(self._on_banner_answered)
        self._above = QWidget()
        vbox(self.banner, margins=(EDGE, 16, EDGE, 0), into=self._above)
        self._above.hide()
        self.top.addWidget(self._above)
        self.wizard = WizardFrame()
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self.wizard)
        self._panels = QStackedWidget()
        self._side_frame = self.set_side(self._panels, scrolls=False)

    def _build_footer(self) -> None:
        self.footer = Footer(self.context)
        self.back_button = Button(tr("Back"))
        self.next_button = Button("", "primary")
        self.back_button.clicked.connect(self.go_back)
        self.next_button.clicked.connect(self.go_next)
        self.set_footer(self.footer, None, self.back_button, self.next_button)

    def _add_keys(self) -> None:
        """Take the keys of the wizard while it is seen."""
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for keys, act in (
            ("Ctrl+Return", self.go_next),
            ("Ctrl+Enter", self.go_next),
            ("Alt+Right", self.go_next),
            ("Alt+Left", self.go_back),
            ("Ctrl+S", self.menu.save_as),
        ):
            QShortcut(QKeySequence(keys), self, act, context=inside)

    # Steps

    def open(self, argument: str) -> None:
        """Show a step by its name, or the one that was left."""
        self.show_step(argument if argument in STEPS else self._store.get("step", STEPS[0]))

    def step(self, key: str) -> Step:
        """Return a step, made when it is first needed."""
        if key not in self._steps:
            made = make_step(key, self.context)
            self._steps[key] = made
            self.wizard.put(STEPS.index(key), made)
            made.side_done.connect(self._on_side_done)
            side = made.side()
            if side is not None:
                self._sides[key] = scroll(side)
                self._panels.addWidget(self._sides[key])
        return self._steps[key]

    def current(self) -> str:
        """Return the key of the step that is shown."""
        return self._current

    def show_step(self, key: str) -> None:
        """Show a step; the ones before it count as visited."""
        step = self.step(key)
        place = STEPS.index(key)
        self._current = key
        self._store["step"] = key
        self._store["reached"] = max(place, self._store.get("reached", 0))
        self.wizard.setCurrentId(place)
        self._show_side(key)
        step.enter()
        self.refresh()
        step.focus_first()
        self._ahead.start()

    def _make_ahead(self) -> None:
        """Make the step that probably comes next, if that takes a while and it was not made yet."""
        key = AHEAD.get(self._current, "")
        if key and key not in self._steps and self.isVisible():
            self.step(key).refresh()

    def _show_side(self, key: str) -> None:
        """Show the step's panel, or none."""
        panel = self._sides.get(key)
        if panel is not None:
            self._panels.setCurrentWidget(panel)
        if not self.is_drawer():
            self._side_frame.setVisible(panel is not None)
        self._panel_button.setVisible(self.is_drawer() and panel is not None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn the panel into a drawer and back, unless the step has none."""
        super().resizeEvent(event)
        if self._current:
            self._show_side(self._current)

    def go_next(self) -> None:
        """Go on, or to the field where something is missing."""
        step = self.step(self._current)
        missing = step.problems()
        if missing:
            self._say(missing[0])
        elif self._current == STEPS[-1]:
            step.finish()
        else:
            self.show_step(STEPS[STEPS.index(self._current) + 1])

    def go_back(self) -> None:
        """Go to the step before; nothing is lost."""
        place = STEPS.index(self._current)
        if place:
            self.show_step(STEPS[place - 1])

    def _say(self, problem: Problem) -> None:
        """Show a problem where its field is, which may be on another step."""
        section = problem.field.split(".")[0]
        owner = section if section in STEPS else self._current
        if self._current == STEPS[-1] and owner != self._current:
            self.show_step(owner)
        self.step(self._current).show_problem(problem)
        self.refresh()

    # What changes

    def refresh(self) -> None:
        """Show the draft as it is now: the step, the stepper, the footer."""
        self._timer.stop()
        step = self.step(self._current or STEPS[0])
        if self._seen_draft is not self.context.draft:
            self._seen_draft = self.context.draft
            self._on_recipe_opened()
        step.refresh()
        step.clear_problem()
        self.stepper.set_states(self._states())
        self._show_side(self._current)
        self.back_button.setVisible(self._current != STEPS[0])
        self.next_button.setText(step.next_text() or self._next_words())
        self.next_button.set_icon(step.next_icon())
        self.footer.show_note(step.footer_note())
        self.footer.refresh()

    def _next_words(self) -> str:
        """Return the words of Next, which name its goal."""
        place = STEPS.index(self._current)
        goal = STEPS[min(place + 1, len(STEPS) - 1)]
        return tr("Next: {step}", step=step_names()[goal])

    def _states(self) -> dict[str, str]:
        """Return what the stepper shows for each step."""
        reached = self._store.get("reached", 0)
        states = {}
        for place, key in enumerate(STEPS):
            if key == self._current:
                states[key] = "now"
            elif place > reached or (key == "task" and self.context.draft.task is None):
                states[key] = "later"
            else:
                states[key] = "problem" if self._wrong(key) else "done"
        return states

    def _wrong(self, key: str) -> bool:
        """Say whether a visited step misses something; Review is asked only when it is shown."""
        if key == STEPS[-1]:
            return False
        context = self.context
        return bool(flow.problems(context.draft, key, context.machine, context.use))

    def _on_side_done(self) -> None:
        self.open_side(False)

    def _on_use_changed(self) -> None:
        if self.isVisible():
            self.footer.refresh()

    def _on_recipe_opened(self) -> None:
        self._above.hide()

    def _on_recipe_refused(self, problems: list[Problem]) -> None:
        """List every problem of a recipe that could not be opened."""
        lines = "\n".join(f"• {problem}" for problem in problems)
        self.banner.set("bad", tr("The recipe was not opened."), lines, tr("Close"))
        self._above.show()

    def _on_banner_answered(self) -> None:
        self._above.hide()
