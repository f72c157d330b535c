"""The comparison below the table of runs: one chart, and what differs."""

from collections.abc import Sequence

from numpy.typing import ArrayLike
from PySide6.QtWidgets import QWidget

from studio.ui import jobs
from studio.ui.charts.lines import Axis, Comparison, RunLine
from studio.ui.charts.specs import Format
from studio.ui.pages.runs_curves import RunCurves
from studio.ui.pages.runs_differences import rows, short_names
from studio.ui.runs import RunView
from studio.ui.widgets.buttons import Button, IconButton
from studio.ui.widgets.cards import Card
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.widgets.segments import Segments
from studio.ui.widgets.tablemodel import Rows
from studio.ui.widgets.tables import Table
from studio.words import tr, trn

_FORMS: dict[str, Format] = {
    "evaluation": "loss", "loss": "loss", "memory": "memory", "speed": "count"
}  # fmt: skip
_SMOOTHED = ("loss", "speed")
_FACTS = 412
_ROW = 30


class Compare(QWidget):
    """Curves of the checked runs and the table of their differences."""

    def __init__(self) -> None:
        super().__init__()
        self._views: list[RunView] = []
        self._orders: dict[str, int] = {}
        self._curves: dict[str, RunCurves] = {}
        self._reading: set[str] = set()
        self.title = Label("", "section")
        self.quantity = Segments(
            [
                ("evaluation", tr("Evaluation")),
                ("loss", tr("Loss")),
                ("memory", tr("Memory")),
                ("speed", tr("Tokens a second")),
            ],
            compact=True,
        )
        self.axis = Segments(
            [("step", tr("Step")), ("time", tr("Time")), ("tokens", tr("Tokens"))], compact=True
        )
        self.quantity.chosen.connect(self._on_quantity_chosen)
        self.axis.chosen.connect(self._on_axis_chosen)
        self.open_button = Button(tr("Open"), compact=True)
        self.try_button = Button(tr("Try it"), compact=True)
        self.more_button = IconButton("dots-three", tr("More"), framed=True, compact=True)
        self.chart = Comparison()
        chart = Card(margins=8)
        chart.body.addWidget(self.chart)
        self._facts = holder(vbox(gap=0))
        self._facts.setFixedWidth(_FACTS)
        self.table: Table | None = None
        self._runs_shown: list[str] = []
        head = hbox(
            self.title, self.quantity, self.axis, None,
            self.open_button, self.try_button, self.more_button, gap=12,
        )  # fmt: skip
        low = hbox(chart, self._facts, gap=16)
        low.setStretch(0, 1)
        vbox(head, low, gap=12, margins=(0, 16, 0, 0), into=self).setStretch(1, 1)
        self.setMinimumHeight(220)

    def show_runs(self, views: Sequence[RunView], orders: dict[str, int]) -> None:
        """Compare these runs; `orders` gives each its line for as long as it is checked."""
        self._views, self._orders = list(views), dict(orders)
        self.title.setText(trn("Compare {n} run", "Compare {n} runs", len(views)))
        for view in views:
            if view.path not in self._curves:
                self._curves[view.path] = RunCurves(view.path)
                self._read(view.path)
            elif view.living:
                self._read(view.path)
        self._draw()

    def _read(self, path: str) -> None:
        """Read what is new of a run in the background; never twice at a time."""
        if path in self._reading:
            return
        self._reading.add(path)

        def done(_curves: object) -> None:
            self._reading.discard(path)
            self._draw()

        jobs.run(self, self._curves[path].read, done, done)

    def _draw(self) -> None:
        """Show lines and differences as they are known now."""
        self._draw_lines()
        self._draw_table()

    def _draw_lines(self) -> None:
        quantity = self.quantity.key()
        names = short_names([view.title for view in self._views])
        lines = []
        for view, name in zip(self._views, names, strict=True):
            if view.path in self._reading:
                continue
            curve = self._curves[view.path].curves[quantity]
            places: dict[Axis, ArrayLike] = {
                "step": curve.step, "time": curve.time, "tokens": curve.tokens
            }  # fmt: skip
            lines.append(RunLine(name, curve.values, places, self._orders[view.path]))
        self.chart.set_smoothing(0.9 if quantity in _SMOOTHED else 0.0)
        self.chart.set_runs(lines, _FORMS[quantity], quantity != "speed")

    def _draw_table(self) -> None:
        names = short_names([view.title for view in self._views])
        if self.table is None or names != self._runs_shown:
            self._runs_shown = names
            self.table = self._new_table(names)
        trained = [self._curves[view.path].trainable for view in self._views]
        self.table.set_rows(rows(self._views, trained))

    def _new_table(self, names: Sequence[str]) -> Table:
        """Return a table with a column for each run, in place of the one before."""
        columns = range(1, len(names) + 1)
        table = Table(
            Rows([tr("What differs"), *names]), stretch=tuple(columns), numbers=tuple(columns),
            widths={0: 140},
        )  # fmt: skip
        table.setAccessibleName(tr("What differs"))
        table.verticalHeader().setMinimumSectionSize(_ROW)
        table.verticalHeader().setDefaultSectionSize(_ROW)
        layout = self._facts.layout()
        if layout is not None:
            if self.table is not None:
                layout.removeWidget(self.table)
                self.table.deleteLater()
            layout.addWidget(table)
        return table

    def _on_quantity_chosen(self, _key: str) -> None:
        self._draw_lines()

    def _on_axis_chosen(self, key: str) -> None:
        self.chart.set_x(key)  # type: ignore[arg-type]
