"""The side panel of the Method step: advice, settings, memory, what was measured."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.errors import Problem
from studio.estimate import Estimate
from studio.hardware import Machine
from studio.methods import evidence
from studio.methods.catalogue import Knob, Method
from studio.ui.new_run.evidence_words import line as measured_line
from studio.ui.new_run.method_drawings import DRAWINGS, TEXTS
from studio.ui.new_run.method_links import Links
from studio.ui.new_run.method_page import advice
from studio.ui.pages.forms import (
    Field,
    PanelRow,
    knob_field,
    on_edited,
    range_words,
    show_value,
)
from studio.ui.pages.forms import value_of as field_value
from studio.ui.widgets.bars import MemoryBar
from studio.ui.widgets.buttons import Link
from studio.ui.widgets.checkbox import CheckBox
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hairline, hbox, holder, vbox
from studio.ui.widgets.sketch import SketchView
from studio.ui.words import gigabytes, gigabytes_number, parameters, whole_gigabytes
from studio.words import tr, trn

_SMALL = 0.095 * 2**30
_DRAWING = 88


class MethodPanel(QWidget):
    """What there is to know and to set about the chosen method.

    Signals:
        edited(key, value): the person changed one of the method's settings.
        unfolded(bool): the person wants to see all settings, or only the usual ones.
        more_wanted: the person wants to read the method's own page.
        evidence_wanted: the person wants to see what was measured of all methods.
    """

    edited = Signal(str, object)
    unfolded = Signal(bool)
    more_wanted = Signal()
    evidence_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {}
        self._shown = ""
        self._advised: list[Check] = []
        self._caption = Label(tr("Chosen now"), "caption")
        self._caption.hide()
        self._name = Label("", "lead", wrap=True)
        self._summary = Label("", "small", wrap=True)
        self.drawing = SketchView(_DRAWING)
        self._advice = CheckList(sort=False)
        self._basic, self._more = vbox(gap=8), vbox(gap=8)
        self._more_holder = holder(self._more)
        self.more = Link("", small=True)
        self.more.clicked.connect(self._on_more_clicked)
        self._trained = Label("", "small")
        self.memory = MemoryPart()
        self._measured = Label("", "small", wrap=True)
        self.about = Link(tr("More about it"), small=True)
        self.about.clicked.connect(self.more_wanted)
        self.source = Link(tr("All figures"), small=True)
        self.source.clicked.connect(self.evidence_wanted)
        self.links = Links(self.about)
        self._build()

    def _build(self) -> None:
        """Lay the parts out below one another."""
        head = vbox(self._caption, self._name, self._summary, gap=4)
        foot = hbox(self.more, None, self._trained, gap=8)
        column = vbox(
            head, self.drawing, self._advice, self._basic, self._more_holder, foot, gap=12
        )
        measured = vbox(self._measured, hbox(self.source, None), gap=4)
        vbox(
            column,
            self.memory,
            hairline(),
            measured,
            self.links,
            None,
            gap=16,
            margins=(24, 20, 24, 24),
            into=self,
        )

    def show_method(self, method: Method, values: dict[str, Any], unfolded: bool) -> None:
        """Show a method with the values of its settings; fields are kept while it stays."""
        lists = [key for key, value in values.items() if isinstance(value, list)]
        shown = f"{method.key} {lists}"
        if shown != self._shown:
            self._shown = shown
            self._show_words(method)
            self._build_knobs(method, values)
        for key, field in self.fields.items():
            show_value(field, values[key])
        self._fold(method, unfolded)

    def _show_words(self, method: Method) -> None:
        """Say what the method does, draw it, and say what was measured of it."""
        self._name.setText(method.name)
        self._summary.setText(method.text("summary"))
        text = tr(TEXTS[method.drawing]) if method.drawing in TEXTS else ""
        self.drawing.show_drawing(DRAWINGS.get(method.drawing), text)
        best = evidence.best(method.key)
        none = tr("PEFT's published comparison has no figures of it.")
        self._measured.setText(measured_line(best) if best else none)
        self.links.show_method(method)

    def set_caption(self, shown: bool) -> None:
        """Say that this is the chosen method, while another one is read about."""
        self._caption.setVisible(shown)

    def show_advice(self, method: Method, refused: list[Problem], need: Estimate | None) -> None:
        """Say when to take the method and when not, and first of all why it cannot be."""
        checks = [Check("bad", one.sentence(), one.step()) for one in refused]
        if need is not None and need.verdict == "too large":
            checks.append(_too_large(need))
        checks += advice(method)
        if checks != self._advised:
            self._advised = checks
            self._advice.set_checks(checks)

    def show_trained(self, trained: int, total: int) -> None:
        """Say how many parameters are trained."""
        share = 100 * trained / total if total else 0.0
        figures = {"trained": parameters(trained), "share": f"{share:.3g}"}
        self._trained.setText(tr("{trained} trained, {share}%", **figures) if total else "")

    def _build_knobs(self, method: Method, values: dict[str, Any]) -> None:
        """Make the fields of the method's settings."""
        clear(self._basic)
        clear(self._more)
        self.fields = {}
        for key, knob in method.knobs.items():
            field = knob_field(knob, values[key])
            self.fields[key] = field
            on_edited(field, self._teller(key, field))
            place = self._basic if knob.tier == "basic" else self._more
            place.addWidget(_row(knob, field))
        self._order_tabs(method)

    def _order_tabs(self, method: Method) -> None:
        """Let Tab go through the panel from above to below, though fields are made last."""
        keys = sorted(self.fields, key=lambda key: method.knobs[key].tier != "basic")
        links = [self.more, self.source, self.about, *self.links.links()]
        stops: list[QWidget] = [self._name, *(self.fields[key] for key in keys), *links]
        for first, second in pairwise(stops):
            QWidget.setTabOrder(first, second)

    def _teller(self, key: str, field: Field) -> Callable[[], None]:
        """Return what tells of an edit of one field."""
        return lambda: self.edited.emit(key, field_value(field))

    def _fold(self, method: Method, unfolded: bool) -> None:
        """Show or hide the settings that are rarely changed."""
        number = sum(knob.tier != "basic" for knob in method.knobs.values())
        self._unfolded = unfolded
        self._more_holder.setVisible(unfolded and number > 0)
        self.more.setVisible(number > 0)
        more = trn("{n} more setting", "{n} more settings", number)
        self.more.setText(tr("Fewer settings") if unfolded else more)

    def _on_more_clicked(self) -> None:
        self.unfolded.emit(not self._unfolded)


class MemoryPart(QWidget):
    """Memory by parts: a bar against the limit and its legend."""

    def __init__(self) -> None:
        super().__init__()
        self._title = Label("", "section")
        self._used, self._total = Label("", "section"), Label("", "muted")
        self.bar = MemoryBar(height=20)
        self.legend = FactRows()
        head = hbox(self._title, None, self._used, self._total, gap=4)
        vbox(hairline(), 6, head, self.bar, self.legend, gap=10, into=self)

    def show_need(self, need: Estimate | None, machine: Machine, bits: str) -> None:
        """Show an estimate; nothing is shown before there is one."""
        self.setVisible(need is not None)
        if need is None:
            return
        on_card = machine.card is not None
        self._title.setText(tr("Memory on the card") if on_card else tr("Memory of this computer"))
        self._used.setText(gigabytes_number(need.total))
        total = tr("of {total} GB", total=whole_gigabytes(need.limit))
        self._total.setText(total)
        self.bar.set_parts(list(need.parts.items()), need.limit, f"{self._used.text()} {total}")
        self.legend.set_rows(_legend(need, bits))


def _legend(need: Estimate, bits: str) -> list[tuple[str, str, str]]:
    """Return the parts with their colours, as the bar has them."""
    weights = {"nf4": tr("Weights, 4-bit"), "int8": tr("Weights, 8-bit")}
    rows = (
        (weights.get(bits, tr("Weights")), "weights", "chart-1"),
        (tr("Adapter and optimizer"), "adapter", "chart-6"),
        (tr("Activations"), "activations", "chart-3"),
        (tr("Logits"), "logits", "chart-2"),
        (tr("Other programs"), "other", "chart-8"),
    )
    free = (tr("Free"), _size(max(0, need.limit - need.total)), "track")
    return [*((name, _size(need.parts[key]), color) for name, key, color in rows), free]


def _size(size: float) -> str:
    """Return a part of the memory, in MB where GB would say nothing."""
    small = 0 < size < _SMALL
    return tr("{number} MB", number=f"{size / 2**20:.0f}") if small else gigabytes(size)


def _row(knob: Knob, field: Field) -> QWidget:
    """Return a setting's row: a check box is a row of its own."""
    if isinstance(field, CheckBox):
        return field
    return PanelRow(knob.title, field, knob.help, range_words(knob))


def _too_large(need: Estimate) -> Check:
    """Say by how much the need is more than there is."""
    values = {"need": gigabytes(need.total), "limit": gigabytes(need.limit)}
    return Check(
        "bad",
        tr("Needs {need} of {limit}, by the estimate.", **values),
        tr("It may end for want of memory; fewer rows at a time need less."),
    )
