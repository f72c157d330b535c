"""The guide on the Method step: what matters most, what is known already, what it recommends."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.estimate import Estimate
from studio.flow import Draft
from studio.hardware import Machine
from studio.methods.guide import Advice, questions
from studio.ui.describe import model_name
from studio.ui.new_run.method_cards import RecommendedCard, one_stop
from studio.ui.widgets.fields import ChoiceField
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import FlowGrid, hbox, vbox
from studio.ui.widgets.segments import Segments
from studio.ui.words import count, parameters, whole_gigabytes
from studio.words import tr

RECOMMENDED = 3
_SEGMENTS = 4  # choices that are all seen at once; more are a list to choose from


class GoalChoice(QWidget):
    """The one question that nothing before has answered.

    Signals:
        chosen(goal): another goal.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        asked = questions()[0]
        items = list(asked.choices.items())
        few = len(items) <= _SEGMENTS
        self.choice: Segments | ChoiceField = Segments(items) if few else ChoiceField(items)
        self.choice.setAccessibleName(asked.title)
        self.choice.chosen.connect(self.chosen)
        hbox(Label(asked.title, "small"), self.choice, gap=12, into=self)

    def show_goal(self, goal: str) -> None:
        """Show what is chosen; an unknown goal shows the first."""
        known = questions()[0].choices
        self.choice.set_key(goal if goal in known else next(iter(known)))


class GuidePart(QWidget):
    """Up to three methods that fit, or else the one that needs the least.

    Signals:
        taken(key): a recommended method was chosen.
    """

    taken = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._for = Label("", "small", wrap=True)
        self.cards = [RecommendedCard() for _ in range(RECOMMENDED)]
        self._grid = FlowGrid(most=RECOMMENDED)
        self._grid.set_cards(list(self.cards))
        head = hbox(Label(tr("Recommended"), "section"), self._for, gap=8)
        head.setStretch(1, 1)
        vbox(head, self._grid, gap=8, into=self)
        for card in self.cards:
            card.clicked.connect(self._on_card_clicked)

    def show_advice(
        self,
        draft: Draft,
        machine: Machine,
        ranked: Sequence[Advice],
        needs: Mapping[str, Estimate],
    ) -> None:
        """Show what the guide says; nothing before model and task are known."""
        fitting = [one for one in ranked if one.fits][:RECOMMENDED]
        self.setVisible(bool(ranked))
        self._for.setText(known_answers(draft, machine) if fitting else _none_fits())
        shown = fitting or sorted(ranked, key=lambda one: needs[one.method.key].total)[:1]
        for card, found in zip(self.cards, shown, strict=False):
            best = found is shown[0] and found.fits
            card.show_method(found, needs[found.method.key], best)
            card.set_chosen(found.method.key == draft.recipe.method.name)
        self._grid.show_only(set(range(len(shown))))
        one_stop(self.cards[: len(shown)])

    def seen(self) -> list[RecommendedCard]:
        """Return the cards that are shown."""
        return [card for card in self.cards if not card.isHidden()]

    def _on_card_clicked(self) -> None:
        card = self.sender()
        if isinstance(card, RecommendedCard):
            self.taken.emit(card.key)


def known_answers(draft: Draft, machine: Machine) -> str:
    """Return the answers that the steps before gave: model, rows, machine."""
    size = parameters(draft.model.parameters) if draft.model else ""
    values = {"model": model_name(draft.recipe), "size": size}
    values["rows"] = count(draft.data_facts().rows)
    card = machine.card if draft.recipe.hardware.device != "cpu" else None
    if card is not None:
        values["card"] = tr("{size} GB", size=whole_gigabytes(card.memory))
        return tr("for {model} ({size}), {rows} rows and this card ({card})", **values)
    values["memory"] = tr("{size} GB", size=whole_gigabytes(machine.memory))
    return tr("for {model} ({size}), {rows} rows and this computer ({memory})", **values)


def _none_fits() -> str:
    return tr("No method fits by the estimate; this one needs the least.")
