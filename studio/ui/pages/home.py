"""Home: ways to begin, the run that trains, recent runs, this computer."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLayout, QWidget

from studio.errors import RunError
from studio.models.sample import PARAMETERS
from studio.ui.context import Context
from studio.ui.describe import model_and_method, state_look
from studio.ui.pages.home_machine import MachineCard
from studio.ui.pages.home_now import TrainingCard
from studio.ui.pages.home_sample import SampleCard, start_sample
from studio.ui.runs import RunView
from studio.ui.runs_reader import run_paths
from studio.ui.widgets.buttons import Link
from studio.ui.widgets.cards import StartCard
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hbox, holder, vbox
from studio.ui.widgets.page import Page
from studio.ui.widgets.tablemodel import Cell, Rows
from studio.ui.widgets.tables import Table
from studio.ui.words import MISSING, exactly, loss, parameters, when
from studio.words import mark, tr, trn

_BLOCKS = 24  # px between blocks
_COMPUTER = 320
_RECENT = 30
_ROWS_SEEN = 6
_SHORT = 64


class HomePage(Page):
    """Two faces: the sample takes the stage until there is a run."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(tr("Home"))
        self.context = context
        self.body.setSpacing(_BLOCKS)
        self.first: bool | None = None
        self.training: dict[str, TrainingCard] = {}
        self._lay(first=not run_paths(context.settings.runs))
        context.runs.changed.connect(self._on_runs_changed)

    def open(self, argument: str) -> None:
        """Show what is new."""
        self._on_runs_changed()
        self.computer.look()
        if self.sample is not None:
            self.sample.look()

    def _lay(self, first: bool) -> None:
        """Build one of the two faces."""
        if first == self.first:
            return
        self.first, self.training = first, {}
        clear(self.body)
        self.sample = SampleCard(self.context) if first else None
        self.computer = MachineCard(self.context)
        self.table = self._new_table()
        self.table.horizontalHeader().setVisible(not first)
        self.all_link = Link("", small=True)
        self.all_link.clicked.connect(lambda: self.context.open_page("runs"))
        self.header.setVisible(not first)
        self.body.setContentsMargins(_BLOCKS, _BLOCKS if first else 0, _BLOCKS, _BLOCKS)
        if self.sample is not None:
            self._lay_first(self.sample)
        else:
            self._lay_usual()

    def _lay_first(self, sample: SampleCard) -> None:
        """The sample, the other starts beside it."""
        subtitle = tr(
            "Everything stays on this computer. Begin with the sample to see every page once."
        )
        words = vbox(Label(tr("Make a model your own"), "title"), Label(subtitle, "muted"), gap=4)
        self.starts = self._starts(with_sample=False)
        for card in self.starts:
            card.setFixedHeight(_SHORT)
        beside = holder(vbox(*self.starts, None, gap=12))
        beside.setFixedWidth(_COMPUTER)
        row = hbox(sample, beside, gap=_BLOCKS)
        row.setStretch(0, 1)
        self.body.addLayout(vbox(words, row, gap=16))
        self.body.addLayout(self._lower(), 1)

    def _lay_usual(self) -> None:
        """The starts in a row, what trains now, recent runs."""
        self.starts = self._starts(with_sample=True)
        row = hbox(*self.starts, gap=16)
        for place in range(len(self.starts)):
            row.setStretch(place, 1)
        self.body.addLayout(row)
        self.now = holder(vbox(Label(tr("Training now"), "section"), gap=8))
        self.now.hide()
        self.body.addWidget(self.now)
        self.body.addLayout(self._lower(), 1)

    def _lower(self) -> QLayout:
        """Recent runs at the left, this computer at the right."""
        title = hbox(Label(tr("Recent runs"), "section"), None, self.all_link, gap=8)
        left = vbox(title, self.table, gap=8)
        right = vbox(Label(tr("This computer"), "section"), self.computer, gap=8)
        for column in (left, right):
            column.setStretch(1, 1)
        computer = holder(right)
        computer.setFixedWidth(_COMPUTER)
        row = hbox(left, computer, gap=_BLOCKS)
        row.setStretch(0, 1)
        return row

    def _starts(self, with_sample: bool) -> list[StartCard]:
        """Return the cards of what one can begin with."""
        go = self.context.open_page
        new = StartCard(
            "plus-circle", tr("New run"), tr("Model, data, method: step by step"), with_sample
        )
        new.clicked.connect(lambda: go("new_run"))
        recipe = StartCard(
            "file-arrow-up", tr("Open a recipe…"), tr("Or drop a file or folder anywhere")
        )
        recipe.clicked.connect(self._on_recipe_clicked)
        if with_sample:
            text = tr("{size} model, no GPU needed", size=parameters(PARAMETERS))
            sample = StartCard("play", tr("Run the sample"), text)
            sample.clicked.connect(lambda: start_sample(self.context))
            return [new, sample, recipe]
        other = StartCard("folder-open", tr("Open a run from elsewhere…"), tr("A run folder"))
        other.clicked.connect(self._on_elsewhere_clicked)
        return [new, recipe, other]

    def _new_table(self) -> Table:
        heads = [tr("Run"), tr("Model and method"), tr("State"), tr("Evaluation"), tr("When")]
        table = Table(Rows(heads), stretch=(1,), numbers=(3, 4), widths={0: 150})
        table.setMinimumHeight(36 * (_ROWS_SEEN + 1))
        table.set_empty(
            "list-bullets",
            tr("No runs yet"),
            tr("Each run appears here with its state, even after the window was closed."),
        )
        table.setAccessibleName(tr("Recent runs"))
        table.opened.connect(lambda key: self.context.open_page("live", key))
        return table

    def _on_runs_changed(self) -> None:
        if not self.context.runs.looked() and not self.context.runs.list():
            return
        views = self.context.runs.list()
        before = self.first
        self._lay(first=not views)
        if before != self.first and before is not None:
            self.open("")
            return
        self._show_now([view for view in views if view.living])
        shown = [view for view in views if not view.living][:_RECENT]
        self.table.set_rows([(view.path, _cells(view)) for view in shown])
        self.all_link.setText(trn("All {n} run", "All {n} runs", len(views)))
        self.all_link.setVisible(bool(views))

    def _show_now(self, living: list[RunView]) -> None:
        """Show a card for each run that trains; keep those that are there."""
        if self.first:
            return
        paths = [view.path for view in living]
        for path in [known for known in self.training if known not in paths]:
            self.training.pop(path).deleteLater()
        for view in living:
            card = self.training.get(view.path)
            if card is None:
                card = self.training[view.path] = TrainingCard(self.context, view.path)
                layout = self.now.layout()
                if layout is not None:
                    layout.addWidget(card)
            card.show_view(view)
        self.now.setVisible(bool(living))

    def _on_recipe_clicked(self) -> None:
        from studio.ui.opening import open_recipe

        name, _kind = QFileDialog.getOpenFileName(
            self, tr("Open a recipe"), "", tr("Recipes (*.toml)")
        )
        if name:
            open_recipe(self.context, Path(name))

    def _on_elsewhere_clicked(self) -> None:
        name = QFileDialog.getExistingDirectory(self, tr("Open a run from elsewhere"))
        if name:
            self.open_run(Path(name))

    def open_run(self, folder: Path) -> None:
        """Open a run folder that lies anywhere; another folder is refused in a sentence."""
        from studio.ui.opening import is_run

        if is_run(folder):
            self.context.open_page("live", str(folder))
            return
        text = mark("{folder} is no run folder: it has no recipe.toml and events.jsonl.")
        step = mark("Choose the folder of one run.")
        self.context.fail(RunError(text, step, folder=folder.name))


def _cells(view: RunView) -> list[Cell]:
    """Return a row of the table of recent runs."""
    state, look = view.state, state_look(view.state)
    began = state.began
    if view.problem is not None:
        shown = Cell(tr("Damaged"), icon="warning", color="warn", tip=view.problem.sentence())
    else:
        shown = Cell(look.text, icon=look.icon, color=look.color)
    return [
        Cell(view.title, strong=True, tip=view.title),
        Cell(model_and_method(view.recipe), muted=True, tip=model_and_method(view.recipe)),
        shown,
        Cell(loss(state.eval_loss), sort=state.eval_loss),
        Cell(when(began, brief=True) if began else MISSING, muted=True, sort=began,
             tip=exactly(began) if began else ""),
    ]  # fmt: skip
