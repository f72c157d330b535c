"""The side panel of the Review step: the memory by the estimate, and what was checked."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.estimate import Estimate
from studio.ui.widgets.bars import NeedBar
from studio.ui.widgets.checks import Check, CheckList
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, vbox
from studio.ui.words import count, gigabytes
from studio.words import tr, trn


class ReviewPanel(QWidget):
    """What the run will need by the estimate, and what was checked before the start."""

    acted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._bar = NeedBar()
        self._size = Label("", "value-strong")
        self._summary = Label("", "small")
        self.list = CheckList(gap=10)
        self.list.acted.connect(self.acted)
        about = tr(
            "Estimated from the model's shape and your rows; the run shows what it really takes."
        )
        bar = hbox(Label(tr("At the peak"), "small"), self._bar, self._size, gap=12)
        bar.setStretch(1, 1)
        self._need = QWidget()
        title = Label(tr("Memory, estimated"), "section")
        need = vbox(title, bar, Label(about, "small", wrap=True), hairline(), gap=12)
        need.setContentsMargins(0, 0, 0, 0)
        self._need.setLayout(need)
        head = hbox(Label(tr("Before the start"), "section"), None, self._summary, gap=8)
        vbox(
            self._need,
            vbox(head, self.list, gap=12),
            None,
            gap=16,
            margins=(24, 20, 24, 24),
            into=self,
        )
        self.checks: list[tuple[str, str]] = []

    def show_need(self, need: Estimate | None) -> None:
        """Show the memory against what there is."""
        self._need.setVisible(need is not None)
        if need is not None:
            self._bar.set_value(need.total, need.limit, gigabytes(need.total))
            self._size.setText(gigabytes(need.total))

    def show_checks(self, found: Sequence[Check]) -> None:
        """List the checks, worst first, and count them."""
        shown = [(check.kind, check.text) for check in found]
        passed = sum(kind == "good" for kind, _text in shown)
        rest = len(shown) - passed
        words = {"passed": count(passed), "rest": count(rest)}
        some = tr("{passed} passed, {rest} to look at", **words)
        self._summary.setText(some if rest else trn("{n} passed", "{n} passed", passed))
        if shown != self.checks:
            self.checks = shown
            self.list.set_checks(found)
