"""The evidence: each measured run a dot, with what its place can tell and cannot."""

from collections.abc import Callable, Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.methods import evidence
from studio.methods.catalogue import FAMILIES, methods
from studio.methods.evidence import Point
from studio.ui.charts.scatter import Dot, Scatter
from studio.ui.new_run.evidence_words import contradiction, in_words, name_of, tip
from studio.ui.theme import theme
from studio.ui.widgets.cards import Card
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.facts import Swatch
from studio.ui.widgets.flow import FlowRow
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.widgets.segments import Segments
from studio.words import mark, tr

_HEIGHT = 360
_ABOUT = {
    "memory": mark("Below: memory at the peak. Larger dots are larger files. A click opens the "
                   "method."),
    "time": mark("Below: time of the whole run. Larger dots are larger files. A click opens the "
                 "method."),
}  # fmt: skip
COLORS = dict(
    zip(FAMILIES, ("chart-1", "chart-2", "chart-3", "chart-4", "chart-6", "chart-5", "chart-8"),
        strict=True)
)  # fmt: skip


class EvidenceView(QWidget):
    """Accuracy against memory or time; dots are as large as the file, coloured by family.

    Signals:
        opened(key): somebody wants to read about the method of a dot.
    """

    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[Point] = []
        self.axis = Segments(
            [("memory", tr("Against memory")), ("time", tr("Against time"))], compact=True
        )
        self.axis.chosen.connect(self._on_axis_chosen)
        self.chart = Scatter(tr("Measured accuracy of the methods"))
        self.chart.setFixedHeight(_HEIGHT)
        self.chart.opened.connect(self.opened)
        self._about = Label("", "small", wrap=True)
        self._families: dict[str, QWidget] = {key: _named(key) for key in FAMILIES}
        self._notes = CheckList(sort=False)
        self._build()

    def _build(self) -> None:
        """Lay out: title line, plot, legend, notes."""
        title = Label(tr("Share of right answers, %"), "small-strong")
        head = hbox(title, None, self.axis, gap=12)
        card = Card(margins=(16, 12, 16, 14), gap=8)
        for item in (self.chart, self._about, FlowRow(*self._families.values(), gap=16, apart=4)):
            card.body.addWidget(item)
        card.body.insertLayout(0, head)
        notes = vbox(Label(tr("What this can tell"), "section"), self._notes, gap=8)
        vbox(card, notes, gap=16, into=self)

    def show_points(self, keys: Collection[str]) -> None:
        """Show what was measured of these methods."""
        points = [one for one in evidence.points() if one.method in keys]
        if points != self._shown or not self.chart.dots():
            self._shown = points
            self._draw()
        if not self._notes.findChildren(Label):
            told = (evidence.SOURCE, *evidence.LIMITS)
            notes = [Check("info", tr(text)) for text in told]
            self._notes.set_checks([*notes, Check("warn", contradiction())])

    def points(self) -> list[Point]:
        """Return the runs that are shown."""
        return list(self._shown)

    def _draw(self) -> None:
        """Give the dots to the chart, along the chosen axis."""
        by_time = self.axis.key() == "time"
        place: Callable[[Point], float] = _time if by_time else _memory
        self.chart.set_x_form(None if by_time else _gigabytes)
        self.chart.set_dots([_dot(one, place(one)) for one in self._shown], in_words(self._shown))
        self._about.setText(tr(_ABOUT["time" if by_time else "memory"]))
        families = {_family(one) for one in self._shown}
        for key, name in self._families.items():
            name.setVisible(key in families)

    def _on_axis_chosen(self, _key: str) -> None:
        self._draw()


def _dot(one: Point, x: float) -> Dot:
    """Return the dot of a run."""
    color = COLORS.get(_family(one), "chart-8")
    return Dot(one.method, name_of(one), x, 100 * one.accuracy, one.size, color, tip(one))


def _family(one: Point) -> str:
    known = methods().get(one.method)
    return known.family if known else ""


def _memory(one: Point) -> float:
    return one.memory / 2**30


def _time(one: Point) -> float:
    return one.seconds


def _gigabytes(value: float) -> str:
    return tr("{number} GB", number=f"{value:.0f}")


def _named(key: str) -> QWidget:
    """Return a family with its colour."""
    name = Label(tr(FAMILIES[key]), "small")
    name.setFixedHeight(round(theme().size("small") * theme().line("body")))
    return holder(hbox(Swatch(COLORS[key]), name, gap=6))
