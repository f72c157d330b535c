"""The table of models on this computer: the sample, recent ones, fetched ones, named ones."""

from studio.errors import StudioError
from studio.models.facts import ModelFacts
from studio.ui.context import Context
from studio.ui.new_run.hub_models import COLUMNS
from studio.ui.new_run.model_looks import ModelLooks
from studio.ui.new_run.model_words import facts_cells, needs, problem_cells, trains, unknown_cells
from studio.ui.widgets.tablemodel import Cell, Rows
from studio.ui.widgets.tables import Table
from studio.words import tr


class LocalModels(Table):
    """A row for each source, with what of it this machine can train."""

    def __init__(self, context: Context, looks: ModelLooks) -> None:
        on_card = context.machine.card is not None
        able = tr("Trains on this card") if on_card else tr("Trains on this computer")
        heads = [tr("Model"), tr("Parameters"), tr("On disk"), able]
        super().__init__(Rows(heads), 0, numbers=(1, 2), two_lines=True, widths=COLUMNS)
        self._context, self._looks = context, looks
        self.setAccessibleName(tr("Models on this computer"))
        self.set_empty("magnifying-glass", tr("No model of that name on this computer"))

    def show_models(self, search: str, wanted: str) -> None:
        """List the models that match a search, `wanted` being the chosen one; nothing is told."""
        words = search.casefold().split()
        found = [(source, self._source_cells(source)) for source in self._looks.sources]
        self.blockSignals(True)
        self.set_rows([row for row in found if self._matches(*row, words)])
        if self.key() != wanted:
            self.choose(wanted)
        self.blockSignals(False)

    def _source_cells(self, source: str) -> list[Cell]:
        """Return the cells of one source."""
        found, context = self._looks.found(source), self._context
        if isinstance(found, ModelFacts):
            needed = needs(context.draft, found, context.machine, context.use)
            return facts_cells(found, trains(needed, context.machine.four_bit))
        if isinstance(found, StudioError):
            return problem_cells(source, found)
        return unknown_cells(source, source not in self._looks.absent)

    def _matches(self, source: str, cells: list[Cell], words: list[str]) -> bool:
        """Say whether all words are in the name, the size or the licence."""
        found = self._looks.found(source)
        licence = found.licence if isinstance(found, ModelFacts) else ""
        text = " ".join([source, licence, *(f"{cell.text} {cell.second}" for cell in cells)])
        return all(word in text.casefold() for word in words)
