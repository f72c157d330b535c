"""Two answers side by side, streamed, with linked scrolling."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from studio.ui.theme import set_props
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, holder, vbox
from studio.ui.widgets.spinner import Spinner
from studio.ui.words import count, loss
from studio.words import tr


class Answer(QWidget):
    """One side: who answers, the text as it comes, what it took."""

    def __init__(self, caption: str, accent: bool) -> None:
        super().__init__()
        caption_label = Label(caption, "small-accent" if accent else "small")
        self.name = Label("", "strong", elide=True)
        self.spinner = Spinner(16)
        self.spinner.hide()
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.text.setAccessibleName(caption)
        self.text.document().setDocumentMargin(16)
        self.took, self.judged = Label("", "small"), Label("", "small")
        head = holder(hbox(caption_label, self.name, None, self.spinner))
        head.setFixedHeight(47)
        head.setContentsMargins(16, 0, 16, 0)
        foot = QFrame()
        set_props(foot, part="sunken")
        foot.setFixedHeight(36)
        hbox(self.took, None, self.judged, margins=(16, 0, 16, 0), into=foot)
        column = vbox(head, hairline(), self.text, hairline(), foot, gap=0, into=self)
        column.setStretch(2, 1)

    def clear(self) -> None:
        """Empty it."""
        self.text.clear()
        self.took.setText("")
        self.judged.setText("")
        self.judged.set_state("")
        self.spinner.hide()

    def begin(self) -> None:
        """Empty it and show that an answer is on its way."""
        self.clear()
        self.spinner.show()

    def add(self, piece: str) -> None:
        """Add a piece of the answer; the view follows only when it was at the end."""
        bar = self.text.verticalScrollBar()
        follows = bar.value() >= bar.maximum() - 4
        cursor = self.text.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        cursor.insertText(piece)
        if follows:
            bar.setValue(bar.maximum())

    def end(self, told: dict[str, Any] | None) -> None:
        """Show what the answer took and how it judges the reference."""
        self.spinner.hide()
        if told is None:
            return
        seconds = told.get("seconds") or 0.0
        tokens = told.get("tokens") or 0
        if not self.text.toPlainText().strip():
            self.text.setPlainText(tr("(no words)"))
        if tokens:
            speed = count(tokens / seconds) if seconds else "–"
            self.took.setText(tr("{n} tokens, {speed} a second", n=count(tokens), speed=speed))
        if told.get("loss") is not None:
            self.judged.setText(tr("loss on the reference {loss}", loss=loss(told["loss"])))

    def say(self, text: str) -> None:
        """Show a sentence in place of an answer."""
        self.end(None)
        self.text.setPlainText(text)


class AnswerPair(QFrame):
    """Base and tuned."""

    def __init__(self) -> None:
        super().__init__()
        set_props(self, part="card")
        self.base, self.tuned = Answer(tr("Base"), False), Answer(tr("Tuned"), True)
        row = hbox(self.base, hairline(vertical=True), self.tuned, gap=0, into=self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setStretch(0, 1)
        row.setStretch(2, 1)
        self._link()

    def _link(self) -> None:
        """Scroll both together."""
        left, right = self.base.text.verticalScrollBar(), self.tuned.text.verticalScrollBar()
        left.valueChanged.connect(lambda value: right.setValue(value) if not self._busy() else None)
        right.valueChanged.connect(lambda value: left.setValue(value) if not self._busy() else None)

    def _busy(self) -> bool:
        """While answers come in each side follows its own end."""
        return not (self.base.spinner.isHidden() and self.tuned.spinner.isHidden())

    def side(self, name: str) -> Answer:
        """Return a side by its name on the wire."""
        return self.base if name == "base" else self.tuned

    def clear(self) -> None:
        """Show no answers: nothing was asked yet."""
        self.base.clear()
        self.tuned.clear()

    def begin(self) -> None:
        """Await two answers."""
        self.base.begin()
        self.tuned.begin()

    def end(self, told: dict[str, Any]) -> None:
        """Show what both took; the lower loss on the reference is marked as good."""
        self.base.end(told.get("base"))
        self.tuned.end(told.get("tuned"))
        base, tuned = ((told.get(name) or {}).get("loss") for name in ("base", "tuned"))
        if base is not None and tuned is not None:
            better = self.base if base < tuned else self.tuned
            better.judged.set_state("good")

    def stop(self) -> None:
        """Await nothing any more."""
        for side in (self.base, self.tuned):
            side.end(None)
            side.took.setText("")  # such as "Loading the model"
