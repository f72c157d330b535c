"""What the run will need, in the wizard's footer: memory by parts, verdict, time."""

from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from studio.estimate import Estimate
from studio.ui.context import Context
from studio.ui.widgets.bars import MemoryBar
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hairline, hbox, vbox
from studio.ui.words import MISSING, duration, gigabytes, gigabytes_number
from studio.words import tr

_BAR = 304


class Footer(QStackedWidget):
    """Memory and time of the draft, or a sentence in their place."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.memory, self.time = Label("", "strong"), Label("", "strong")
        self.verdict = Chip("")
        self.bar = MemoryBar(on_window=True)
        self.note = Label("")
        self.addWidget(self._needs())
        self.addWidget(self._sentence())

    def _needs(self) -> QWidget:
        """Return the memory bar and the time beside it."""
        self._memory_head, self._time_head = Label("", "small"), Label("", "small")
        words = hbox(self._memory_head, self.memory, None, self.verdict, gap=8)
        left = QWidget()
        left.setFixedWidth(_BAR)
        vbox(None, words, self.bar, None, gap=6, into=left)
        line = hairline(vertical=True)
        line.setFixedHeight(32)
        right = vbox(None, self._time_head, self.time, None, gap=2)
        needs = QWidget()
        hbox(left, line, right, None, gap=24, into=needs)
        return needs

    def _sentence(self) -> QWidget:
        """Return the place of a sentence."""
        holder = QWidget()
        hbox(IconLabel("check-circle", "good"), self.note, None, gap=8, into=holder)
        return holder

    def show_note(self, text: str) -> None:
        """Show a sentence; an empty one shows memory and time again."""
        self.note.setText(text)
        self.setCurrentIndex(1 if text else 0)

    def refresh(self) -> None:
        """Estimate the draft again."""
        machine = self._context.machine
        on_card = machine.card is not None and self._context.draft.recipe.hardware.device != "cpu"
        self._memory_head.setText(tr("Memory", "card") if on_card else tr("Memory"))
        self._time_head.setText(tr("Time on this card") if on_card else tr("Time on this computer"))
        need = self._context.draft.estimate(machine, self._context.use)
        if need is None:
            self._show_nothing()
        else:
            self._show(need)

    def _show_nothing(self) -> None:
        """Say when it will be known."""
        self.memory.setText(MISSING)
        self.verdict.hide()
        self.bar.set_parts([], 0)
        self.time.setText(MISSING)
        tip = tr("Known as soon as a base model is chosen")
        self.memory.setToolTip(tip)
        self.time.setToolTip(tip)

    def _show(self, need: Estimate) -> None:
        """Show an estimate."""
        used, total = gigabytes_number(need.total), gigabytes_number(need.limit)
        words = tr("{used} of {total} GB", used=used, total=total)
        self.memory.setText(words)
        self.memory.setToolTip(tr("Estimated, other programs included"))
        self.bar.set_parts(list(need.parts.items()), need.limit, words)
        self._show_verdict(need)
        self.verdict.show()
        known = need.steps > 0
        self.time.setText(tr("about {time}", time=_rounded(need.seconds)) if known else MISSING)
        self.time.setToolTip("" if known else tr("Known as soon as the data is read"))

    def _show_verdict(self, need: Estimate) -> None:
        """Say whether it fits, and by how much it does not."""
        if need.verdict == "fits":
            self.verdict.set(tr("Fits"), "good", "check")
        elif need.verdict == "tight":
            self.verdict.set(tr("Tight"), "warn", "warning")
        elif need.total > need.limit:
            excess = gigabytes(need.total - need.limit)
            self.verdict.set(tr("Too large by {size}", size=excess), "bad", "x-circle")
        else:
            self.verdict.set(tr("Too large"), "bad", "x-circle")


def _rounded(seconds: float) -> str:
    """Return an estimate of a time without more figures than it is worth."""
    for limit, step in ((60, 5), (600, 30), (3600, 60), (86_400, 600)):
        if seconds < limit:
            return duration(max(step, round(seconds / step) * step))
    return duration(seconds)
