"""Where a person writes what the models are asked: a prompt, a passage beside it, or a picture."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import QFileDialog, QLabel, QWidget

from studio.formats.pictures import PICTURES
from studio.tasks.task import Question, Task
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.cards import Card
from studio.ui.widgets.fields import TextField
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.words import tr

_THUMB = 96  # px


class Asking(QWidget):
    """The fields that a task needs, and the button that asks.

    Signals:
        asked(question): the person asks this.
        cancelled: the person does not want the answer any more.
    """

    asked = Signal(object)
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._needs: tuple[str, ...] = ()
        self._busy = False
        self.passage = TextField("", tr("The passage that holds the answer"), lines=4)
        self.passage.setAccessibleName(tr("Passage"))
        self.picture = PictureField()
        self.input = TextField("", "", lines=2)
        self.input.setAccessibleName(tr("Prompt"))
        self.error = Label("", "error", wrap=True)
        self.button = Button("", "primary")
        self._lay_out()
        self._connect()
        self.set_task(None)

    def _lay_out(self) -> None:
        """Lay the fields out below one another, what is missing below them, the button beside."""
        keys = QKeySequence("Ctrl+Return").toString(QKeySequence.SequenceFormat.NativeText)
        beside = holder(vbox(self.button, Label(keys, "small"), None, gap=4))
        fields = vbox(self.passage, self.picture, self.input, self.error, gap=8)
        row = hbox(fields, beside, gap=12, into=self)
        row.setStretch(0, 1)

    def _connect(self) -> None:
        self.button.clicked.connect(self.press)
        self.input.submitted.connect(self._ask)
        for field in (self.passage, self.input):
            field.textChanged.connect(self._clear_errors)

    def set_task(self, task: Task | None) -> None:
        """Show the fields that a task needs, empty: what stood there was of another run."""
        self.passage.set_text("")
        self.picture.set_path("")
        self.input.set_text("")
        self._clear_errors()
        self._needs = task.needs if task else ()
        self._words = tr("Ask both") if task is None or task.generates else tr("Ask")
        self.passage.setVisible("span" in self._needs)
        self.picture.setVisible("image" in self._needs)
        self.input.setVisible("image" not in self._needs)
        text = tr("Ask both…") if task is None or task.generates else tr("Write a text…")
        self.input.setPlaceholderText(tr("Write a question…") if "span" in self._needs else text)
        self.set_busy(False)

    def set_busy(self, busy: bool) -> None:
        """Turn the button into one that cancels, and back."""
        self._busy = busy
        self.button.setText(tr("Cancel") if busy else self._words)

    def press(self) -> None:
        """Ask, or cancel while something is on its way."""
        if self._busy:
            self.cancelled.emit()
        else:
            self._ask()

    def show_question(self, question: Question) -> None:
        """Take over a held-out row's passage, so that another question can be asked about it."""
        if question.passage:
            self.passage.set_text(question.passage)
        self.picture.set_path(question.image)

    def _ask(self) -> None:
        """Ask what stands in the fields, or say what is missing."""
        self._clear_errors()
        missing = self._missing()
        if missing is not None:
            self._say_missing(*missing)
            return
        image = self.picture.path() if "image" in self._needs else ""
        prompt = Path(image).name if image else self.input.text().strip()
        passage = self.passage.text().strip() if "span" in self._needs else ""
        self.asked.emit(Question(prompt, "", passage=passage, image=image))
        self.input.set_text("")

    def _missing(self) -> "tuple[TextField | PictureField, str] | None":
        """Return the first field that misses something, and what has to be given."""
        if "image" in self._needs:
            chosen = bool(self.picture.path())
            return None if chosen else (self.picture, tr("Choose a picture first."))
        if "span" in self._needs and not self.passage.text().strip():
            return self.passage, tr("Paste a passage first.")
        if not self.input.text().strip():
            return self.input, tr("Write a prompt first.")
        return None

    def _say_missing(self, field: "TextField | PictureField", text: str) -> None:
        """Say what a field misses, and go there; a picture says it in its own card."""
        field.set_error(text)
        self.error.setText(text)
        self.error.setVisible(field is not self.picture)
        field.setFocus()

    def _clear_errors(self) -> None:
        """Take what was missing away."""
        self.error.hide()
        for field in (self.passage, self.input):
            field.set_error("")


class PictureField(Card):
    """A picture that is dropped or chosen.

    Signals:
        changed(path): another picture stands here.
    """

    changed = Signal(str)

    def __init__(self) -> None:
        super().__init__(margins=12, gap=8)
        self._path = ""
        self.setAcceptDrops(True)
        self.thumb = QLabel()
        self.thumb.setFixedSize(_THUMB, _THUMB)
        self.thumb.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.name = Label("", "small", wrap=True)
        self.choose = Button(tr("Choose a picture…"))
        self.choose.clicked.connect(self._on_choose)
        self.setFocusProxy(self.choose)
        words = vbox(
            Label(tr("Drop a picture here"), "strong"), self.name, self.choose, None, gap=4
        )
        row = hbox(self.thumb, words, gap=12)
        row.setStretch(1, 1)
        self.body.addLayout(row)
        self.set_path("")

    def path(self) -> str:
        """Return the picture's path, or nothing."""
        return self._path

    def set_path(self, path: str) -> None:
        """Show a picture; a file that is none is told."""
        self._path = path
        shown = QPixmap(path) if path else QPixmap()
        side = Qt.AspectRatioMode.KeepAspectRatio
        smooth = Qt.TransformationMode.SmoothTransformation
        self.thumb.setPixmap(
            shown if shown.isNull() else shown.scaled(_THUMB, _THUMB, side, smooth)
        )
        self.thumb.setVisible(not shown.isNull())
        self.name.set_state("bad" if path and shown.isNull() else "")
        unread = tr("{name} is no picture that can be read.", name=Path(path).name)
        self.name.setText(Path(path).name if not shown.isNull() else unread if path else "")
        self.name.setVisible(bool(path))
        if path and shown.isNull():
            self._path = ""

    def set_error(self, text: str) -> None:
        """Say what is missing."""
        self.name.set_state("bad" if text else "")
        if text:
            self.name.setText(text)
        self.name.setVisible(bool(text or self._path))

    def _on_choose(self) -> None:
        kinds = " ".join(f"*{ending}" for ending in PICTURES)
        name, _kind = QFileDialog.getOpenFileName(
            self, tr("Choose a picture"), "", tr("Pictures ({kinds})", kinds=kinds)
        )
        if name:
            self.set_path(name)
            self.changed.emit(name)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures."""
        if _picture(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Show what was dropped."""
        event.acceptProposedAction()
        self.set_path(_picture(event))
        self.changed.emit(self._path)


def _picture(event: QDropEvent) -> str:
    """Return the first picture that is carried, or nothing."""
    names = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
    return next((name for name in names if Path(name).suffix.lower() in PICTURES), "")
