"""The card of the run that trains now: progress, loss, the way to its page."""

from PySide6.QtWidgets import QWidget

from studio.errors import StudioError
from studio.runs.events import Event, Step
from studio.ui.context import Context
from studio.ui.describe import data_name, model_and_method, stage_words, state_look
from studio.ui.runs import RunView
from studio.ui.widgets.bars import ProgressBar
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.cards import Card
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hairline, hbox, holder, vbox
from studio.ui.words import count, done_at, duration, loss
from studio.words import tr

HEIGHT = 128


class TrainingCard(Card):
    """One living run; it follows the run's events as long as it is there."""

    def __init__(self, context: Context, path: str) -> None:
        from studio.ui.charts.spark import Spark  # pyqtgraph is not needed before a run trains

        super().__init__(margins=0, gap=0)
        self._context, self.path = context, path
        self.setFixedHeight(HEIGHT)
        self.name, self.chip = Label("", "lead", elide=True), Chip("")
        self.what = Label("", "small", elide=True)
        self.bar = ProgressBar()
        self.step, self.left = Label("", "small", rich=True), Label("", "small")
        self.losses = Label("", "small", rich=True)
        self.spark = Spark(tr("Loss"))
        self.open_button = Button(tr("Open"))
        self.pause_button = Button(tr("Pause"), icon="pause")
        self.open_button.clicked.connect(lambda: context.open_page("live", path))
        self.pause_button.clicked.connect(self._on_pause_clicked)
        row = hbox(self._progress_column(), hairline(vertical=True), self._loss_column(), gap=0)
        row.setStretch(0, 1)
        row.setStretch(2, 1)
        self.body.addLayout(row)
        self._follow()

    def _progress_column(self) -> QWidget:
        head = hbox(self.name, self.chip, None, gap=8)
        low = hbox(self.step, None, self.left, gap=8)
        column = vbox(head, self.what, None, self.bar, 2, low, gap=4, margins=(20, 16, 20, 16))
        return holder(column)

    def _loss_column(self) -> QWidget:
        buttons = vbox(None, self.open_button, self.pause_button, None, gap=8)
        curve = vbox(self.losses, self.spark, gap=4)
        curve.setStretch(1, 1)
        row = hbox(curve, buttons, gap=48, margins=(20, 20, 16, 20))
        row.setStretch(0, 1)
        return holder(row)

    def _follow(self) -> None:
        """Take the run's history, then what comes."""
        runs = self._context.runs
        runs.follow(self.path)
        self._take(runs.history(self.path))
        runs.happened.connect(self._on_happened)
        path = self.path
        self.destroyed.connect(lambda _gone: runs.unfollow(path))

    def show_view(self, view: RunView) -> None:
        """Show the run's state."""
        state, recipe = view.state, view.recipe
        look = state_look(state)
        self.name.setText(view.title)
        self.chip.set(look.text, look.chip, look.icon)
        words = [model_and_method(recipe), data_name(recipe)] if recipe else []
        self.what.setText(" · ".join(word for word in words if word))
        self.bar.set_share(state.share if state.total_steps else None)
        self.step.setText(_step_text(view))
        seconds = state.seconds_left
        self.left.setText(
            tr("{time} left, done at {end}", time=duration(seconds), end=done_at(seconds))
            if seconds is not None and state.name == "training"
            else ""
        )
        self.losses.setText(
            tr("Loss <b>{loss}</b>&nbsp;&nbsp; Evaluation <b>{evaluation}</b>",
               loss=loss(state.loss), evaluation=loss(state.eval_loss))
        )  # fmt: skip
        self._show_pause(state.name)

    def _show_pause(self, state: str) -> None:
        """Offer to pause a run that trains, to go on with one that is paused."""
        paused = state == "paused"
        wanted = tr("Go on") if paused else tr("Pause")
        if self.pause_button.text() != wanted:
            self.pause_button.set_busy(False)
            self.pause_button.setText(wanted)
            self.pause_button.set_icon("play" if paused else "pause")
        self.pause_button.setVisible(state in ("training", "paused"))

    def _on_pause_clicked(self) -> None:
        paused = self._context.runs.view(self.path).state.name == "paused"
        try:
            self._context.runs.ask(self.path, "resume" if paused else "pause")
        except StudioError as reason:
            self._context.fail(reason)
            return
        self.pause_button.set_busy(True)

    def _on_happened(self, path: str, events: list[Event]) -> None:
        if path == self.path:
            self._take(events)

    def _take(self, events: list[Event]) -> None:
        """Feed the losses to the small chart."""
        for event in events:
            if isinstance(event, Step):
                self.spark.add(event.step, event.loss)


def _step_text(view: RunView) -> str:
    """Return where the run is, or what it does before its first step."""
    state = view.state
    if state.name == "starting" or not state.total_steps:
        return stage_words(state.stage)
    return tr(
        "<b>Step {step} of {total}</b> · {seconds} s a step",
        step=count(state.step),
        total=count(state.total_steps),
        seconds=f"{state.seconds_a_step:.2g}",
    )
