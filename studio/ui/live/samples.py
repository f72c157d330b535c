"""Samples of a run: prompts and answers, step by step, and a field to ask now."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.runs import events as ev
from studio.ui.live.passage import Passage
from studio.ui.widgets.buttons import IconButton
from studio.ui.widgets.fields import LineField
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import clear, hairline, hbox, holder, vbox
from studio.ui.widgets.page import EDGE, scroll
from studio.ui.widgets.states import EmptyState
from studio.ui.words import MISSING, count, preview
from studio.words import tr


class SamplesPanel(QWidget):
    """One step's samples; follows the newest step until the person goes back.

    Signals:
        asked(prompt): the person wants this answered now.
    """

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._steps: dict[int, list[ev.Sample]] = {}
        self._at: int | None = None  # None: the newest
        self._drawn: tuple[int, int] = (-1, -1)
        self.step = Label(role="small-strong")
        self.before = IconButton("caret-left", tr("The step before"), compact=True)
        self.after = IconButton("caret-right", tr("The next step"), compact=True)
        self.before.clicked.connect(lambda: self._go(-1))
        self.after.clicked.connect(lambda: self._go(1))
        self._head = holder(
            hbox(self.step, None, self.before, self.after, gap=4, margins=(EDGE, 8, EDGE - 8, 0))
        )
        self._rows: QVBoxLayout = vbox(gap=0)
        self._list = scroll(holder(vbox(self._rows, None, gap=0)))
        self._empty = EmptyState(
            "chat-text",
            tr("No samples yet"),
            tr("Held-out prompts are answered at each evaluation."),
        )
        self.prompt = LineField(placeholder=tr("Ask the model in training"))
        self.prompt.setAccessibleName(self.prompt.placeholderText())
        self.send = IconButton("paper-plane-right", tr("Ask"), framed=True)
        self.prompt.returnPressed.connect(self._on_asked)
        self.send.clicked.connect(self._on_asked)
        self._ask = holder(hbox(self.prompt, self.send, gap=8, margins=(EDGE, 8, EDGE, 12)))
        column = vbox(self._head, self._list, self._empty, self._ask, gap=0, into=self)
        column.setStretch(1, 1)
        column.setStretch(2, 1)
        self.refresh(False)

    def clear(self) -> None:
        """Forget everything: another run."""
        self._steps, self._at, self._drawn = {}, None, (-1, -1)

    def feed(self, events: list[ev.Event]) -> int:
        """Take in samples; return how many there were. Steps that are told again replace."""
        found = 0
        for event in events:
            if isinstance(event, ev.Sample):
                self._take(event)
                found += 1
            elif isinstance(event, ev.Resumed) and event.checkpoint:
                self._steps = {k: v for k, v in self._steps.items() if k <= event.step}
                self._drawn = (-1, -1)
        return found

    def _take(self, event: ev.Sample) -> None:
        """Keep one answer; the same prompt asked again at a step replaces its answer."""
        known = self._steps.setdefault(event.step, [])
        kept = [sample for sample in known if sample.prompt != event.prompt]
        place = next((i for i, s in enumerate(known) if s.prompt == event.prompt), len(kept))
        kept.insert(place, event)
        self._steps[event.step] = kept
        if self._drawn[0] == event.step:
            self._drawn = (-1, -1)

    def refresh(self, living: bool) -> None:
        """Show the step that is chosen; ask only while a worker can answer."""
        self._ask.setVisible(living)
        steps = sorted(self._steps)
        self._head.setVisible(bool(steps))
        self._list.setVisible(bool(steps))
        self._empty.setVisible(not steps)
        if not steps:
            return
        shown = self._at if self._at in self._steps else steps[-1]
        self.before.setEnabled(shown > steps[0])
        self.after.setEnabled(shown < steps[-1])
        self.step.setText(_title(shown, self._steps[shown]))
        sign = (shown, len(self._steps[shown]))
        if sign != self._drawn:
            self._drawn = sign
            self._draw(self._steps[shown])

    def _draw(self, samples: list[ev.Sample]) -> None:
        """Lay out one step's answers."""
        clear(self._rows)
        for place, sample in enumerate(samples):
            if place:
                self._rows.addWidget(hairline())
            self._rows.addWidget(_row(sample) if sample.right is None else _judged_row(sample))

    def _go(self, by: int) -> None:
        """Show the next step or the one before; at the newest, follow again."""
        steps = sorted(self._steps)
        shown = self._drawn[0] if self._drawn[0] in self._steps else steps[-1]
        place = min(max(steps.index(shown) + by, 0), len(steps) - 1)
        self._at = None if place == len(steps) - 1 else steps[place]
        self.refresh(not self._ask.isHidden())

    def _on_asked(self) -> None:
        text = self.prompt.text().strip()
        if text and not self.send.is_busy():
            self._at = None
            self.asked.emit(text)

    def answering(self, waits: bool) -> None:
        """Show that an answer is awaited, or take the field back."""
        if self.send.is_busy() and not waits:
            self.prompt.clear()
        self.send.set_busy(waits)


def _title(step: int, samples: list[ev.Sample]) -> str:
    """Name a step, and where answers can be judged how many are right."""
    judged = [sample.right for sample in samples if sample.right is not None]
    if not judged:
        return tr("Step {step}", step=count(step))
    values = {"step": count(step), "right": count(sum(judged)), "all": count(len(judged))}
    return tr("Step {step}: {right} of {all} as in the data", **values)


def _judged_row(sample: ev.Sample) -> QWidget:
    """Return a row of the table of predictions: what was asked, said, and what the data says."""
    mark = IconLabel(*(("check", "good") if sample.right else ("x", "warn")))
    mark.setAccessibleName(tr("As in the data") if sample.right else tr("Not as in the data"))
    said = Label(preview(sample.answer) or tr("(nothing)"), "strong", wrap=True)
    line = hbox(mark, said, gap=8)
    line.setStretch(1, 1)
    line.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
    asked = Label(" ".join(sample.prompt.split()), "small", elide=True)
    asked.setToolTip(sample.prompt[:1000])
    parts: list[QWidget] = [asked, holder(line)]
    if not sample.right:
        text = tr("Reference: {text}", text=preview(sample.reference) or MISSING)
        parts.append(Label(text, "small", wrap=True))
    return holder(vbox(*parts, gap=4, margins=(EDGE, 8, EDGE, 8)))


def _row(sample: ev.Sample) -> QWidget:
    """Return prompt, answer and what the row itself says."""
    answer = Passage(sample.answer.strip() or tr("(no words)"))
    answer.setAccessibleName(tr("Answer"))
    parts: list[QWidget] = [Label(sample.prompt.strip(), "small", wrap=True), answer]
    if sample.reference.strip():
        text = tr("Reference: {text}", text=sample.reference.strip())
        reference = Label(text, "small", wrap=True)
        reference.set_state("faint")
        parts.append(reference)
    return holder(vbox(*parts, gap=6, margins=(EDGE, 12, EDGE, 12)))
