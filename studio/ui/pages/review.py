"""The Review step: what will happen, in words, as a file and as a script; then the start."""

import re
from collections.abc import Callable

from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from studio import recipe as recipes
from studio.errors import Problem, StudioError
from studio.estimate import Estimate
from studio.hardware import free_disk
from studio.runs.folder import short_model
from studio.script import script
from studio.ui.context import Context
from studio.ui.new_run.recipe_menu import RecipeMenu, terminal_command
from studio.ui.new_run.review_cards import CodeView, CommandRow, Figures, RecipeCard
from studio.ui.new_run.review_checks import checks, gone
from studio.ui.new_run.review_panel import ReviewPanel
from studio.ui.new_run.review_words import lines
from studio.ui.new_run.training_notes import estimated_time
from studio.ui.pages.step import Step
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.fields import LineField
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox
from studio.ui.widgets.numbers import number_text
from studio.ui.widgets.segments import Segments
from studio.ui.words import MISSING, count, done_at, file_size, gigabytes
from studio.words import tr

_NAME_WIDTH = 240
_LONGEST_NAME = 60


class ReviewStep(Step):
    """Look at everything once more, then start."""

    key = "review"

    def __init__(self, context: Context) -> None:
        super().__init__(context, tr("Review and start"))
        self._store = context.store("review")
        self._menu = RecipeMenu(context, self)
        self.name = LineField()
        self.name.setFixedWidth(_NAME_WIDTH)
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.setAccessibleName(tr("Name"))
        self.name.textEdited.connect(self._on_name_edited)
        self.fields["output.name"] = self.name
        self.add_action(Label(tr("Name"), "small"))
        self.add_action(self.name)
        names = (tr("Time, estimated"), tr("Peak memory, estimated"), tr("Steps"), tr("Disk"))
        self.figures = Figures(names)
        self.words = RecipeCard()
        self.words.edit.connect(context.open_page)
        self.file, self.code = CodeView(tr("Recipe file")), CodeView(tr("Python script"))
        self.command = CommandRow()
        self.command.copied.connect(self._menu.copy_command)
        self.panel = ReviewPanel()
        self.panel.acted.connect(self._on_check_acted)
        self._build_body()

    def _build_body(self) -> None:
        """Lay figures, the three views of the recipe and the command below one another."""
        views = {"words": tr("In words"), "file": tr("Recipe file"), "script": tr("Python script")}
        self.views = Segments(list(views.items()))
        self.views.set_key(self._store.get("view", "words"))
        self.views.chosen.connect(self._on_view_chosen)
        self.save_button = Button(tr("Save as…"), "default", "floppy-disk")
        self.save_button.clicked.connect(self._on_save_clicked)
        self._stack = QStackedWidget()
        for view in (self.words, self.file, self.code):
            self._stack.addWidget(view)
        self.body.addWidget(self.figures)
        self.body.addLayout(hbox(self.views, None, self.save_button, gap=8))
        self.body.addWidget(self._stack)
        self.body.addWidget(self.command)
        self.body.addStretch(1)

    def side(self) -> QWidget:
        """Return the panel."""
        return self.panel

    def first_field(self) -> QWidget | None:
        """Begin at the name."""
        return self.name

    def next_text(self) -> str:
        """Name what the primary button does."""
        return tr("Start training")

    def next_icon(self) -> str:
        """Return its icon."""
        return "play"

    def footer_note(self) -> str:
        """Say that the window is not needed."""
        return tr("You can close the window while it trains; the run goes on.")

    def problems(self) -> list[Problem]:
        """Return everything that is missing, and what went away since it was looked at."""
        return [*super().problems(), *gone(self.context.draft)]

    def finish(self) -> None:
        """Start the run and show it."""
        self.context.start_run(self.context.draft.recipe.model_copy(deep=True))

    def refresh(self) -> None:
        """Show the recipe as it is now."""
        draft, here = self.context.draft, self.context.machine
        need = draft.estimate(here, self.context.use)
        name = draft.recipe.output.name
        if self.name.text() != name:
            self.name.setText(name)
        self.name.setPlaceholderText(self._usual_name())
        self.figures.show_figures(self._figures(need))
        self.command.show_command(terminal_command(self._file_name()))
        self._show_view(need)
        found = self.problems()
        others = [view.title for view in self.context.runs.living()]
        self.panel.show_need(need)
        self.panel.show_checks(checks(draft, found, here, need, others))

    def _show_view(self, need: Estimate | None) -> None:
        """Show the recipe in words, as a file or as a script."""
        view, draft = self.views.key(), self.context.draft
        self.save_button.setVisible(view != "words")
        shown = {"words": self.words, "file": self.file, "script": self.code}
        for widget in shown.values():  # a hidden view must not ask for room
            across = QSizePolicy.Policy.Preferred
            down = across if widget is shown[view] else QSizePolicy.Policy.Ignored
            widget.setSizePolicy(across, down)
        self._stack.setCurrentWidget(shown[view])
        self.body.setStretch(self.body.indexOf(self._stack), 0 if view == "words" else 1)
        self.body.setStretch(self.body.count() - 1, 1 if view == "words" else 0)
        if view == "words":
            runs = self.context.settings.runs
            self.words.show_lines(_said(lambda: lines(draft, self.context.machine, need, runs)))
        elif view == "file":
            self.file.show_text(recipes.dumps(draft.recipe))
        else:
            found, text = self._script()
            self.save_button.setVisible(found)
            self.code.show_text(text)

    def _script(self) -> tuple[bool, str]:
        """Return whether there is a script, and the script, or why there is none yet."""
        draft = self.context.draft
        missing = self.problems()
        if missing:
            return False, str(missing[0])
        try:
            return True, script(draft.recipe, draft.model, draft.data, self.context.machine)
        except StudioError as reason:
            return False, str(reason)

    def _figures(self, need: Estimate | None) -> list[tuple[str, str]]:
        """Return time, memory, steps and disk with a line to each."""
        if need is None:
            return [(MISSING, "")] * 4
        training = self.context.draft.recipe.training
        spare = need.limit - need.total
        room = gigabytes(abs(spare))
        spared, lacking = tr("{size} to spare", size=room), tr("{size} too much", size=room)
        each = count(need.steps / training.epochs)
        epochs = tr("{epochs} epochs of {n}", epochs=number_text(training.epochs), n=each)
        of = tr("at most, as set") if training.max_steps else epochs
        done = tr("Done at {time}", time=done_at(need.seconds))
        known = need.steps > 0
        return [
            (estimated_time(need.seconds) if known else MISSING, done if known else ""),
            (gigabytes(need.total), spared if spare >= 0 else lacking),
            (count(need.steps) if known else MISSING, of),
            (file_size(need.disk), self._free()),
        ]

    def _free(self) -> str:
        """Say how much is free on the disk of the runs."""
        try:
            return tr("of {size} free", size=file_size(free_disk(self.context.settings.runs)))
        except StudioError:
            return ""  # the check beside it says why

    def _usual_name(self) -> str:
        """Return what the run is called when it gets no name."""
        recipe = self.context.draft.recipe
        return f"{short_model(recipe.model.source) or 'run'}-{recipe.method.name}".lower()

    def _file_name(self) -> str:
        """Return the recipe's file, or the one that it would be saved as."""
        saved = self.context.store("new_run").get("file", "")
        name = self.context.draft.recipe.output.name or self._usual_name()
        return saved or re.sub(r"[^\w.-]+", "-", name).strip("-.") + ".toml"

    def _on_name_edited(self, text: str) -> None:
        self.context.draft.recipe.output.name = text.strip()
        self.context.touch()

    def _on_view_chosen(self, key: str) -> None:
        self._store["view"] = key
        self.refresh()

    def _on_save_clicked(self) -> None:
        if self.views.key() == "script":
            self._menu.export_script()
        else:
            self._menu.save_as()

    def _on_check_acted(self, step: str) -> None:
        self.context.open_page("new_run", step)


def _said(make: Callable[[], list]) -> list:
    """Return the lines, or none for a recipe with a method that is not known."""
    try:
        return make()
    except StudioError:
        return []
