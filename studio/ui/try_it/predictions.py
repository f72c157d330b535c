"""What a model says where it does not write text: labels with bars, marked words, nearest texts."""

from typing import Any

from PySide6.QtWidgets import QFrame, QWidget

from studio.tasks.task import Question
from studio.ui.theme import set_props
from studio.ui.try_it.marked import MarkedText
from studio.ui.try_it.scores import ScoreBars
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, holder, vbox
from studio.ui.widgets.page import scroll
from studio.ui.widgets.spinner import Spinner
from studio.ui.words import preview
from studio.words import tr

_HEAD = 47


class Said(QWidget):
    """One side: who says it, what, and whether it is what the data says."""

    def __init__(self, caption: str, accent: bool) -> None:
        super().__init__()
        caption_label = Label(caption, "small-accent" if accent else "small")
        self.name = Label("", "strong", elide=True)
        self.spinner = Spinner(16)
        self.spinner.hide()
        self.verdict = Chip("", "good")
        self.verdict.hide()
        self.took = Label("", "small")
        self.words = Label("", "lead", wrap=True, selectable=True)
        self.text, self.scores = MarkedText(), ScoreBars()
        self.text.hide()
        self.scores.hide()
        head = holder(hbox(caption_label, self.name, None, self.took, self.verdict, self.spinner))
        head.setFixedHeight(_HEAD)
        head.setContentsMargins(16, 0, 16, 0)
        body = holder(vbox(self.words, self.text, self.scores, None, gap=12, margins=16))
        column = vbox(head, hairline(), scroll(body), gap=0, into=self)
        column.setStretch(2, 1)

    def begin(self) -> None:
        """Empty it and show that something is on its way."""
        self.say("")
        self.spinner.show()

    def say(self, text: str) -> None:
        """Show a sentence in place of a prediction."""
        self.spinner.hide()
        self.took.setText("")
        self.words.setText(text)
        self.words.set_role("muted")
        for part in (self.verdict, self.text, self.scores):
            part.hide()

    def show_prediction(self, question: Question, told: dict[str, Any], percent: bool) -> None:
        """Show what the service told, see tasks/task.py's Prediction."""
        self.say("")
        self.words.set_role("lead")
        self.words.setText(preview(str(told.get("words") or tr("(nothing)"))))
        spans = [(int(a), int(b), str(label)) for a, b, label in told.get("spans") or ()]
        text = question.passage or (question.prompt if spans else "")
        if text:
            self.text.show_text(text, spans)
            self.text.show()
        scores = [(str(name), float(value)) for name, value in told.get("scores") or ()]
        self.scores.set_scores(scores, percent=percent)
        self._judge(told.get("right"))

    def _judge(self, right: bool | None) -> None:
        """Say whether it is the reference's answer."""
        self.verdict.setVisible(right is not None)
        if right is not None:
            word = tr("As in the data") if right else tr("Not as in the data")
            icon = "check" if right else "x"
            self.verdict.set(word, "good" if right else "warn", icon)


class SaidPair(QFrame):
    """Base and tuned; the base stands aside where its head was never trained."""

    def __init__(self) -> None:
        super().__init__()
        set_props(self, part="card")
        self._question = Question("", "")
        self._percent = True
        self.base, self.tuned = Said(tr("Base"), False), Said(tr("Tuned"), True)
        self._line = hairline(vertical=True)
        row = hbox(self.base, self._line, self.tuned, gap=0, into=self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setStretch(0, 1)
        row.setStretch(2, 1)
        self._show_base(False)

    def begin(self, question: Question, percent: bool = True) -> None:
        """Await what both say to a question; `percent`: scores are chances, not likenesses."""
        self._question, self._percent = question, percent
        self.base.begin()
        self.tuned.begin()

    def end(self, told: dict[str, Any]) -> None:
        """Show what was told by each side."""
        sides = {name: (told.get(name) or {}).get("prediction") for name in ("base", "tuned")}
        self._show_base(sides["base"] is not None)
        for side, found in ((self.base, sides["base"]), (self.tuned, sides["tuned"])):
            if found is None:
                side.say("")
            else:
                side.show_prediction(self._question, found, self._percent)

    def stop(self) -> None:
        """Await nothing any more."""
        for side in (self.base, self.tuned):
            side.spinner.hide()
            side.took.setText("")  # such as "Loading the model"

    def _show_base(self, shown: bool) -> None:
        self.base.setVisible(shown)
        self._line.setVisible(shown)
