"""The panel beside the models: facts of the chosen one, memory to train it, checks, consents."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from studio.errors import StudioError
from studio.estimate import Estimate
from studio.models.facts import ModelFacts
from studio.ui.context import Context
from studio.ui.new_run.fetching import FetchBox
from studio.ui.new_run.model_words import (
    checks,
    fact_rows,
    kind_words,
    licence_words,
    needs,
    source_name,
)
from studio.ui.widgets.bars import NeedBar
from studio.ui.widgets.checkbox import CheckBox
from studio.ui.widgets.checks import CheckList
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, holder, vbox
from studio.ui.widgets.page import EDGE
from studio.ui.widgets.states import StateStack
from studio.ui.words import gigabytes
from studio.words import tr, trn

_WAYS = ("full", "lora", "lora_8bit", "qlora")
_ROOM = 4 / 3


class NeedRows(QWidget):
    """One bar for each way of training, against the machine's limit."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        words = {
            "full": tr("Full, 16-bit"),
            "lora": tr("LoRA, 16-bit"),
            "lora_8bit": tr("LoRA, 8-bit"),
            "qlora": tr("QLoRA, 4-bit"),
        }
        self.bars = {key: NeedBar(room=_ROOM) for key in _WAYS}
        self.values = {key: Label("", "value-strong") for key in _WAYS}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        for row, key in enumerate(_WAYS):
            grid.addWidget(Label(words[key], "small"), row, 0)
            grid.addWidget(self.bars[key], row, 1)
            self.values[key].setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(self.values[key], row, 2)

    def show_needs(self, needed: dict[str, Estimate]) -> None:
        """Show the bytes each way needs."""
        for key in _WAYS:
            text = gigabytes(needed[key].total)
            self.bars[key].set_value(needed[key].total, needed[key].limit, text)
            self.values[key].setText(text)
            too_large = needed[key].verdict == "too large"
            self.values[key].set_state("muted" if too_large else "")


class ModelPanel(QWidget):
    """What is known of the chosen model.

    Signals:
        consented(kind, agreed): the person agreed to "pickle" or "code", or took it back.
        acted(state): the button of an empty, busy or problem state was clicked.
    """

    consented = Signal(str, bool)
    acted = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.name, self.kind = Label("", "lead", wrap=True), Label("", "small", wrap=True)
        self.facts = FactRows()
        self.fetch = FetchBox(context)
        self.needs = NeedRows(context)
        self.limit = Label("", "small")
        self.note = Label("", "caption", wrap=True)
        self.checks = CheckList(sort=False)
        self._build_consents()
        self.content = self._content()
        self.stack = StateStack(QWidget())  # beside the content, whose height it must not ask for
        self.stack.acted.connect(self.acted)
        vbox(self.content, self.stack, gap=0, into=self)
        self.show_nothing()

    def _build_consents(self) -> None:
        self.pickle_box = CheckBox(tr("Read pickled weights"))
        self.pickle_words = Label(
            tr("Pickled weights can run any program when they are read. Agree only if you trust "
               "whoever made this model."), "small", wrap=True,
        )  # fmt: skip
        self.code_box = CheckBox(tr("Run the model's own code"))
        self.code_words = Label(
            tr("The model brings Python code that runs with your rights. Agree only if you trust "
               "whoever made this model."), "small", wrap=True,
        )  # fmt: skip
        self.pickle_box.clicked.connect(lambda on: self.consented.emit("pickle", on))
        self.code_box.clicked.connect(lambda on: self.consented.emit("code", on))
        self._pickle = holder(vbox(self.pickle_box, self.pickle_words, gap=4))
        self._code = holder(vbox(self.code_box, self.code_words, gap=4))

    def _content(self) -> QWidget:
        """Return the blocks of a model that is known, parted by lines."""
        self.limit.set_state("bad")
        head = hbox(Label(tr("Memory to train it"), "section"), None, self.limit)
        self._memory = holder(vbox(hairline(), 8, head, self.needs, self.note, gap=10))
        self._consent_block = holder(
            vbox(hairline(), 8, Label(tr("Needs your consent"), "section"), self._pickle,
                 self._code, gap=10)
        )  # fmt: skip
        content = QWidget()
        vbox(
            vbox(self.name, self.kind, gap=4),
            self.fetch,
            self.facts,
            self._consent_block,
            self._memory,
            vbox(hairline(), 8, Label(tr("Checked"), "section"), self.checks, gap=10),
            None,
            gap=16,
            margins=(EDGE, 20, EDGE, EDGE),
            into=content,
        )
        return content

    def _show_content(self, shown: bool) -> None:
        self.content.setVisible(shown)
        self.stack.setVisible(not shown)

    def show_nothing(self) -> None:
        """Say that no model is chosen."""
        self._show_content(False)
        text = tr("What it is, what it needs and whether it is safe to read stands here then.")
        self.stack.show_empty("cube", tr("No model is chosen"), text)

    def show_unknown(self, source: str) -> None:
        """Say that a model tells nothing, the reason being told elsewhere."""
        self._show_content(False)
        name = source_name(source)
        text = tr("The sentence above the table says why.")
        self.stack.show_empty("cube", tr("{name} cannot be used", name=name), text)

    def show_busy(self, source: str) -> None:
        """Say that a model is being looked at."""
        self._show_content(False)
        name = source_name(source)
        self.stack.show_busy(tr("Looking at {name}…", name=name), can_cancel=True)

    def show_problem(self, error: StudioError, action: str = "") -> None:
        """Say why a model cannot be used."""
        self._show_content(False)
        self.stack.show_problem(error.sentence(), error.step(), action)

    def show_model(self, facts: ModelFacts) -> None:
        """Show a model."""
        self.name.setText(facts.name)
        self.kind.setText(f"{kind_words(facts)} · {licence_words(facts)}")
        self.facts.set_rows(fact_rows(facts))
        self.fetch.show_model(facts)
        self.checks.set_checks(checks(facts))
        self._show_consents(facts)
        self._show_needs(facts)
        self._show_content(True)

    def _show_consents(self, facts: ModelFacts) -> None:
        """Ask for what this model needs, and show what was agreed to."""
        chosen = self._context.draft.recipe.model
        self._pickle.setVisible(facts.pickled)
        self._code.setVisible(facts.own_code)
        self.pickle_box.setChecked(chosen.allow_pickle)
        self.code_box.setChecked(chosen.trust_remote_code)
        self._consent_block.setVisible(facts.pickled or facts.own_code)

    def _show_needs(self, facts: ModelFacts) -> None:
        """Estimate each way of training with what is chosen so far."""
        context = self._context
        self._memory.setVisible(bool(facts.parameters))
        if not facts.parameters:
            return
        needed = needs(context.draft, facts, context.machine, context.use)
        self.needs.show_needs(needed)
        size = gigabytes(needed["lora"].limit)
        on_card = context.machine.card is not None
        self.limit.setText(
            tr("▎{size} card", size=size) if on_card else tr("▎{size} memory", size=size)
        )
        training = context.draft.recipe.training
        self.note.setText(
            trn(
                "At {tokens} tokens and {n} row at a time; refined in the next steps.",
                "At {tokens} tokens and {n} rows at a time; refined in the next steps.",
                training.batch_size,
                tokens=f"{training.max_length:,}",
            )
        )
