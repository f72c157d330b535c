"""Live run: one run as it goes, or as it went."""

from pathlib import Path

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QWidget

from studio.errors import StudioError
from studio.recipe import Recipe
from studio.runs import events as ev
from studio.runs.process import alive
from studio.runs.requests import RequestName
from studio.runs.state import LIVING, RunState
from studio.ui.context import Context
from studio.ui.describe import model_and_method, state_look
from studio.ui.live import endings
from studio.ui.live.actions import Actions
from studio.ui.live.charts import LiveCharts
from studio.ui.live.curves import Curves
from studio.ui.live.follow import Follower
from studio.ui.live.header import ProgressHead
from studio.ui.live.log import LogDrawer
from studio.ui.live.side import SidePanel
from studio.ui.live.stop import ask_to_stop
from studio.ui.opening import open_recipe
from studio.ui.widgets.buttons import Button
from studio.ui.widgets.chips import Chip
from studio.ui.widgets.page import Page
from studio.ui.widgets.states import StateStack
from studio.ui.words import count
from studio.words import tr

ENDED_BADLY = ("failed", "lost")
_MOMENT, _PATIENCE = 200, 50  # ms between two looks at a worker that ends, and how many


class LivePage(Page):
    """Charts in the middle, progress above, samples at the right, the log below."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(scrolls=False)
        self._context = context
        self._kept = context.store("live")
        self.follower = Follower(context, self)
        self.curves = Curves()
        self.charts = LiveCharts(context)
        self.head, self.side, self.log = ProgressHead(), SidePanel(context), LogDrawer(context)
        self.chip = Chip("", "neutral")
        self.buttons = Actions(self, self.add_action)
        self._said: tuple[object, ...] = ()
        self._lay_out()
        self._connect()
        self._add_keys()

    def _lay_out(self) -> None:
        """Put the parts around the charts."""
        self.add_chip(self.chip)
        self.header.setFixedHeight(61)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        self.stack = StateStack(self.charts)
        self.body.addWidget(self.stack, 1)
        column = self.layout()
        assert column is not None
        column.insertWidget(1, self.head)  # type: ignore[attr-defined]
        self.set_side(self.side, scrolls=False)
        column.addWidget(self.log)

    def _connect(self) -> None:
        self.follower.begun.connect(self._on_begun)
        self.follower.fed.connect(self._on_fed)
        self.follower.beat.connect(self.refresh)
        self.buttons.pressed.connect(self._on_pressed)
        self.charts.failed.connect(self._context.fail)
        self.head.acted.connect(self._on_banner_acted)
        self.head.noticed.connect(self._on_notice_acted)
        self.side.tried.connect(lambda: self._on_pressed("try_it"))
        self.side.samples.asked.connect(lambda text: self._ask("sample", prompt=text))
        self.side.recipe.reused.connect(lambda: self._on_pressed("reuse"))
        self.side.go_on.resumed.connect(self._on_resume)
        self.side.go_on.restarted.connect(self._on_restart)
        self.stack.acted.connect(lambda _state: self._context.open_page("new_run"))

    def _add_keys(self) -> None:
        keys = {
            "Ctrl+.": lambda: self._press("stop"),
            "Ctrl+Shift+P": lambda: self._press(
                "resume" if self.buttons.can("resume") else "pause"
            ),
            "Ctrl+S": self._save_checkpoint,
            "Ctrl+L": self.log.switch,
            "Ctrl+Return": self._press_primary,
        }
        for sequence, act in keys.items():
            QShortcut(QKeySequence(sequence), self).activated.connect(act)

    # which run

    def open(self, argument: str) -> None:
        """Show a run; without a path the one shown last, else the newest."""
        path = argument or self._kept.get("path", "") or self._newest()
        if not path or not Path(path).is_dir():
            self._show_none(bool(argument))
            return
        self._kept["path"] = path
        if path != self.follower.path or not self._context.runs.history(path):
            self.follower.open(path)
        self.follower.run(self.isVisible())
        self.refresh()
        self.charts.setFocus()

    def _newest(self) -> str:
        """Return the path of the newest run, one that trains before others."""
        found = [*self._context.runs.living(), *self._context.runs.list()]
        return found[0].path if found else ""

    def _show_none(self, missing: bool) -> None:
        """Say that there is no run to show."""
        self.follower.path = ""
        self.follower.run(False)
        self.set_title(tr("Live run"))
        for part in (self.chip, self.head, self.log, self.side):
            part.hide()
        title = tr("This run is no longer there") if missing else tr("No run yet")
        text = tr("Its charts, samples and log appear here as soon as one is started.")
        self.stack.show_empty("activity", title, text, tr("New run"))

    def _on_begun(self) -> None:
        """Forget the run that was shown before."""
        view = self.follower.view
        self.curves = Curves(view.recipe)
        self.side.samples.clear()
        self.side.checkpoints.open_run(view.folder)
        self.side.recipe.open_run(view.folder)
        self.log.open_run(view.folder.path)
        self._said = ()
        for part in (self.chip, self.head, self.log, self.side):
            part.show()

    def _on_fed(self, events: list[ev.Event]) -> None:
        """Hand new events to every part; they draw at the next beat."""
        self.curves.feed(events)
        self.log.feed(events)
        self.side.checkpoints.feed(events)
        if self.side.samples.feed(events):
            self._answered("sample")
        if any(isinstance(event, ev.Checkpoint) for event in events):
            self._said = ()  # what is safe has changed

    # what is shown

    def refresh(self) -> None:
        """Show the run as it is now; called ten times a second while it is seen."""
        if not self.follower.path:
            return
        view, state = self.follower.view, self.follower.shown()
        living = state.name in LIVING
        if state.name == "lost":
            self.curves.mark_lost()
        if view.problem is not None:
            self.stack.show_problem(view.problem.sentence(), view.problem.step())
        else:
            self.stack.show_ready()
            self.charts.show_curves(self.curves, view.title)
        usable = view.folder.adapter.is_dir() and not living
        self._say_state(state, usable)
        if living or state.name == "queued":
            self.head.show_progress(state, self._stage(state), self.follower.checkpoint_at)
        self.side.samples.refresh(state.name in ("training", "paused"))
        self.side.checkpoints.refresh()
        self.side.recipe.show_warnings(state.warnings)
        self.side.show_best(state, usable)
        self.log.refresh(living)

    def _stage(self, state: RunState) -> ev.Stage | None:
        """Return what is done besides training, if anything."""
        stage = self.follower.stage
        return stage or (ev.Stage("start") if state.name in ("starting", "queued") else None)

    def _say_state(self, state: RunState, usable: bool) -> None:
        """Change title, chip, buttons and banners where the state has changed."""
        self._hear(state)
        sign = (state.name, state.step if state.name not in LIVING else 0, usable,
                self.curves.diverged, self.follower.path, self.is_drawer())  # fmt: skip
        if sign == self._said:
            return
        view, look = self.follower.view, state_look(state)
        self.set_title(view.title, model_and_method(view.recipe))
        self.chip.set(look.text, look.chip, look.icon)
        self.buttons.show_for(state, usable)
        self._say_notice(state)
        self._say_end(state)
        self._said = sign

    def _hear(self, state: RunState) -> None:
        """Take the spinner off what the worker has done."""
        if state.name == "paused":
            self._answered("pause")
        elif state.name == "training":
            self._answered("resume")

    def _answered(self, key: str) -> None:
        if self.buttons.waits(key):
            self.buttons.wait_for(key, False)
        if key == "sample":
            self.side.samples.answering(False)

    def _say_notice(self, state: RunState) -> None:
        """Say that the loss is no number any more, while it is so."""
        step = self.curves.diverged
        if step is None:
            self.head.show_notice("")
            return
        action = tr("Stop…") if state.name in LIVING else tr("Open as new run")
        text = tr("The loss diverged at step {step}.", step=count(step))
        advice = tr("Nothing more is learnt from there on; start again with a lower learning rate.")
        self.head.show_notice(text, advice, action)

    def _say_end(self, state: RunState) -> None:
        """Say how the run ended, and offer the ways on where it ended badly."""
        bad = state.name in ENDED_BADLY
        whole = self.follower.folder.whole_checkpoints()
        step = whole[-1][0] if whole else 0
        if bad and self.side.shown() != "go_on":
            kind = state.failed_kind if state.name == "failed" else ""
            self.side.go_on.show_run(step, self.follower.view.recipe, kind)
        self.side.offer_ways_on(bad)
        self._place_log(under_charts=bad)
        ending = endings.ending(state, step, self.is_drawer())
        if ending is not None:
            self.head.show_banner(ending.kind, ending.text, ending.detail, ending.action)

    def _place_log(self, under_charts: bool) -> None:
        """Lay the log under the whole page, or leave the side panel its full height."""
        column = self.layout()
        target = self.body if under_charts else column
        if target is not None and target.indexOf(self.log) < 0:
            target.addWidget(self.log)

    # what the person does

    def _press(self, key: str) -> None:
        """Act on a key as on a click, where the button is there."""
        if self.buttons.can(key):
            self._on_pressed(key)

    def _press_primary(self) -> None:
        """Press the page's primary button, if it has one now."""
        for button in self.findChildren(Button):
            if button.property("kind") == "primary" and button.isVisible() and button.isEnabled():
                button.click()
                return

    def _on_pressed(self, key: str) -> None:
        path = self.follower.path
        if key in ("sample", "pause", "resume"):
            self._ask(key)  # type: ignore[arg-type]
        elif key == "stop":
            self._on_stop()
        elif key in ("start", "go_on"):
            self._on_resume()
        elif key in ("try_it", "export"):
            self._context.open_page(key, path)
        elif key == "reuse":
            open_recipe(self._context, self.follower.folder.recipe_file)
        elif key == "folder":
            QDesktopServices.openUrl(QUrl.fromLocalFile(path))
        elif key == "output":
            self.log.show_output()

    def _ask(self, name: RequestName, **values: str) -> None:
        """Leave a request for the worker, and turn the spinner until it is met."""
        try:
            self._context.runs.ask(self.follower.path, name, **values)
        except StudioError as reason:
            self._context.fail(reason)
            return
        if self.buttons.button(name) is not None:
            self.buttons.wait_for(name)
        if name == "sample":
            self.side.choose("samples")
            self.side.samples.answering(True)

    def _on_stop(self) -> None:
        name = ask_to_stop(self, self.follower.shown())
        if name and self.follower.shown().name in LIVING:
            self._ask(name)
            self.buttons.wait_for("stop")

    def _save_checkpoint(self) -> None:
        """Save after the step at work; in an ended run there is nothing to save."""
        if self.follower.path and self.follower.shown().name in ("training", "paused"):
            self._ask("save")
            self._context.say(tr("A checkpoint is saved after the step at work."), "info")

    def _on_resume(self) -> None:
        self._resume_soon(self.follower.path, _PATIENCE)

    def _resume_soon(self, path: str, tries: int) -> None:
        """Go on with a run; its last worker may need a moment to end after its last word."""
        ending = self.follower.path == path and self.follower.state.name not in LIVING
        if tries and ending and alive(self.follower.folder):
            QTimer.singleShot(_MOMENT, self, lambda: self._resume_soon(path, tries - 1))
        elif self._context.resume_run(path):
            self._said = ()

    def _on_restart(self, recipe: Recipe) -> None:
        self._context.start_run(recipe)

    def _on_banner_acted(self) -> None:
        self.side.choose("go_on")
        self.open_side()

    def _on_notice_acted(self) -> None:
        living = self.follower.shown().name in LIVING
        self._on_pressed("stop" if living else "reuse")

    def showEvent(self, event: QShowEvent) -> None:
        """Read along while seen."""
        super().showEvent(event)
        self.follower.run(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest while nobody looks."""
        super().hideEvent(event)
        self.follower.run(False)
