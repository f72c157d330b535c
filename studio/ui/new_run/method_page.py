"""A method's own page: what it does, when, at what cost, its settings, what was seen of it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from studio.estimate import Estimate
from studio.methods.catalogue import Knob, Method, method
from studio.methods.evidence import Point
from studio.methods.guide import Advice
from studio.ui.new_run.evidence_table import EvidenceTable
from studio.ui.new_run.method_drawings import DRAWINGS, TEXTS
from studio.ui.new_run.method_links import Links
from studio.ui.new_run.method_rows import Entry
from studio.ui.new_run.method_seen import SeenTable, seen_rows
from studio.ui.pages.forms import range_words
from studio.ui.widgets.buttons import Link
from studio.ui.widgets.cards import Card
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.facts import Swatch
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hairline, hbox, holder, vbox
from studio.ui.widgets.numbers import number_text
from studio.ui.widgets.sketch import SketchView
from studio.ui.words import MISSING, file_size, parameters
from studio.words import tr

_DRAWING = 128


class MethodPage(QWidget):
    """Everything there is to know about one method.

    Signals:
        evidence_wanted: the person wants to see the figures of all methods.
    """

    evidence_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.key = ""
        self.about = _About()
        self.cost = _Cost()
        self.guide = CheckList(sort=False)
        self.knobs = _Knobs()
        self.seen = SeenTable()
        self._seen_with = Label("", "small", wrap=True)
        self.evidence = EvidenceTable()
        self._none = Label(tr("PEFT's published comparison has no figures of it."), "small")
        self.links = Links()
        self._build()

    def _build(self) -> None:
        """Lay the parts out below one another."""
        self._seen_words = Label("", "small", wrap=True)
        more = Link(tr("All measured figures"), small=True)
        more.clicked.connect(self.evidence_wanted)
        measured = hbox(Label(tr("Measured"), "section"), None, more)
        self._said = _part(Label(tr("What the guide says here"), "section"), self.guide)
        vbox(
            self.about,
            _part(Label(tr("What it costs here"), "section"), self.cost),
            self._said,
            _part(Label(tr("Settings"), "section"), self.knobs),
            _part(Label(tr("What it was seen to do"), "section"), self.seen, self._seen_words),
            _part(measured, self.evidence, self._none),
            self.links,
            gap=20,
            into=self,
        )

    def show_method(self, method: Method, points: list[Point], version: str) -> None:
        """Show a method with what was measured of it."""
        self.key = method.key
        self.about.show_method(method)
        self.seen.show_rows(seen_rows(method.key))
        words = tr("Tried on tiny models of each kind with PEFT {version}.", version=version)
        self._seen_words.setText(words if version else tr("Nothing was tried yet."))
        self.evidence.show_points(points)
        self.evidence.setVisible(bool(points))
        self._none.setVisible(not points)
        self.links.show_method(method)

    def show_advice(self, said: Advice | None) -> None:
        """Show all that speaks for and against the method here, each with its source."""
        told = [*said.reasons, *said.doubts] if said else []
        self._said.setVisible(bool(told))
        self.guide.set_checks(
            [Check(one.kind, tr(one.text, **one.values), one.source) for one in told]
        )

    def show_cost(self, one: Entry, need: Estimate | None, total: int) -> None:
        """Show what the method needs here, for a model of so many parameters (0: unknown)."""
        self.cost.show_need(one, need, total)
        self.knobs.show_knobs(list(method(one.key).knobs.values()), total)


def _part(head: object, *items: QWidget) -> QWidget:
    """Return a headed card."""
    card = Card()
    for item in items:
        card.body.addWidget(item)
    return holder(vbox(head, card, gap=8))  # type: ignore[arg-type]


class _About(QWidget):
    """The drawing at the left; two sentences, when and when not at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.drawing = SketchView(_DRAWING, most=1.2)
        self._caption = Label("", "small", wrap=True)
        self.summary = Label("", "body", wrap=True)
        self.advice = CheckList(sort=False)
        self.documents = Label("", "small", wrap=True)
        card = Card()
        for item in (self.drawing, self._caption):
            card.body.addWidget(item)
        card.body.addStretch(1)
        card.body.addLayout(legend())
        words = vbox(self.summary, self.advice, self.documents, None, gap=12)
        row = hbox(card, words, gap=16, into=self)
        row.setStretch(0, 1)
        row.setStretch(1, 1)

    def show_method(self, method: Method) -> None:
        """Say what the method does, and what the documents call it."""
        text = tr(TEXTS[method.drawing]) if method.drawing in TEXTS else ""
        self.drawing.show_drawing(DRAWINGS.get(method.drawing), text)
        self._caption.setText(text)
        self.summary.setText(method.text("summary"))
        self.advice.set_checks(advice(method))
        documents = method.text("documents")
        self.documents.setText(documents)
        self.documents.setVisible(bool(documents))


def advice(method: Method) -> list[Check]:
    """Return when to take a method, and when not."""
    return [Check("good", method.text("when")), Check("info", method.text("when_not"))]


def legend() -> QHBoxLayout:
    """Return what the colours of the drawings mean."""
    trained = hbox(Swatch("chart-1"), Label(tr("Trained"), "caption"), gap=5)
    frozen = hbox(Swatch("border-strong"), Label(tr("Stays as it is"), "caption"), gap=5)
    return hbox(trained, frozen, None, gap=12)


class _Cost(QWidget):
    """Memory, trained parameters, the file: side by side."""

    def __init__(self) -> None:
        super().__init__()
        names = {
            "need": tr("Memory at the peak, estimated"),
            "trained": tr("Trained parameters"),
            "size": tr("Size of the result"),
            "score": tr("Best measured"),
        }
        self.values = {key: Label("", "section") for key in names}
        row = hbox(gap=16, into=self)
        for key, name in names.items():
            words = Label(name, "small", wrap=True)
            row.addLayout(vbox(self.values[key], words, None, gap=2), 1)

    def show_need(self, one: Entry, need: Estimate | None, total: int) -> None:
        """Show the figures that are known."""
        share = f"{100 * need.trainable / total:.3g}" if need and total else ""
        trained = parameters(need.trainable) if need else MISSING
        both = tr("{trained} ({share}%)", trained=trained, share=share) if share else trained
        self.values["trained"].setText(both)
        self.values["need"].setText(one.need_text())
        states = {"tight": "warn", "too-large": "bad"}
        self.values["need"].set_state(states.get(one.verdict, ""))
        self.values["size"].setText(file_size(need.adapter_bytes) if need else MISSING)
        self.values["score"].setText(one.score_text())
        self.values["score"].setToolTip(one.measured)


class _Knobs(QWidget):
    """The settings: name, what it does, what it may be, what it is unless changed."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._shown: tuple[list[Knob], int] | None = None

    def show_knobs(self, knobs: list[Knob], total: int) -> None:
        """List these settings, with what they are for a model of so many parameters."""
        if (knobs, total) == self._shown:
            return
        self._shown = (knobs, total)
        clear(self._grid)
        if not knobs:
            self._grid.addWidget(Label(tr("There is nothing to set."), "small"), 0, 0)
            return
        heads = (tr("Setting"), tr("What it does"), tr("Can be"))
        for column, head in enumerate(heads):
            self._grid.addWidget(Label(head, "small-medium"), 0, column)
        self._grid.addWidget(hairline(), 1, 0, 1, len(heads))
        for place, knob in enumerate(knobs, start=2):
            for column, text in enumerate((knob.title, knob.help, possible(knob, total))):
                label = Label(text, "value" if column == 0 else "small", wrap=True)
                label.setAlignment(Qt.AlignmentFlag.AlignTop)
                label.setToolTip(knob.key if column == 0 else "")
                self._grid.addWidget(label, place, column)


def possible(knob: Knob, total: int) -> str:
    """Return what a setting may be, and what it is unless changed, for a model of this size."""
    usual = knob.value_for(total)
    if knob.kind == "bool":
        return tr("On or off; on by default") if usual else tr("On or off; off by default")
    if knob.kind == "choice":
        return " · ".join(text for _key, text in knob.captions())
    limits = range_words(knob)
    if usual is None or isinstance(usual, str):
        return limits
    value = f"{usual:,}" if knob.kind == "int" else number_text(usual)
    return tr("{limits}; {value} by default", limits=limits, value=value) if limits else value
