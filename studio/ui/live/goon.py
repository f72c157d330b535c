"""How to go on after a failure: as it was from the last checkpoint, or anew with a change."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.errors import StudioError
from studio.recipe import Recipe
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.live.repairs import Repair, find_repairs
from studio.ui.widgets.bars import NeedBar
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.cards import ChoiceCard
from studio.ui.widgets.checkbox import RadioButton
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hbox, holder, vbox
from studio.ui.widgets.page import EDGE, scroll
from studio.ui.widgets.states import BusyState
from studio.ui.words import count, gigabytes
from studio.words import tr

_VERDICTS = {
    "fits": ("good", "check"),
    "tight": ("warn", "warning"),
    "too-large": ("bad", "x"),
}


class GoOnPanel(QWidget):
    """Cards to choose from, the need of the chosen one, and one button.

    Signals:
        resumed: go on with this run as it is.
        restarted(Recipe): begin a new run with this recipe.
    """

    resumed = Signal()
    restarted = Signal(Recipe)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._step = 0
        self._repairs: dict[str, Repair] = {}
        self._cards: dict[str, _OptionCard] = {}
        self._chosen = ""
        self._looked: jobs.Job | None = None
        self.title, self.text = Label(role="lead", wrap=True), Label(role="small", wrap=True)
        self._options: QVBoxLayout = vbox(gap=12)
        self._busy = BusyState(tr("Computing what each change would need"))
        self.verdict, self.bar = Chip("", "good", "check"), NeedBar()
        self._need = holder(
            vbox(hbox(Label(tr("After this change"), "small"), None, self.verdict), self.bar, gap=8)
        )
        body = vbox(
            self.title, self.text, 4, self._options, self._busy, 4, self._need, None, gap=8,
            margins=(EDGE, 16, EDGE, 16),
        )  # fmt: skip
        self.go = Button(tr("Go on"), "primary", "play")
        self.go.clicked.connect(self._on_go)
        column = vbox(scroll(holder(body)), gap=0, into=self)
        column.addLayout(hbox(self.go, margins=(EDGE, 12, EDGE, 20)))

    def show_run(self, step: int, recipe: Recipe | None, kind: str) -> None:
        """Offer ways on from a checkpoint's step (0: there is none) after this kind of failure."""
        self._step, self._repairs = step, {}
        self._say(recipe is not None and kind == "memory")
        self._lay({})
        if self._looked is not None:
            self._looked.cancel()
        self._busy.setVisible(recipe is not None and kind == "memory")
        if recipe is not None and kind == "memory":
            here, now = self._context.machine, self._context.use
            work = lambda: find_repairs(recipe, here, now)  # noqa: E731 - a job wants a callable
            self._looked = jobs.run(self, work, self._on_found, self._on_not_found)

    def _say(self, choices: bool) -> None:
        """Word the panel."""
        step = count(self._step)
        self.title.setText(
            tr("Go on from step {step}", step=step) if self._step else tr("Try again")
        )
        if choices:
            text = tr(
                "Choose what to change; each need is computed for this computer. "
                "A change makes a new run from step 0, and this one stays as it is."
            )
        elif self._step:
            text = tr("Nothing is changed; what came after the checkpoint is trained again.")
        else:
            text = tr("There is no checkpoint yet, so it begins with the first step.")
        self.text.setText(text)

    def _on_found(self, found: list[Repair]) -> None:
        self._busy.hide()
        self._repairs = {repair.key: repair for repair in found}
        self._lay(self._repairs)

    def _on_not_found(self, error: StudioError) -> None:
        self._busy.hide()
        self.text.setText(str(error))

    def _lay(self, found: dict[str, Repair]) -> None:
        """Show a card for each way on; only one way needs no card."""
        clear(self._options)
        self._cards = {}
        if found:
            for key, repair in found.items():
                text, need = repair.title(), gigabytes(repair.need)
                self._cards[key] = self._card(key, text, repair.note(), need)
            self._cards["same"] = self._card("same", *self._same_texts(), "")
        fitting = [key for key, repair in found.items() if repair.fits]
        self._choose(next(iter(fitting), "same"))

    def _same_texts(self) -> tuple[str, str]:
        """Return the words of going on without a change."""
        if self._step:
            return tr("Change nothing"), tr("Goes on from step {step}", step=count(self._step))
        return tr("Change nothing"), tr("Begins again with the first step")

    def _card(self, key: str, title: str, note: str, need: str) -> "_OptionCard":
        card = _OptionCard(title, note, need)
        card.clicked.connect(lambda: self._choose(key))
        self._options.addWidget(card)
        return card

    def _choose(self, key: str) -> None:
        """Take one way on and show what it needs."""
        self._chosen = key
        for name, card in self._cards.items():
            card.set_chosen(name == key)
        repair = self._repairs.get(key)
        self._need.setVisible(repair is not None)
        if repair is None:
            step = count(self._step)
            again = tr("Start again from the first step")
            self.go.setText(tr("Go on from step {step}", step=step) if self._step else again)
            return
        self.go.setText(tr("Start a new run"))
        self.bar.set_value(repair.need, repair.limit, gigabytes(repair.need))
        kind, icon = _VERDICTS[self.bar.verdict()]
        words = {"fits": tr("Fits"), "tight": tr("Tight"), "too-large": tr("Too large")}
        self.verdict.set(words[self.bar.verdict()], kind, icon)

    def _on_go(self) -> None:
        repair = self._repairs.get(self._chosen)
        if repair is None:
            self.resumed.emit()
        else:
            self.restarted.emit(repair.recipe)

    def chosen(self) -> str:
        """Return the key of the chosen way: "same" or a repair's."""
        return self._chosen

    def choose(self, key: str) -> None:
        """Choose a way on."""
        self._choose(key)


class _OptionCard(ChoiceCard):
    """A way on: its dot, its words, what it needs."""

    def __init__(self, title: str, note: str, need: str) -> None:
        super().__init__(margins=(12, 10, 12, 10), gap=2)
        self._dot = RadioButton()
        self._dot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._dot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._dot.setAutoExclusive(False)
        words = vbox(Label(title, "strong", wrap=True), Label(note, "small", wrap=True), gap=1)
        size = Label(need, "section")
        row = hbox(self._dot, words, size, gap=10)
        row.setStretch(1, 1)
        for widget in (self._dot, size):
            row.setAlignment(widget, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(row)
        self.setAccessibleName(f"{title}. {note}. {need}")

    def set_chosen(self, chosen: bool) -> None:
        """Mark the card and its dot."""
        super().set_chosen(chosen)
        self._dot.setChecked(chosen)
