"""Try it: one prompt, the base model's answer and the tuned model's, side by side."""

from pathlib import Path
from typing import Any

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from studio.errors import StudioError
from studio.runs.events import Stage
from studio.runs.folder import RunFolder
from studio.runs.held_out import questions
from studio.tasks.task import Question
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.describe import model_name, stage_words
from studio.ui.service import Call
from studio.ui.try_it.answers import AnswerPair
from studio.ui.try_it.prompts import PromptList
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.cards import Card
from studio.ui.widgets.fields import ChoiceField, TextField
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.widgets.page import Page
from studio.ui.widgets.states import StateStack
from studio.words import tr

_LENGTHS = ("64", "128", "256", "512")


class TryItPage(Page):
    """Held-out prompts at the left, the question and two answers at the right."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Try it"),
            tr("Base and tuned answer the same prompt, greedily."),
            scrolls=False,
            lined=True,
        )
        self._context = context
        self._kept = context.store("try_it")
        self._call: Call | None = None
        self._reading: jobs.Job | None = None
        self._questions: list[Question] = []
        self._asked: Question | None = None
        self.run_field = ChoiceField([])
        self.run_field.setMinimumWidth(240)
        self.run_field.setAccessibleName(tr("Run"))
        self.length_field = ChoiceField(
            [(key, tr("{n} tokens at most", n=key)) for key in _LENGTHS]
        )
        self.length_field.set_key(self._kept.get("length", "128"))
        self.add_action(self.length_field)
        self.add_action(self.run_field)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        """Lay prompts, question, answers, reference and input out."""
        self.prompts = PromptList()
        self.question = Label(tr("Choose a prompt, or write one below."), wrap=True)
        self.question.set_role("muted")
        self.pair = AnswerPair()
        self.reference_card = Card(margins=16, gap=4)
        self.reference = Label("", wrap=True, selectable=True)
        self.reference_card.body.addWidget(Label(tr("Reference from your data"), "small-medium"))
        self.reference_card.body.addWidget(self.reference)
        self.reference_card.hide()
        self.input = TextField("", tr("Ask both…"), lines=2)
        self.input.setAccessibleName(tr("Prompt"))
        self.ask_button = Button(tr("Ask both"), "primary")
        keys = QKeySequence("Ctrl+Return").toString(QKeySequence.SequenceFormat.NativeText)
        button = vbox(self.ask_button, Label(keys, "small"), None, gap=4)
        write = hbox(self.input, holder(button), gap=12)
        write.setStretch(0, 1)
        asked = hbox(IconLabel("user"), self.question, gap=12)
        asked.setStretch(1, 1)
        right = vbox(asked, self.pair, self.reference_card, write, gap=16, margins=24)
        right.setStretch(1, 1)
        row = hbox(self.prompts, holder(right), gap=0)
        row.setStretch(1, 1)
        self.stack = StateStack(holder(row))
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self.stack, 1)

    def _connect(self) -> None:
        self.run_field.chosen.connect(self._on_run_chosen)
        self.length_field.chosen.connect(self._on_length_chosen)
        self.prompts.chosen.connect(self._on_prompt_chosen)
        self.input.submitted.connect(self._on_ask)
        self.ask_button.clicked.connect(self._on_ask_clicked)
        self.stack.acted.connect(self._on_state_acted)
        self._context.runs.changed.connect(self._refresh_runs)
        QShortcut(QKeySequence("Ctrl+Return"), self).activated.connect(self._on_ask_clicked)

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
        self.pair.base.name.setText(model_name(view.recipe) if view.recipe else "")
        self.pair.tuned.name.setText(view.title)
        self.run_field.show()
        self.length_field.show()
        self.stack.show_busy(tr("Reading the held-out prompts"))
        folder = RunFolder(Path(path))
        if self._reading is not None:
            self._reading.cancel()  # of the run that was to be shown before
        self._reading = jobs.run(
            self, lambda: questions(folder), self._on_questions, self._on_unreadable
        )

    def _on_questions(self, found: list[Question]) -> None:
        self._questions = found
        self.prompts.set_questions(found)
        self.prompts.setVisible(bool(found))
        self.stack.show_ready()
        self.input.setFocus()

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

    def _on_ask_clicked(self) -> None:
        if self._call is not None:
            self._cancel()
        else:
            self._on_ask()

    def _on_ask(self) -> None:
        text = self.input.text().strip()
        if not text:
            self.input.set_error(tr("Write a prompt first."))
            self.input.setFocus()
            return
        self.input.set_error("")
        self._ask(Question(text, ""))
        self.input.set_text("")

    def _ask(self, question: Question) -> None:
        """Have both models answer."""
        self._cancel()
        self._asked = question
        self.question.set_role("body")
        self.question.setText(question.prompt)
        self.reference.setText(question.reference)
        self.reference_card.setVisible(bool(question.reference))
        self.pair.begin()
        self.ask_button.setText(tr("Cancel"))
        self._call = self._context.service.call(
            "chat",
            {
                "run": self.run_field.property("shown"),
                "prompt": question.prompt,
                "messages": list(question.messages),
                "reference": question.reference,
                "sides": ["base", "tuned"],
                "max_new_tokens": int(self.length_field.key()),
            },
            progress=self._on_progress,
            text=self._on_text,
            result=self._on_answered,
            failure=self._on_failed,
        )

    def _on_progress(self, stage: str, done: int, total: int) -> None:
        self.pair.base.took.setText(stage_words(Stage(stage, done, total)))

    def _on_text(self, side: str, piece: str) -> None:
        self.pair.base.took.setText("")
        self.pair.side(side).add(piece)

    def _on_answered(self, told: dict[str, Any]) -> None:
        self._end_call()
        self.pair.end(told)

    def _on_failed(self, reason: StudioError) -> None:
        self._end_call()
        self.pair.stop()
        self.pair.tuned.say(str(reason))

    def _end_call(self) -> None:
        """Be ready for the next prompt."""
        self._call = None
        self.ask_button.setText(tr("Ask both"))

    def _cancel(self) -> None:
        """Give up on the answers that are on their way."""
        if self._call is not None:
            self._call.cancel()
            self._end_call()
            self.pair.stop()
