"""Cards of the Method step: what is recommended and why, and every method with its needs."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout

from studio.errors import Problem
from studio.estimate import Estimate
from studio.methods.catalogue import FAMILIES, Method
from studio.methods.recommend import Reason, Recommendation
from studio.ui.widgets.bars import NeedBar, verdict
from studio.ui.widgets.cards import ChoiceCard
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import clear, hairline, hbox, vbox
from studio.ui.words import MISSING, file_size, gigabytes
from studio.words import tr

REASON_ICONS = {"good": ("check", "good"), "warn": ("warning", "warn"), "bad": ("x-circle", "bad")}
_STATES = {"fits": "", "tight": "warn", "too-large": "bad"}


class RecommendedCard(ChoiceCard):
    """A recommended method: for and against, and its memory against the limit."""

    def __init__(self) -> None:
        super().__init__()
        self.key = ""
        self._shown: tuple[Reason, ...] = ()
        self._name = Label("", "section", elide=True)
        self._chip = Chip("", "accent")
        self._name.setMinimumHeight(self._chip.height())  # so that names stand in one line
        head = hbox(self._name, self._chip, gap=8)
        head.setStretch(0, 1)
        self._reasons: QVBoxLayout = vbox(gap=7)
        self._bar = NeedBar()
        self.body.addLayout(head)
        self.body.addLayout(self._reasons)
        self.body.addStretch(1)
        self.body.addWidget(self._bar)

    def show_method(self, found: Recommendation, need: Estimate, best: bool) -> None:
        """Show a method with the reasons for and against it."""
        self.key = found.method.key
        self._name.setText(found.method.name)
        self._name.setToolTip("")
        self._chip.set(tr("Best fit"), "accent")
        self._chip.setVisible(best)
        self._bar.set_value(need.total, need.limit, gigabytes(need.total))
        self.setAccessibleName(found.method.name)
        if found.reasons != self._shown:
            self._shown = found.reasons
            self._show_reasons(found.reasons)

    def _show_reasons(self, reasons: Sequence[Reason]) -> None:
        """List the reasons, one a line."""
        clear(self._reasons)
        for reason in reasons:
            name, color = REASON_ICONS[reason.kind]
            mark = IconLabel(name, color)
            mark.setAccessibleName(reason.kind)
            text = Label(tr(reason.text, **reason.values), "value", wrap=True)
            row = hbox(mark, text, gap=6)
            row.setStretch(1, 1)
            row.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
            self._reasons.addLayout(row)


class MethodCard(ChoiceCard):
    """One method of the gallery: name, family, what it does, memory here and size of the result."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.key = method.key
        self._name = Label(method.name, "section", elide=True)
        head = hbox(self._name, Label(tr(FAMILIES[method.family]), "caption"), gap=8)
        head.setStretch(0, 1)
        self._summary = Label(method.text("summary"), "small", wrap=True)
        self._summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._line = hairline()
        self._mark = IconLabel("cpu")
        self._need = Label("", "value-strong", wrap=True)
        self._size = Label("", "small")
        foot = hbox(self._mark, self._need, self._size, gap=6)
        foot.setStretch(1, 1)
        foot.setAlignment(self._mark, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(head)
        self.body.addWidget(self._summary, 1)
        self.body.addWidget(self._line)
        self.body.addLayout(foot)
        self.setAccessibleName(method.name)
        self.show_need(None)

    def show_need(self, need: Estimate | None, refused: Problem | None = None) -> None:
        """Show what the method needs here, or why it cannot be taken."""
        self._dim(refused is not None)
        if refused is not None:
            self._mark.set_icon("prohibit", "bad")
            self._need.setText(refused.sentence())
            self._size.setText("")
            return
        self._mark.set_icon("cpu")
        self._need.setText(gigabytes(need.total) if need else MISSING)
        self._need.setToolTip(tr("Memory in use at the peak, estimated") if need else "")
        self._need.set_state(_STATES[verdict(need.total, need.limit)] if need else "")
        self._size.setText(file_size(need.adapter_bytes) if need else "")
        self._size.setToolTip(tr("Size of the result on the disk"))

    def _dim(self, dim: bool) -> None:
        """Take the words back, still readable, for a method that cannot be taken."""
        self._name.set_state("faint" if dim else "")
        self._summary.set_state("faint" if dim else "")
        self._need.set_role("small" if dim else "value-strong")
        self._need.set_state("")


def one_stop(cards: Sequence[ChoiceCard]) -> None:
    """Make a row of cards one stop of the Tab key: the chosen card, or else the first."""
    chosen = next((card for card in cards if card.is_chosen()), cards[0] if cards else None)
    for card in cards:
        stop = card is chosen
        card.setFocusPolicy(Qt.FocusPolicy.StrongFocus if stop else Qt.FocusPolicy.ClickFocus)
