"""Cards of what the guide recommends: reasons for and against, memory against the limit."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout

from studio.estimate import Estimate
from studio.methods.guide import Advice, Reason
from studio.ui.widgets.bars import NeedBar
from studio.ui.widgets.cards import ChoiceCard
from studio.ui.widgets.checks import kind_mark
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hbox, vbox
from studio.ui.words import gigabytes
from studio.words import tr

_MOST = 4  # reasons on a card; the method's page has all


class RecommendedCard(ChoiceCard):
    """A recommended method: for and against, and its memory against the limit."""

    def __init__(self) -> None:
        super().__init__()
        self.key = ""
        self._shown: list[Reason] = []
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

    def show_method(self, found: Advice, need: Estimate, best: bool) -> None:
        """Show a method with the reasons for and against it."""
        self.key = found.method.key
        self._name.setText(found.method.name)
        self._name.setToolTip("")
        self._chip.set(tr("Best fit"), "accent")
        self._chip.setVisible(best)
        self._bar.set_value(need.total, need.limit, gigabytes(need.total))
        self.setAccessibleName(found.method.name)
        reasons = told(found)
        if reasons != self._shown:
            self._shown = reasons
            self._show_reasons(reasons)

    def _show_reasons(self, reasons: Sequence[Reason]) -> None:
        """List the reasons, one a line."""
        clear(self._reasons)
        for reason in reasons:
            mark = kind_mark(reason.kind)
            text = Label(tr(reason.text, **reason.values), "value", wrap=True)
            text.setToolTip(reason.source)
            row = hbox(mark, text, gap=6)
            row.setStretch(1, 1)
            row.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
            self._reasons.addLayout(row)


def told(found: Advice) -> list[Reason]:
    """Return the reasons that a card has room for: the first ones for, at least one against."""
    against = list(found.doubts)[: max(1, _MOST - len(found.reasons))]
    return [*list(found.reasons)[: _MOST - len(against)], *against]


def one_stop(cards: Sequence[ChoiceCard]) -> None:
    """Make a row of cards one stop of the Tab key: the chosen card, or else the first."""
    chosen = next((card for card in cards if card.is_chosen()), cards[0] if cards else None)
    for card in cards:
        stop = card is chosen
        card.setFocusPolicy(Qt.FocusPolicy.StrongFocus if stop else Qt.FocusPolicy.ClickFocus)
