"""The targets of an export: chosen or not, size, state."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from studio.exports.shelf import target
from studio.ui.exporting import Offer
from studio.ui.theme import set_props
from studio.ui.widgets.bars import ProgressBar
from studio.ui.widgets.checkbox import CheckBox
from studio.ui.widgets.chips import StateWord
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hairline, hbox, holder, vbox
from studio.ui.words import file_size
from studio.words import tr


class TargetList(QWidget):
    """One row a target.

    Signals:
        changed: another choice of targets.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.card = QFrame()
        set_props(self.card, part="card")
        self._rows: dict[str, TargetRow] = {}
        self._column = vbox(gap=0, into=self.card)
        self._column.setContentsMargins(1, 1, 1, 1)
        self.error = Label("", "error", wrap=True)
        self.error.hide()
        vbox(self.card, self.error, gap=8, into=self)

    def set_offers(self, offers: Sequence[Offer]) -> None:
        """Show these targets; what can be exported is chosen at first."""
        clear(self._column)
        self._rows = {}
        head = QFrame()
        set_props(head, part="group-head", first="true")
        head.setFixedHeight(32)
        hbox(Label(tr("Files"), "small-medium"), None, margins=(16, 0, 16, 0), into=head)
        self._column.addWidget(head)
        for offer in offers:
            if self._rows:
                self._column.addWidget(hairline())
            row = TargetRow(offer)
            row.box.toggled.connect(lambda _on: self.changed.emit())
            self._rows[offer.key] = row
            self._column.addWidget(row)
        self.say("")

    def chosen(self) -> list[str]:
        """Return the targets that are ticked."""
        return [key for key, row in self._rows.items() if row.box.isChecked()]

    def bytes_chosen(self) -> int:
        """Return about how many bytes the ticked ones take."""
        return sum(self._rows[key].offer.bytes for key in self.chosen())

    def set_state(self, key: str, state: str, size: int = 0) -> None:
        """Show a target's state: waiting, writing, saved, same, close, different, failed, ""."""
        self._rows[key].set_state(state, size)

    def set_share(self, key: str, share: float | None) -> None:
        """Show how far a target is."""
        self._rows[key].bar.set_share(share)

    def say(self, text: str) -> None:
        """Show a sentence below the targets, or nothing."""
        self.error.setText(text)
        self.error.setVisible(bool(text))


class TargetRow(QWidget):
    """One target: box, name, what it is, size, state."""

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self.offer = offer
        shown = target(offer.key)
        self.box = CheckBox("")
        self.box.setAccessibleName(tr(shown.title))
        self.box.setChecked(offer.refusal is None)
        self.box.setEnabled(offer.refusal is None)
        about = offer.refusal.sentence() if offer.refusal else tr(shown.summary)
        words = holder(vbox(Label(tr(shown.title)), Label(about, "muted", elide=True), gap=2))
        self.bytes = Label(file_size(offer.bytes) if offer.bytes else "–", "muted")
        self.state = StateWord("clock", "")
        self.state.hide()
        self.bar = ProgressBar()
        self.bar.setFixedWidth(144)
        self.bar.hide()
        right = holder(hbox(None, self.state, self.bar))
        right.setFixedWidth(160)
        row = hbox(self.box, words, self.bytes, right, gap=12, margins=(16, 8, 16, 8), into=self)
        row.setStretch(1, 1)

    def set_state(self, state: str, size: int) -> None:
        """Show the state with icon and word."""
        self.bar.setVisible(state == "writing")
        self.state.setVisible(state not in ("", "writing"))
        looks = {
            "waiting": ("clock", tr("Waiting"), "text-muted"),
            "saved": ("check-circle", tr("Saved"), "good"),
            "same": ("check-circle", tr("Same answers"), "good"),
            "close": ("check-circle", tr("Close answers"), "good"),
            "different": ("warning", tr("Different answers"), "warn"),
            "failed": ("x-circle", tr("Failed"), "bad"),
        }
        if state in looks:
            icon, text, color = looks[state]
            self.state.set(icon, text, color)
        if size:
            self.bytes.setText(file_size(size))
