"""Try it: one question, what the base model says to it and what the tuned one says."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from studio.errors import StudioError
from studio.runs.events import Stage
from studio.runs.folder import RunFolder
from studio.runs.held_out import questions, task_of
from studio.tasks.shelf import task
from studio.tasks.task import Question, Task
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.describe import model_name, stage_words
from studio.ui.service import Call
from studio.ui.try_it.answers import AnswerPair
from studio.ui.try_it.asking import Asking
from studio.ui.try_it.predictions import SaidPair
from studio.ui.try_it.prompts import PromptList
from studio.ui.widgets.cards import Card
from studio.ui.widgets.clamped import Clamped
from studio.ui.widgets.fields import ChoiceField
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.widgets.page import Page
from studio.ui.widgets.states import StateStack
from studio.words import tr

_LENGTHS = ("64", "128", "256", "512")
_SHOWN = 96  # px, a picture that is asked about
_MOST = 120  # px, a question or a reference; what is longer scrolls


class TryItPage(Page):
    """Held-out prompts at the left, the question and two answers at the right."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Try it"),
            scrolls=False,
            lined=True,
        )
        self._context = context
        self._kept = context.store("try_it")
        self._call: Call | None = None
        self._reading: jobs.Job | None = None
        self._task: Task | None = None
        self._questions: list[Question] = []
        self._asked: Question | None = None
        self.run_field = ChoiceField([])
        self.run_field.setMinimumWidth(240)
        self.run_field.setAccessibleName(tr("Run"))
        self.length_field = ChoiceField(
            [(key, tr("{n} tokens at most", n=key)) for key in _LENGTHS]
        )
        self.length_field.setAccessibleName(tr("Length of the answer"))
        self.length_field.set_key(self._kept.get("length", "128"))
        self.add_action(self.length_field)
        self.add_action(self.run_field)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        """Lay prompts, question, answers, reference and input out."""
        self.prompts = PromptList()
        self.question = Label("", wrap=True)
        self.picture = QLabel()
        self.picture.hide()
        self.pair, self.said = AnswerPair(), SaidPair()
        self.sides = QStackedWidget()
        self.sides.addWidget(self.pair)
        self.sides.addWidget(self.said)
        self.reference_card = Card(margins=16, gap=4)
        self.reference = Label("", wrap=True, selectable=True)
        self.reference_card.body.addWidget(Label(tr("Reference from your data"), "small-medium"))
        self.reference_card.body.addWidget(Clamped(self.reference, _MOST))
        self.asking = Asking()
        self.ask_button = self.asking.button
        icon = vbox(IconLabel("user"), None, gap=0)
        asked = hbox(icon, self.picture, Clamped(self.question, _MOST), gap=12)
        asked.setStretch(2, 1)
        right = vbox(asked, self.sides, self.reference_card, self.asking, gap=16, margins=24)
        right.setStretch(1, 1)
        row = hbox(self.prompts, holder(right), gap=0)
        row.setStretch(1, 1)
        self.stack = StateStack(holder(row))
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self.stack, 1)
        self._ask_nothing()

    def _ask_nothing(self) -> None:
        """Show that nothing was asked yet."""
        self._asked = None
        self.question.set_role("muted")
        self.question.setText(tr("Choose a prompt, or write one below."))
        self.picture.hide()
        self.reference_card.hide()
        self.pair.clear()

    def _connect(self) -> None:
        self.run_field.chosen.connect(self._on_run_chosen)
        self.length_field.chosen.connect(self._on_length_chosen)
        self.prompts.chosen.connect(self._on_prompt_chosen)
        self.asking.asked.connect(self._ask)
        self.asking.cancelled.connect(self._cancel)
        self.stack.acted.connect(self._on_state_acted)
        self._context.runs.changed.connect(self._refresh_runs)
        QShortcut(QKeySequence("Ctrl+Return"), self).activated.connect(self.asking.press)

    def open(self, argument: str = "") -> None:
        """Show the page, for a run when one is named."""
        self._refresh_runs()
        wanted = argument or self._kept.get("run", "") or self._first()
        if wanted and wanted != self.run_field.property("shown"):
            self._show_run(wanted)

    def _ready_runs(self) -> list[tuple[str, str]]:
        """Return (path, title) of the runs that have a result."""
        views = self._context.runs.list()
        return [(view.path, view.title) for view in views if view.state.adapter]

    def _first(self) -> str:
        """Return the newest run with a result."""
        ready = self._ready_runs()
        return ready[0][0] if ready else ""

    def _refresh_runs(self) -> None:
        """Offer the runs that have a result; without any, say what to do."""
        ready = self._ready_runs()
        shown = self.run_field.property("shown") or ""
        if shown and not Path(shown).is_dir():  # deleted
            shown = ""
            self._forget()
        if ready != self.run_field.property("offered"):
            self.run_field.setProperty("offered", ready)
            self.run_field.set_items(ready)
            self.run_field.set_key(shown)
        if not ready and not shown:
            self._show_nothing()
        elif not shown and self.isVisible():
            self._show_run(ready[0][0])

    def _forget(self) -> None:
        """Show no run any more."""
        self._cancel()
        self.run_field.setProperty("shown", "")
        self._kept.pop("run", None)

    def _show_nothing(self) -> None:
        """Say that there is nothing to try yet."""
        self.run_field.hide()
        self.length_field.hide()
        self.stack.show_empty(
            "chat-text",
            tr("Nothing to try yet"),
            tr("A finished or stopped run can be tried here, beside its base model."),
            tr("New run"),
        )

    def _show_run(self, path: str) -> None:
        """Read a run's held-out prompts off the GUI thread and show them."""
        self._cancel()
        self.run_field.setProperty("shown", path)
        self.run_field.set_key(path)
        self._kept["run"] = path
        view = self._context.runs.view(path)
        for pair in (self.pair, self.said):
            pair.base.name.setText(model_name(view.recipe) if view.recipe else "")
            pair.tuned.name.setText(view.title)
        self.run_field.show()
        self.stack.show_busy(tr("Reading the held-out prompts"))
        folder = RunFolder(Path(path))
        if self._reading is not None:
            self._reading.cancel()  # of the run that was to be shown before
        self._reading = jobs.run(self, lambda: _read(folder), self._on_read, self._on_unreadable)

    def _on_read(self, found: tuple[Task, list[Question]]) -> None:
        self._task, self._questions = found
        self._ask_nothing()
        self.asking.set_task(self._task)
        both = tr("Base and tuned get the same question.")
        alone = tr("The tuned model answers alone: its base never learnt this task.")
        self.subtitle.setText(both if self._task.base_answers else alone)
        self.length_field.setVisible(self._task.generates)
        self.sides.setCurrentWidget(self.pair if self._task.generates else self.said)
        self.said.end({})
        self.prompts.set_questions(self._questions)
        self.prompts.setVisible(bool(self._questions))
        self.stack.show_ready()
        self.asking.input.setFocus()

    def _on_unreadable(self, reason: StudioError) -> None:
        self.stack.show_problem(reason.sentence(), reason.step(), tr("Open the run"))

    def _on_state_acted(self, state: str) -> None:
        if state == "empty":
            self._context.open_page("new_run")
        elif state == "problem":
            self._context.open_page("live", self.run_field.property("shown") or "")

    def _on_run_chosen(self, path: str) -> None:
        self._show_run(path)

    def _on_length_chosen(self, key: str) -> None:
        self._kept["length"] = key

    def _on_prompt_chosen(self, position: int) -> None:
        self._ask(self._questions[position])

    def _ask(self, question: Question) -> None:
        """Have both models answer."""
        self._cancel()
        self._asked = question
        self._show_question(question)
        self.pair.begin()
        self.said.begin(question, percent=self._task is None or "pair" not in self._task.needs)
        self.asking.set_busy(True)
        self._call = self._context.service.call(
            "chat",
            {
                "run": self.run_field.property("shown"),
                "prompt": question.prompt,
                "messages": list(question.messages),
                "reference": question.reference,
                "passage": question.passage,
                "image": question.image,
                "sides": ["base", "tuned"],
                "max_new_tokens": int(self.length_field.key()),
            },
            progress=self._on_progress,
            text=self._on_text,
            result=self._on_answered,
            failure=self._on_failed,
        )

    def _writes(self) -> bool:
        """Say whether the run's model answers with text."""
        return self._task is None or self._task.generates

    def _show_question(self, question: Question) -> None:
        """Show what is asked and what the data answers."""
        self.question.set_role("body")
        self.question.setText(question.prompt or Path(question.image).name)
        picture = QPixmap(question.image) if question.image else QPixmap()
        self.picture.setVisible(not picture.isNull())
        if not picture.isNull():
            smooth = Qt.TransformationMode.SmoothTransformation
            self.picture.setPixmap(picture.scaledToHeight(_SHOWN, smooth))
        self.asking.show_question(question)
        self.reference.setText(question.reference)
        self.reference_card.setVisible(bool(question.reference))

    def _on_progress(self, stage: str, done: int, total: int) -> None:
        side = self.pair.base if self._writes() else self.said.tuned
        side.took.setText(stage_words(Stage(stage, done, total)))

    def _on_text(self, side: str, piece: str) -> None:
        self.pair.base.took.setText("")
        self.pair.side(side).add(piece)

    def _on_answered(self, told: dict[str, Any]) -> None:
        self._end_call()
        if self._writes():
            self.pair.end(told)
        else:
            self.said.end(told)

    def _on_failed(self, reason: StudioError) -> None:
        self._end_call()
        self._stop_sides()
        side = self.pair.tuned if self._writes() else self.said.tuned
        side.say(str(reason))

    def _end_call(self) -> None:
        """Be ready for the next prompt."""
        self._call = None
        self.asking.set_busy(False)

    def _stop_sides(self) -> None:
        """Await nothing any more."""
        self.pair.stop()
        self.said.stop()

    def _cancel(self) -> None:
        """Give up on the answers that are on their way."""
        if self._call is not None:
            self._call.cancel()
            self._end_call()
            self._stop_sides()


def _read(folder: RunFolder) -> tuple[Task, list[Question]]:
    """Return a run's task and its held-out rows as questions; raises RunError."""
    return task(task_of(folder)), questions(folder)
