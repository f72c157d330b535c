"""The right-hand panel: ways on after a failure, samples, checkpoints, recipe, the best so far."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QStackedWidget, QWidget

from studio.runs.state import RunState
from studio.ui.context import Context
from studio.ui.live.checkpoints import CheckpointsPanel
from studio.ui.live.goon import GoOnPanel
from studio.ui.live.recipe import RecipePanel
from studio.ui.live.samples import SamplesPanel
from studio.ui.widgets.buttons import Link
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hairline, hbox, vbox
from studio.ui.widgets.page import EDGE
from studio.ui.widgets.segments import Segments
from studio.ui.words import count, loss
from studio.words import tr

HEAD, FOOT = 43, 40  # px, so that the lines meet those of the charts and of the log


class SidePanel(QWidget):
    """Segments above their panels, the best evaluation below.

    Signals:
        tried: the person wants to try the result.
    """

    tried = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._kept = context.store("live side")
        self.go_on = GoOnPanel(context)
        self.samples, self.checkpoints = SamplesPanel(), CheckpointsPanel()
        self.recipe = RecipePanel()
        self._panels: dict[str, QWidget] = {
            "samples": self.samples,
            "checkpoints": self.checkpoints,
            "recipe": self.recipe,
            "go_on": self.go_on,
        }
        self.segments = Segments(compact=True)
        self.segments.chosen.connect(self._on_chosen)
        self._stack = QStackedWidget()
        for panel in self._panels.values():
            self._stack.addWidget(panel)
        head = hbox(self.segments, None, margins=(EDGE, 0, EDGE, 0))
        column = vbox(head, hairline(), self._stack, self._footer(), gap=0, into=self)
        head.setContentsMargins(EDGE, (HEAD - self.segments.height()) // 2, EDGE, 8)
        column.setStretch(2, 1)
        self._failed: bool | None = None
        self.offer_ways_on(False)

    def _footer(self) -> QFrame:
        """Make the line that names the best evaluation."""
        self._foot = QFrame()
        self._foot.setFixedHeight(FOOT)
        self.best = Label(role="value", rich=True)
        self.try_it = Link(tr("Try it"), small=True)
        self.try_it.clicked.connect(self.tried)
        mark = IconLabel("check-circle", "good")
        row = hbox(mark, self.best, None, self.try_it, gap=8, margins=(EDGE, 0, EDGE, 0))
        vbox(hairline(), row, gap=0, into=self._foot).setStretch(1, 1)
        return self._foot

    def offer_ways_on(self, failed: bool) -> None:
        """Show the ways on first after a failure, and not at all otherwise."""
        if failed == self._failed:
            return
        self._failed = failed
        items = [
            ("samples", tr("Samples")),
            ("checkpoints", tr("Checkpoints")),
            ("recipe", tr("Recipe")),
        ]
        self.segments.set_items([("go_on", tr("Go on")), *items] if failed else items)
        self.choose("go_on" if failed else self._kept.get("key", "samples"))

    def choose(self, key: str) -> None:
        """Show one panel."""
        self.segments.set_key(key)
        self._stack.setCurrentWidget(self._panels[key])
        self._foot.setVisible(key != "go_on" and bool(self.best.text()))

    def shown(self) -> str:
        """Return the key of the panel that is shown."""
        return self.segments.key()

    def show_best(self, state: RunState, usable: bool) -> None:
        """Name the best evaluation; `usable`: there is a result to try."""
        text = ""
        if state.best_eval is not None:
            text = tr(
                "Best so far: <b>step {step}</b>, evaluation {loss}",
                step=count(state.best_step),
                loss=loss(state.best_eval),
            )
        self.best.setText(text)
        self.try_it.setVisible(usable)
        self._foot.setVisible(bool(text) and self.shown() != "go_on")

    def _on_chosen(self, key: str) -> None:
        if key != "go_on":
            self._kept["key"] = key
        self.choose(key)
