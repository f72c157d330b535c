"""Fetching or unpacking a model ahead of the run, through the service, with progress."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.errors import StudioError
from studio.models.facts import ModelFacts
from studio.models.sample import SAMPLE, WHEEL_BYTES, adopt_sample
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.service import Call
from studio.ui.widgets.bars import ProgressBar
from studio.ui.widgets.buttons import Button, Link
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox
from studio.ui.words import file_size
from studio.words import tr

_FILES = "SmolLM2-135M-Instruct.Q4_1.gguf (*.gguf *.whl)"


class FetchBox(QWidget):
    """Says what is still to be fetched, and does it when asked.

    Signals:
        done(source): the model is ready to load.
    """

    done = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._facts: ModelFacts | None = None
        self._call: Call | None = None
        self._fetching = ""
        self._errors: dict[str, StudioError] = {}
        self.text = Label("", "value", wrap=True)
        self.error = Label("", "error", wrap=True)
        self.bar = ProgressBar()
        self.state = Label("", "small")
        self.button = Button("", compact=True)
        self.cancel_button = Button(tr("Cancel"), compact=True)
        self.file_link = Link(tr("Use a file instead…"), small=True)
        self._build()
        self.button.clicked.connect(self.begin)
        self.cancel_button.clicked.connect(self.cancel)
        self.file_link.clicked.connect(self._on_file_clicked)

    def _build(self) -> None:
        """Lay out what is seen before and during the fetching."""
        self._progress = QWidget()
        row = hbox(self.state, None, self.cancel_button, gap=8)
        vbox(self.bar, row, gap=6, into=self._progress)
        buttons = hbox(self.button, self.file_link, None, gap=12)
        vbox(self.text, self._progress, self.error, buttons, gap=8, into=self)

    def show_model(self, facts: ModelFacts | None) -> None:
        """Show what is to be done for a model; nothing for one that is ready."""
        self._facts = facts
        self.setVisible(facts is not None and not facts.ready)
        if facts is None or facts.ready:
            return
        busy = self._call is not None and self._fetching == facts.source
        error = self._errors.get(facts.source)
        self.text.setText(self._sentence(facts))
        self.button.setText(tr("Unpack now") if facts.kind == "gguf" else tr("Fetch now"))
        self.button.setVisible(not busy)
        self._progress.setVisible(busy)
        self.error.setText(str(error) if error else "")
        self.error.setVisible(error is not None and not busy)
        self.file_link.setVisible(error is not None and facts.source == SAMPLE and not busy)

    def _sentence(self, facts: ModelFacts) -> str:
        """Say what is missing and that the run does it otherwise."""
        if facts.kind == "gguf":
            return tr("It must be unpacked once; the run does it first, or do it now.")
        size = file_size(WHEEL_BYTES if facts.kind == "sample" else facts.bytes)
        return tr(
            "Not on this computer yet: {size} to fetch. The run does it first, or do it now.",
            size=size,
        )

    def begin(self) -> None:
        """Ask the service to make the model ready."""
        if self._facts is None:
            return
        if self._call is not None:
            self._call.cancel()
        source = self._fetching = self._facts.source
        self._errors.pop(source, None)
        revision = self._context.draft.recipe.model.revision
        self._call = self._context.service.call(
            "prepare",
            {"source": source, "revision": revision},
            result=self._on_done,
            failure=self._on_failed,
            progress=self._on_progress,
        )
        self.state.setText(tr("Starting…"))
        self.bar.set_share(None)
        self.show_model(self._facts)

    def cancel(self) -> None:
        """Stop; what was fetched so far is kept for the next time where the source allows it."""
        if self._call is not None:
            self._call.cancel()
        self._call = None
        self.show_model(self._facts)

    def is_busy(self) -> bool:
        """Say whether something is being fetched."""
        return self._call is not None

    def _on_progress(self, stage: str, done: int, total: int) -> None:
        if stage == "fetch" and total:
            self.bar.set_share(done / total)
            texts = {"done": file_size(done), "total": file_size(total)}
            self.state.setText(tr("{done} of {total}", **texts))
        elif stage == "fetch":
            self.bar.set_share(None)
            self.state.setText(tr("Fetching…"))
        else:
            self.bar.set_share(None)
            self.state.setText(tr("Unpacking to 16-bit…"))

    def _on_done(self, _values: dict[str, Any]) -> None:
        self._call = None
        self.done.emit(self._fetching)

    def _on_failed(self, error: StudioError) -> None:
        self._call = None
        self._errors[self._fetching] = error
        self.show_model(self._facts)

    def _on_file_clicked(self) -> None:
        name, _kind = QFileDialog.getOpenFileName(self, tr("The sample's model"), "", _FILES)
        if name:
            self.adopt(Path(name))

    def adopt(self, file: Path) -> None:
        """Take the sample's model from a file that the person has, then unpack it."""
        folder = self._context.settings.models / SAMPLE
        take: Callable[[], Path] = lambda: adopt_sample(file, folder)  # noqa: E731
        jobs.run(self, take, lambda _path: self.begin(), self._on_failed)
