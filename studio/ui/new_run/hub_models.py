"""Searching the hub: only when the person asks; being offline is a normal state."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.errors import StudioError
from studio.models import hub
from studio.models.hub import HubModel
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.widgets.layouts import vbox
from studio.ui.widgets.states import StateStack
from studio.ui.widgets.tablemodel import Cell, Rows
from studio.ui.widgets.tables import Table
from studio.ui.words import MISSING, count, parameters
from studio.words import tr

COLUMNS = {1: 96, 2: 104, 3: 168}


class HubModels(QWidget):
    """The results of one search.

    Signals:
        chosen(id): a model was chosen.
    """

    chosen = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._job: jobs.Job[list[HubModel]] | None = None
        self.found: list[HubModel] = []
        heads = [tr("Model"), tr("Parameters"), tr("Fetched"), tr("Licence")]
        self.table = Table(Rows(heads), 0, numbers=(1, 2), two_lines=True, widths=COLUMNS)
        self.table.setAccessibleName(tr("Models on Hugging Face"))
        self.table.chosen.connect(self.chosen)
        self.stack = StateStack(self.table)
        self.stack.acted.connect(self._on_acted)
        vbox(self.stack, gap=0, into=self)
        self.show_start()

    def show_start(self) -> None:
        """Say how to begin; nothing is asked before, and not at all when offline."""
        if self._context.settings.offline:
            self.stack.show_empty(
                "wifi-slash",
                tr("The settings say to stay offline."),
                tr("Models on this computer can be used, and the hub as soon as you go online."),
                tr("Open Settings"),
            )
        elif not self.found:
            self.stack.show_empty(
                "magnifying-glass",
                tr("Search Hugging Face"),
                tr("Type a part of a name, such as Qwen3 or SmolLM2, and press Enter."),
            )
        else:
            self.stack.show_ready()

    def search(self, text: str) -> None:
        """Ask the hub, unless the settings say to stay offline."""
        if not text.strip() or self._context.settings.offline:
            self.show_start()
            return
        self.cancel()
        self.stack.show_busy(tr("Asking Hugging Face for “{text}”…", text=text), can_cancel=True)
        self._job = jobs.run(self, lambda: hub.search(text), self._on_found, self._on_failed)

    def cancel(self) -> None:
        """Drop a search that is under way."""
        if self._job is not None:
            self._job.cancel()

    def _on_found(self, found: list[HubModel]) -> None:
        self.found = found
        self.table.set_rows([(model.id, _cells(model)) for model in found])
        if found:
            self.stack.show_ready()
            self.table.setFocus()
        else:
            text = tr("Try a shorter part of the name.")
            self.stack.show_empty("magnifying-glass", tr("No model of that name"), text)

    def _on_failed(self, error: StudioError) -> None:
        self.stack.show_empty("cloud-slash", error.sentence(), error.step(), tr("Open Settings"))

    def _on_acted(self, state: str) -> None:
        if state == "empty":
            self._context.open_page("settings")
        else:
            self.cancel()
            self.show_start()


def _cells(model: HubModel) -> list[Cell]:
    """Return a result's cells."""
    owner, _, name = model.id.partition("/")
    size = parameters(model.parameters) if model.parameters else MISSING
    return [
        Cell(name or model.id, owner if name else "", strong=True, tip=model.id),
        Cell(size, sort=model.parameters),
        Cell(count(model.downloads), muted=True, sort=model.downloads),
        Cell(model.licence or MISSING, muted=True),
    ]
