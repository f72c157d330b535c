"""Task: what the model is to learn from a row."""

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from studio.errors import Problem
from studio.flow import Draft
from studio.recipe.fields import describe
from studio.recipe.model import TaskSection
from studio.rows import Row
from studio.tasks.shelf import tasks
from studio.ui.context import Context
from studio.ui.new_run.task_cards import TaskCard, suits
from studio.ui.pages.step import Step
from studio.ui.widgets.checkbox import RadioButton
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import FlowGrid, hairline, holder, vbox
from studio.ui.widgets.states import EmptyState
from studio.ui.words import count, percent
from studio.words import tr

_CARD = 288
_CLASSES = 12


class TaskPanel(QWidget):
    """What the chosen task does, and what of a row it trains on.

    Signals:
        train_on_chosen(what): "answers" or "all".
    """

    train_on_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.name, self.summary = Label("", "lead", wrap=True), Label("", "small", wrap=True)
        self.answers, self.all = RadioButton(""), RadioButton("")
        self.note = Label("", "small", wrap=True)
        self.classes = FactRows()
        self._build_train_on()
        self._classes = holder(
            vbox(hairline(), 8, Label(tr("Classes"), "section"), self.classes, gap=10)
        )
        self._note = holder(vbox(hairline(), 8, self.note, gap=10))
        vbox(
            vbox(self.name, self.summary, gap=4),
            self._train_on,
            self._note,
            self._classes,
            None,
            gap=16,
            margins=(24, 20, 24, 24),
            into=self,
        )

    def _build_train_on(self) -> None:
        field = describe(TaskSection, "train_on")
        self.answers.setText(tr(field.choices["answers"]))
        self.all.setText(tr(field.choices["all"]))
        words = {
            "answers": tr("It learns what to say; questions are read only. Usual for chats."),
            "all": tr("It learns to write the questions too: for few rows, or a new kind of text."),
        }
        column = vbox(hairline(), 8, Label(tr(field.title), "section"), gap=10)
        for key, button in (("answers", self.answers), ("all", self.all)):
            button.clicked.connect(lambda _on=False, key=key: self.train_on_chosen.emit(key))
            note = Label(words[key], "small", wrap=True)
            note.setContentsMargins(24, 0, 0, 0)
            button.setAccessibleDescription(words[key])
            column.addLayout(vbox(button, note, gap=2))
        self._train_on = holder(column)

    def show_draft(self, draft: Draft) -> None:
        """Show the chosen task."""
        task, data = draft.task, draft.data
        if task is None or data is None:
            return
        self.name.setText(tr(task.title))
        self.summary.setText(tr(task.summary))
        chats = task.next_token and data.gives == "messages"
        self._train_on.setVisible(chats)
        self.answers.setChecked(draft.recipe.task.train_on == "answers")
        self.all.setChecked(draft.recipe.task.train_on == "all")
        self._note.setVisible(task.next_token and data.gives == "text")
        self.note.setText(tr("Plain text has no answers: every token is trained on."))
        counts = _counts(data.rows)
        self._classes.setVisible(bool(counts) and not task.next_token)
        if counts:
            self.classes.set_rows(_class_rows(counts))


def _counts(rows: Sequence[Row]) -> Counter[str]:
    """Count the rows of each class: of a label, of any of several, or of a tag in them."""
    counts: Counter[str] = Counter()
    for row in rows:
        several = {*(row.labels or ()), *(tag for tag in row.tags if tag != "O")}
        counts.update(several or ([row.label] if row.label is not None else []))
    return counts


def _class_rows(counts: Counter[str]) -> list[tuple[str, str]]:
    """Return the largest classes with their share of the rows."""
    total = counts.total()
    rows = [(name, tr("{count} rows, {percent}", count=count(n), percent=percent(n / total)))
            for name, n in counts.most_common(_CLASSES)]  # fmt: skip
    if len(counts) > _CLASSES:
        rows.append((tr("Others"), count(len(counts) - _CLASSES)))
    return rows


class TaskStep(Step):
    """Cards of tasks: first those that the columns allow."""

    def __init__(self, context: Context) -> None:
        super().__init__(
            context,
            tr("Choose the task"),
            tr("Guessed from the data and the model; another that fits can be chosen."),
        )
        self.cards = {name: TaskCard(task) for name, task in tasks().items()}
        for name, card in self.cards.items():
            card.clicked.connect(lambda name=name: self.choose(name))
        self.grid = FlowGrid(least=_CARD, gap=16)
        self.panel = TaskPanel()
        self.panel.train_on_chosen.connect(self._on_train_on_chosen)
        self.empty = EmptyState(
            "database", tr("The task follows from the data"),
            tr("Choose files first: their columns decide what can be learnt."),
            tr("Choose the data"),
        )  # fmt: skip
        self.empty.acted.connect(lambda: context.open_page("new_run", "data"))
        self._order: list[str] = []
        self.body.addWidget(self.empty, 1)
        self._shelf = holder(vbox(self.grid, None, gap=0))
        self.body.addWidget(self._shelf, 1)

    def side(self) -> QWidget:
        """Return the panel."""
        return self.panel

    def first_field(self) -> QWidget | None:
        """Begin at the chosen card."""
        chosen = [card for card in self.cards.values() if card.is_chosen()]
        return chosen[0] if chosen else self.empty.button

    def problems(self) -> list[Problem]:
        """Return the chosen task's problem in the words of its card."""
        chosen = self.context.draft.task
        problem = suits(self.context.draft, chosen).problem if chosen else None
        return [problem] if problem else super().problems()

    def refresh(self) -> None:
        """Show how each task suits the draft."""
        draft = self.context.draft
        known = draft.data is not None
        self.empty.setVisible(not known)
        self._shelf.setVisible(known)
        self.panel.setVisible(known)
        if not known:
            return
        for card in self.cards.values():
            card.show_draft(draft)
        order = sorted(self.cards, key=lambda name: self._rank(self.cards[name]))
        if order != self._order:
            self._order = order
            self.grid.set_cards([self.cards[name] for name in order])
        self.panel.show_draft(draft)
        chosen = draft.task
        if chosen is not None:
            card = self.cards[chosen.name]
            self.fields = {"task.name": card, "data.files": card, "model.source": card}

    def _rank(self, card: TaskCard) -> tuple[bool, bool]:
        """Return the place of a card: what the columns allow stands first."""
        return (not card.suits.columns, card.suits.problem is not None)

    def choose(self, name: str) -> None:
        """Take a task, or say why it cannot be."""
        card = self.cards[name]
        if card.suits.problem is not None:
            self.show_problem(card.suits.problem)
            card.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.context.draft.recipe.task.name = name
        self.alert.hide()
        self.refresh()
        self.context.touch()

    def _on_train_on_chosen(self, what: str) -> None:
        self.context.draft.recipe.task.train_on = what  # type: ignore[assignment]
        self.context.touch()
