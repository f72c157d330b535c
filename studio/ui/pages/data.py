"""Data: choose files, see the rows as the model will, and what is wrong with them."""

from pathlib import Path
from typing import Any

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.errors import Problem, StudioError
from studio.models.sample import SAMPLE
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.new_run.data_panel import DataPanel
from studio.ui.new_run.data_reading import (
    Key,
    Reading,
    as_problem,
    files_words,
    key_of,
    read,
    survey_words,
)
from studio.ui.new_run.data_tools import DataTools, ask_files
from studio.ui.new_run.drop_area import DropArea
from studio.ui.new_run.row_card import RowCard
from studio.ui.opening import may_be_data
from studio.ui.pages.step import Step
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.states import StateStack
from studio.words import mark, tr


class DataStep(Step):
    """The rows that are learnt from and the ones that are held out."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, tr("Choose the data"), scrolls=False)
        self.setAcceptDrops(True)
        self._job: jobs.Job[Reading] | None = None
        self._reading: Reading | None = None
        self._read_key: Key = ()
        self._before: dict[str, Any] = {}
        self.change_button = Button(tr("Change files…"))
        self.change_button.clicked.connect(self.ask)
        self.add_action(self.change_button)
        self.tools = DataTools()
        self.drop = DropArea()
        self.card = RowCard(context)
        self.panel = DataPanel(context)
        self.stack = StateStack(self.card)
        self._connect()
        self.body.addWidget(self.tools)
        self.body.addWidget(self.drop, 1)
        self.body.addWidget(self.stack, 1)
        self.fields = {"data.files": self.drop.choose, "data.layout": self.tools.layout_field,
                       "data.eval_share": self.tools.share}  # fmt: skip

    def _connect(self) -> None:
        self.tools.layout_chosen.connect(self._on_layout_chosen)
        self.tools.share_chosen.connect(self._on_share_chosen)
        self.tools.files_chosen.connect(self._on_eval_files_chosen)
        self.drop.asked.connect(self.ask)
        self.drop.folder_asked.connect(self.ask_folder)
        self.drop.sample_asked.connect(self.use_sample)
        self.card.wants_model.connect(lambda: self.context.open_page("new_run", "model"))
        self.panel.show_bad.connect(self.card.show_bad)
        self.panel.counted.connect(self.card.show_totals)
        self.stack.acted.connect(self._on_stack_acted)

    # What the wizard asks

    def side(self) -> QWidget:
        """Return the panel."""
        return self.panel

    def first_field(self) -> QWidget:
        """Begin at the files, or at the rows where there are some."""
        empty = not self.context.draft.recipe.data.files
        return self.drop.choose if empty else self.card.next

    def problems(self) -> list[Problem]:
        """Say that the rows are being read rather than that there are none."""
        if self._job is not None:
            step = mark("Wait a moment, or cancel.")
            return [Problem("data.files", mark("The data is still being read."), step)]
        return super().problems()

    def show_problem(self, problem: Problem) -> None:
        """Go to the button that chooses files; what is wrong with them stands in place already."""
        files = self.context.draft.recipe.data.files
        self.fields["data.files"] = self.change_button if files else self.drop.choose
        super().show_problem(problem)
        if self.stack.state() == "problem" and files:
            self.alert.hide()

    def refresh(self) -> None:
        """Show the draft's data; read it when nobody has yet."""
        draft = self.context.draft
        key = key_of(draft.recipe)
        chosen = bool(draft.recipe.data.files)
        if chosen and self._job is None and key != self._read_key:
            self._begin(key)
        self.drop.setVisible(not chosen)
        self.drop.sample.setVisible(draft.recipe.model.source == SAMPLE)
        self.stack.setVisible(chosen)
        self.tools.setVisible(chosen)
        self.change_button.setVisible(chosen)
        self.tools.show_data(draft.recipe.data, draft.data)
        self._show_state(chosen)

    def _show_state(self, chosen: bool) -> None:
        """Show rows, or why there are none."""
        draft = self.context.draft
        if not chosen or self._job is not None or draft.data is None or self._reading is None:
            self.panel.show_nothing()
        if not chosen:
            self._read_key, self._reading = (), None
            words = tr("Rows of what the model is to answer, write or tell apart.")
            self.set_head(tr("Choose the data"), words)
        elif self._job is not None:
            name = files_words(draft.recipe.data.files)
            self.set_head(tr("Check the data"), name)
            self.stack.show_busy(tr("Reading {name}…", name=name), can_cancel=True)
        elif "data" in draft.wrong:
            problem = draft.wrong["data"]
            self.set_head(tr("Check the data"), files_words(draft.recipe.data.files))
            self.stack.show_problem(problem.sentence(), problem.step(), tr("Choose files…"))
        elif draft.data is not None and self._reading is not None:
            self.set_head(tr("Check the data"), survey_words(draft.recipe, draft.data))
            self.stack.show_ready()
            self.card.show_survey(draft.data, self._token_key())
            self.panel.show_reading(self._reading, self._token_key())

    def _token_key(self) -> object:
        """Return what the tokens of a row depend on."""
        recipe, model = self.context.draft.recipe, self.context.draft.model
        ready = model is not None and model.ready
        task = (recipe.task.name, recipe.task.train_on)
        longest = recipe.training.max_length
        return (self._read_key, recipe.model.source, ready, *task, longest)

    # Choosing

    def ask(self) -> None:
        """Ask for files."""
        names = ask_files(self, tr("Choose data files"))
        if names:
            self.use_files(names)

    def ask_folder(self) -> None:
        """Ask for a folder that holds one folder a class."""
        name = QFileDialog.getExistingDirectory(self, tr("Choose a folder"))
        if name:
            self.use_files([name])

    def use_files(self, files: list[str]) -> None:
        """Read these files in place of the ones before."""
        sample = all(file.startswith(SAMPLE) for file in self.context.draft.recipe.data.eval_files)
        changes: dict[str, Any] = {"files": files, "layout": "auto"}
        if sample:
            changes["eval_files"] = []
        self._change(**changes)

    def use_sample(self) -> None:
        """Read the rows that come with the program."""
        self._change(files=[SAMPLE], eval_files=[f"{SAMPLE}:held_out"], layout="auto")

    def _change(self, **values: Any) -> None:
        """Write into the draft and read anew."""
        chosen = self.context.draft.recipe.data
        self._before = chosen.model_dump()
        for name, value in values.items():
            setattr(chosen, name, value)
        self._stop()
        self._read_key = ()
        self.context.draft.data = None
        self.context.draft.wrong.pop("data", None)
        self.refresh()
        self.context.touch()

    def _stop(self) -> None:
        """Drop a reading that is under way."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _begin(self, key: Key) -> None:
        """Read the draft's data off this thread."""
        recipe = self.context.draft.recipe.model_copy(deep=True)
        known = self.context.draft.data
        self._read_key = key
        if "data" in self.context.draft.wrong and known is None:
            return  # somebody read it already and noted why it cannot be used
        self._reading = None
        self._job = jobs.run(self, lambda: read(recipe, known), self._on_read, self._on_failed)

    def _on_read(self, reading: Reading) -> None:
        self._job, self._reading = None, reading
        self.context.draft.data = reading.survey
        self.context.draft.wrong.pop("data", None)
        self.refresh()
        self.context.touch()

    def _on_failed(self, error: StudioError) -> None:
        self._job, self._reading = None, None
        self.context.draft.data = None
        self.context.draft.wrong["data"] = as_problem(error)
        self.refresh()
        self.context.touch()

    # Events

    def _on_layout_chosen(self, name: str) -> None:
        self._change(layout=name)

    def _on_share_chosen(self, share: float) -> None:
        if share != self.context.draft.recipe.data.eval_share:
            self._change(eval_share=share)

    def _on_eval_files_chosen(self, files: list[str]) -> None:
        self._change(eval_files=files)

    def _on_stack_acted(self, state: str) -> None:
        if state == "problem":
            self.ask()
        elif state == "busy":
            self._stop()
            before = self._before or {"files": []}
            self._read_key = ()
            self._before = {"files": []}
            self._change(**before)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take data files; leave models and recipes to the window."""
        if _data_files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read what was dropped."""
        event.acceptProposedAction()
        self.use_files(_data_files(event))


def _data_files(event: QDropEvent) -> list[str]:
    """Return the data files that are carried."""
    names = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
    return [name for name in names if may_be_data(Path(name))]
