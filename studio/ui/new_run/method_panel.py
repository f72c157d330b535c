"""The side panel of the Method step: advice, settings, memory, where to read more."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from studio.errors import Problem
from studio.estimate import Estimate
from studio.hardware import Machine
from studio.methods.catalogue import Knob, Method
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
from studio.ui.words import gigabytes, gigabytes_number, parameters, whole_gigabytes
from studio.words import tr, trn

_SMALL = 0.095 * 2**30


class MethodPanel(QWidget):
    """What there is to know and to set about the chosen method.

    Signals:
        edited(key, value): the person changed one of the method's settings.
        unfolded(bool): the person wants to see all settings, or only the usual ones.
    """

    edited = Signal(str, object)
    unfolded = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {}
        self._shown = ""
        self._advised: list[Check] = []
        self._name = Label("", "lead", wrap=True)
        self._summary = Label("", "small", wrap=True)
        self._advice = CheckList(sort=False)
        self._basic, self._more = vbox(gap=8), vbox(gap=8)
        self._more_holder = holder(self._more)
        self.more = Link("", small=True)
        self.more.clicked.connect(self._on_more_clicked)
        self._trained = Label("", "small")
        self.memory = MemoryPart()
        self.links = hbox(gap=16)
        head = vbox(self._name, self._summary, gap=4)
        foot = hbox(self.more, None, self._trained, gap=8)
        column = vbox(head, self._advice, self._basic, self._more_holder, foot, gap=12)
        vbox(
            column,
            self.memory,
            hairline(),
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
            self._name.setText(method.name)
            self._summary.setText(method.text("summary"))
            self._build_knobs(method, values)
            self._build_links(method)
        for key, field in self.fields.items():
            show_value(field, values[key])
        self._fold(method, unfolded)

    def show_advice(self, method: Method, refused: list[Problem], need: Estimate | None) -> None:
        """Say when to take the method and when not, and first of all why it cannot be."""
        checks = [Check("bad", one.sentence(), one.step()) for one in refused]
        if need is not None and need.verdict == "too large":
            checks.append(_too_large(need))
        checks += [Check("good", method.text("when")), Check("info", method.text("when_not"))]
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

    def _teller(self, key: str, field: Field) -> Callable[[], None]:
        """Return what tells of an edit of one field."""
        return lambda: self.edited.emit(key, field_value(field))

    def _build_links(self, method: Method) -> None:
        """Offer what can be read about the method."""
        clear(self.links)
        for text, address in ((tr("Paper"), method.paper), (tr("Documentation"), method.docs)):
            if address:
                link = Link(text, small=True)
                link.setToolTip(address)
                link.clicked.connect(_opener(address))
                self.links.addWidget(link)
        self.links.addStretch(1)

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


def _opener(address: str) -> Callable[[], None]:
    """Return what opens an address in the browser."""

    def open_address() -> None:
        QDesktopServices.openUrl(QUrl(address))

    return open_address
