"""A card for each task: what it teaches, what columns it needs, and whether they are there."""

from dataclasses import dataclass

from studio.errors import Problem
from studio.flow import Draft
from studio.formats.shelf import layout_title
from studio.survey import task_problems
from studio.tasks.task import Task
from studio.ui.widgets.cards import ChoiceCard
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hairline, hbox
from studio.words import mark, tr


@dataclass(frozen=True)
class Suits:
    """How a task suits the draft: what is wrong, and what is there."""

    problem: Problem | None
    checks: list[Check]
    columns: bool


def suits(draft: Draft, task: Task) -> Suits:
    """Hold a task against the rows and the model."""
    needed = tr("Needs {columns}", columns=tr(task.needs_words))
    if draft.data is None:
        return Suits(None, [Check("info", needed)], False)
    there = draft.data.gives in task.needs
    title = layout_title(draft.data.layout).lower()
    detail = tr("The rows are {layout}.", layout=title)
    found = [Check("good" if there else "bad", needed, detail)]
    if not there:
        return Suits(_other_columns(task, title), found, False)
    wrong = task_problems(task, draft.data, draft.model)
    if wrong:
        found += [Check("bad", problem.sentence(), problem.step()) for problem in wrong]
    elif draft.model is not None:
        found.append(Check("good", tr("{model} can do it", model=draft.model.name)))
    return Suits(wrong[0] if wrong else None, found, True)


def _other_columns(task: Task, layout: str) -> Problem:
    """Return the problem of rows that have not what a task learns from."""
    return Problem(
        "task.name",
        mark("“{task}” needs {columns}, and the rows are {layout}."),
        mark("Choose another task, or another layout on the Data step."),
        {"task": tr(task.title), "columns": tr(task.needs_words), "layout": layout},
    )


class TaskCard(ChoiceCard):
    """One task."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task
        self.suits = Suits(None, [], False)
        self.chip = Chip(tr("Suggested"), "accent")
        self.title = Label(tr(task.title), "section", wrap=True)
        self.title.setMinimumHeight(20)  # of the chip beside it
        icon = IconLabel(task.icon, "text-muted")
        head = hbox(icon, self.title, self.chip, gap=8)
        head.setStretch(1, 1)
        self.checks = CheckList(sort=False, gap=6)
        self.body.addLayout(head)
        self.body.addWidget(Label(tr(task.summary), "small", wrap=True))
        self.body.addSpacing(4)
        self.body.addWidget(hairline())
        self.body.addSpacing(4)
        self.body.addWidget(self.checks)
        self.body.addStretch(1)
        self.setAccessibleName(tr(task.title))

    def show_draft(self, draft: Draft) -> None:
        """Show what is there of what the task needs, and whether it is the chosen one."""
        found = suits(draft, self.task)
        if found != self.suits:
            self.suits = found
            self.checks.set_checks(found.checks)
        guessed, chosen = draft.guessed_task, draft.task
        suggested = guessed is not None and guessed.name == self.task.name
        self.chip.setVisible(suggested and found.problem is None)
        self.set_chosen(chosen is not None and chosen.name == self.task.name)
