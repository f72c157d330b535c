"""The side panel of the Training step: learning rate over the run, rows at a time, activations."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QWidget

from studio.estimate import Estimate
from studio.hardware import Machine
from studio.recipe import Recipe
from studio.ui.charts.curve import SmallPlot
from studio.ui.new_run.training_notes import learning_rates, shown_steps, time_words
from studio.ui.widgets.bars import NeedBar
from studio.ui.widgets.checkbox import CheckBox, RadioButton
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hairline, hbox, vbox
from studio.ui.words import MISSING, count, gigabytes, whole_gigabytes
from studio.words import tr, trn

_PLOT = 124
Needs = Mapping[int, Estimate | None]  # by rows at a time
_ROOM = 4 / 3  # the limit stands at three quarters of a bar


class TrainingPanel(QWidget):
    """What the values lead to, and the choices that weigh memory against time.

    Signals:
        batch_chosen(rows): the person wants so many rows at a time.
        recompute_chosen(bool): the person wants activations recomputed, or kept.
    """

    batch_chosen = Signal(int)
    recompute_chosen = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._steps = Label("", "small")
        self.plot = SmallPlot(tr("Learning rate over the run"), "chart-4")
        self.plot.setFixedHeight(_PLOT)
        self._limit = Label("", "small")
        self._limit.set_state("bad")
        self.batches = BatchChoice()
        self.batches.chosen.connect(self.batch_chosen)
        self._why = Label("", "small", wrap=True)
        self.recompute = CheckBox(tr("Recompute activations"))
        self.recompute.toggled.connect(self.recompute_chosen)
        self._saves = Label("", "small")
        self._seed = Label("", "small")
        self._build()

    def _build(self) -> None:
        """Lay the parts out."""
        head = hbox(Label(tr("Learning rate over the run"), "section"), None, self._steps)
        rows = hbox(Label(tr("Rows at a time"), "section"), None, self._limit)
        recompute = hbox(self.recompute, None, self._saves)
        seed = hbox(Label(tr("Same seed, same run")), None, self._seed)
        top = vbox(head, self.plot, gap=8)
        middle = vbox(rows, self.batches, self._why, gap=10)
        last = vbox(recompute, seed, gap=6)
        vbox(
            top,
            hairline(),
            middle,
            hairline(),
            last,
            None,
            gap=16,
            margins=(24, 20, 24, 24),
            into=self,
        )

    def show_plan(self, recipe: Recipe, steps: int) -> None:
        """Draw the learning rate over the steps of the run."""
        self._steps.setText(trn("{n} step", "{n} steps", steps) if steps else "")
        drawn = steps or 100  # the shape is known before the rows are
        self.plot.set_curve(shown_steps(drawn), learning_rates(recipe.training, drawn))
        if steps:
            self.plot.set_x_ticks(_ticks(recipe, steps), count)
        else:
            self.plot.set_x_ticks([0], lambda _step: "")

    def show_batches(self, needs: Needs, recipe: Recipe, machine: Machine) -> None:
        """Show what each number of rows at a time needs, where that is known."""
        training = recipe.training
        self.batches.show_needs(needs, training.batch_size)
        limit = next((need.limit for need in needs.values() if need), 0)
        size = whole_gigabytes(limit)
        on_card = machine.card is not None and recipe.hardware.device != "cpu"
        words = tr("{size} GB card", size=size) if on_card else tr("{size} GB RAM", size=size)
        self._limit.setText(f"▏{words}" if limit else "")
        rows = training.batch_size * training.accumulation
        self._why.setText(
            tr(
                "Each step learns from {rows} rows. Fewer at a time are added up: same result.",
                rows=count(rows),
            )
        )

    def show_rest(self, on: bool, saved: int, seed: int) -> None:
        """Show whether activations are recomputed and what that saves, in bytes."""
        blocked = self.recompute.blockSignals(True)
        self.recompute.setChecked(on)
        self.recompute.blockSignals(blocked)
        self._saves.setText(tr("saves {size}", size=gigabytes(saved)) if saved else "")
        self._seed.setText(str(seed))


class BatchChoice(QWidget):
    """Numbers of rows, of which one is chosen, each with its memory and time."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.chosen)
        self.radios: dict[int, RadioButton] = {}
        self._bars: dict[int, tuple[NeedBar, Label, Label]] = {}

    def show_needs(self, needs: Needs, present: int) -> None:
        """Show these numbers with their needs and the present one as chosen."""
        if list(needs) != list(self.radios):
            self._build(list(needs))
        for rows, need in needs.items():
            self._show_need(rows, need)
        if present in self.radios:
            self.radios[present].setChecked(True)

    def _build(self, numbers: list[int]) -> None:
        """Make a row for each number."""
        for radio in self.radios.values():
            self._group.removeButton(radio)
        clear(self._grid)
        self.radios, self._bars = {}, {}
        for place, rows in enumerate(numbers):
            self.radios[rows] = RadioButton(trn("{n} row", "{n} rows", rows))
            self._group.addButton(self.radios[rows], rows)
            self._bars[rows] = NeedBar(_ROOM), Label("", "value-strong"), Label("", "small")
            for column, part in enumerate((self.radios[rows], *self._bars[rows])):
                self._grid.addWidget(part, place, column)
            for label in self._bars[rows][1:]:
                label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _show_need(self, rows: int, need: Estimate | None) -> None:
        """Show what one number needs."""
        bar, size, time = self._bars[rows]
        if need is None:
            bar.set_value(0, 0)
            size.setText(MISSING)
            time.setText("")
            return
        large = need.verdict == "too large"
        bar.set_value(need.total, need.limit, gigabytes(need.total))
        size.setText(gigabytes(need.total))
        size.set_role("value" if large else "value-strong")
        size.set_state("muted" if large else "")
        time.setText(time_words(need) if need.steps else "")
        self.radios[rows].setAccessibleDescription(f"{size.text()}, {time.text()}")


def _ticks(recipe: Recipe, steps: int) -> list[int]:
    """Return the ends of epochs where they are few and whole, else thirds of the run."""
    epochs = recipe.training.epochs
    whole = not recipe.training.max_steps and epochs == int(epochs) and 1 < epochs <= 4
    parts = int(epochs) if whole else min(2, steps)
    return [round(steps * place / parts) for place in range(parts + 1)]
