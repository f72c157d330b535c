"""What the gallery is asked: a search, filters that combine, a family, gallery or chart."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.methods.catalogue import FAMILIES
from studio.ui.new_run.method_rows import Query
from studio.ui.widgets.fields import ChoiceField, SearchField
from studio.ui.widgets.flow import FlowRow
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox
from studio.ui.widgets.segments import FilterChip, Segments
from studio.words import tr, trn

VIEWS = ("gallery", "chart")


class MethodFilters(QWidget):
    """Search, family and view in one line, filters and the number found below.

    Signals:
        changed: the query is another one; `query` returns it.
        view_chosen(view): "gallery" or "chart".
    """

    changed = Signal()
    view_chosen = Signal(str)

    def __init__(self, total: int) -> None:
        super().__init__()
        placeholder = trn("Search in {n} method", "Search in {n} methods", total)
        self.search = SearchField(placeholder, compact=True)
        families = [(key, tr(name)) for key, name in FAMILIES.items()]
        self.family = ChoiceField([("", tr("All families")), *families], compact=True)
        self.family.setAccessibleName(tr("Family"))
        cards, chart = tr("As cards"), tr("What was measured, as a chart")
        looks = [
            ("gallery", f"icon:squares-four|{cards}"),
            ("chart", f"icon:chart-line-up|{chart}"),
        ]
        self.view = Segments(looks, compact=True)
        self.chips = {
            "suits": FilterChip(tr("Suits the task")),
            "fits": FilterChip(""),
            "four_bit": FilterChip(tr("Works in 4-bit")),
            "merges": FilterChip(tr("Merges")),
            "measured": FilterChip(tr("Measured")),
        }
        self.found = Label("", "small")
        self.found.setFixedHeight(self.chips["suits"].maximumHeight())
        self._build()

    def _build(self) -> None:
        """Lay out, and listen to everything."""
        top = hbox(self.search, self.family, self.view, gap=8)
        top.setStretch(0, 1)
        vbox(top, FlowRow(*self.chips.values(), self.found), gap=8, into=self)
        self.search.textChanged.connect(self._on_changed)
        self.family.chosen.connect(self._on_changed)
        self.view.chosen.connect(self.view_chosen)
        for chip in self.chips.values():
            chip.toggled.connect(self._on_changed)

    def say_machine(self, on_card: bool) -> None:
        """Name what a method has to fit."""
        words = tr("Fits this card") if on_card else tr("Fits this computer")
        if self.chips["fits"].text() != words:
            self.chips["fits"].setText(words)
            self.chips["fits"].updateGeometry()

    def say_found(self, shown: int, total: int) -> None:
        """Say how many methods the query leaves."""
        self.found.setText(tr("{shown} of {total}", shown=shown, total=total))

    def query(self) -> Query:
        """Return what is asked."""
        on = {name: chip.isChecked() for name, chip in self.chips.items()}
        return Query(self.search.text(), self.family.key(), **on)

    def set_query(self, query: Query) -> None:
        """Ask this, without the signal."""
        self.blockSignals(True)
        self.search.setText(query.text)
        self.family.set_key(query.family)
        for name, chip in self.chips.items():
            chip.setChecked(getattr(query, name))
        self.blockSignals(False)

    def _on_changed(self, *_args: object) -> None:
        self.changed.emit()
