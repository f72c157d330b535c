"""The one window: the rail, the pages, the strips, the title."""

import gc
import importlib
from collections.abc import Sequence

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QWidget

from studio import settings as settings_file
from studio.errors import StudioError
from studio.ui import application, jobs
from studio.ui.context import Context
from studio.ui.dropping import Dropping
from studio.ui.keys import Keys
from studio.ui.places import restore_geometry, save_geometry
from studio.ui.runs import RunView
from studio.ui.speech import speak
from studio.ui.theme import themes
from studio.ui.widgets.layouts import hbox
from studio.ui.widgets.rail import NARROW_WINDOW, Rail
from studio.ui.widgets.strips import MachineStrip, RunStrip
from studio.ui.widgets.toast import Toaster
from studio.ui.words import done_at, duration, gigabytes_number, percent, whole_gigabytes
from studio.words import tr

SMALLEST = QSize(1040, 680)
USUAL = QSize(1280, 800)
_SERVICE_AFTER_MS = 1500
_PAGES = {
    "home": ("studio.ui.pages.home", "HomePage"),
    "new_run": ("studio.ui.pages.new_run", "NewRunPage"),
    "runs": ("studio.ui.pages.runs", "RunsPage"),
    "live": ("studio.ui.pages.live", "LivePage"),
    "try_it": ("studio.ui.pages.try_it", "TryItPage"),
    "export": ("studio.ui.pages.export", "ExportPage"),
    "settings": ("studio.ui.pages.settings", "SettingsPage"),
}
RAIL_KEYS = ("home", "new_run", "runs", "try_it", "export")


class MainWindow(QMainWindow):
    """Rail at the left, one page at the right; pages are made when they are first shown."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.setMinimumSize(SMALLEST)
        self.resize(USUAL)
        self.dropping = Dropping(self, context)
        self._page, self._argument = "home", ""
        context.toaster = Toaster(self)
        context.go.connect(self.show_page)
        context.use_changed.connect(self._on_use_changed)
        context.runs.changed.connect(self._on_runs_changed)
        context.settings_changed.connect(self._on_settings_changed)
        self._spoken, self._dressed = context.settings.language, context.settings.theme
        self._build()
        restore_geometry(self)
        self.show_page("home", "")

    def _build(self) -> None:
        """Make rail, strips and an empty stack of pages."""
        self.pages: dict[str, QWidget] = {}
        self.stack = QStackedWidget()
        self.rail = Rail(
            [
                ("home", tr("Home"), "house"),
                ("new_run", tr("New run"), "plus-circle"),
                ("runs", tr("Runs"), "list-bullets"),
                ("try_it", tr("Try it"), "chat-text"),
                ("export", tr("Export"), "package"),
            ],
            last=("settings", tr("Settings"), "gear"),
        )
        self.run_strip, self.machine_strip = RunStrip(), MachineStrip()
        self.run_strip.clicked.connect(self._on_strip_clicked)
        self.run_strip.hide()
        self.rail.add_strip(self.run_strip)
        self.rail.add_strip(self.machine_strip)
        self.rail.chosen.connect(lambda key: self.context.open_page(key))
        center = QWidget()
        hbox(self.rail, self.stack, gap=0, into=center).setStretch(1, 1)
        self.setCentralWidget(center)
        self.keys = Keys(self)
        self._adapt()

    def rebuild(self) -> None:
        """Make everything anew, for another language; what the pages keep is in the context."""
        speak(self.context.settings.language)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            themes().apply(app, self.context.settings.theme)  # Chinese has other sizes
        old, focus = self.centralWidget(), self._page
        self.keys.remove()
        self._build()
        if old is not None:
            old.deleteLater()
        if self.context.measured:
            self._on_use_changed()
        self._on_runs_changed()
        self.show_page(focus, self._argument)

    def _on_settings_changed(self) -> None:
        """Dress or speak anew; not before the page that asked for it has returned."""
        chosen, app = self.context.settings, QApplication.instance()
        if chosen.theme != self._dressed and isinstance(app, QApplication):
            self._dressed = chosen.theme
            themes().apply(app, chosen.theme)
        if chosen.language != self._spoken:
            self._spoken = chosen.language
            QTimer.singleShot(0, self, self.rebuild)

    def show_page(self, page: str, argument: str = "") -> None:
        """Show a page and hand it its argument; a page that cannot be made is told, not fatal."""
        try:
            widget = self._made(page)
        except ImportError as reason:
            self.context.fail(jobs.unexpected(reason))
            return
        self._page, self._argument = page, argument
        self.stack.setCurrentWidget(widget)
        self.rail.set_current("runs" if page == "live" else page)
        widget.open(argument)  # type: ignore[attr-defined]
        self._say_title()

    def page(self) -> str:
        """Return the key of the page that is shown."""
        return self._page

    def _made(self, page: str) -> QWidget:
        """Return the page, made now if this is its first time."""
        if page not in self.pages:
            module, name = _PAGES[page]
            self.pages[page] = getattr(importlib.import_module(module), name)(self.context)
            # What was imported stays: a full collection that walks it holds all threads for 90 ms.
            gc.freeze()
            self.stack.addWidget(self.pages[page])
        return self.pages[page]

    def _training(self) -> RunView | None:
        """Return the newest run that is at work."""
        return next(iter(self.context.runs.living()), None)

    def _say_title(self) -> None:
        """Tell the task bar how far the run is."""
        run = self._training()
        if run is not None and run.state.total_steps:
            share = percent(run.state.share)
            self.setWindowTitle(
                tr("{percent} {run} – Finetune Studio", percent=share, run=run.title)
            )
        else:
            self.setWindowTitle(tr("Finetune Studio"))

    def _on_runs_changed(self) -> None:
        living = self.context.runs.living()
        self.rail.set_count("runs", len(living))
        self.run_strip.setVisible(bool(living))
        if living:
            self._show_run(living[0])
        self._say_title()

    def _show_run(self, run: RunView) -> None:
        """Put the run into its strip."""
        state = run.state
        left = state.seconds_left
        words = {
            "starting": tr("Starting"),
            "paused": tr("Paused"),
            "training": tr("Training", "state"),
        }
        self.run_strip.set_run(
            run.title,
            percent(state.share) if state.total_steps else "",
            state.share if state.total_steps else None,
            words[state.name],
            tr("{time} left", time=duration(left)) if left is not None else "",
        )
        if left is not None:
            self.run_strip.setToolTip(tr("done at {time}", time=done_at(left)))

    def _on_use_changed(self) -> None:
        machine, use = self.context.machine, self.context.use
        ours = sum(_memory_of(run, machine.card is not None) for run in self.context.runs.living())
        used = gigabytes_number(use.used)
        total = whole_gigabytes(machine.limit)
        parts = [("weights", min(ours, use.used)), ("other", max(0, use.used - ours))]
        if machine.card and use.card:
            self.machine_strip.set_machine(
                machine.card.name.removeprefix("GeForce "),
                tr("{used} of {total} GB", used=used, total=total),
                parts,
                machine.limit,
                tr("GPU {percent}", percent=f"{use.card.load}%"),
                f"{use.card.temperature} °C",
            )
            return
        self.machine_strip.set_machine(
            tr("This computer"),
            tr("no GPU"),
            parts,
            machine.limit,
            tr("RAM {used} of {total} GB", used=used, total=total),
            tr("CPU {percent}", percent=f"{use.processor_load:.0f}%"),
        )

    def _on_strip_clicked(self) -> None:
        run = self._training()
        if run is not None:
            self.context.open_page("live", run.path)

    def _adapt(self) -> None:
        """Follow the window's width."""
        self.rail.set_narrow(self.width() < NARROW_WINDOW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show words in the rail only where there is room for them."""
        super().resizeEvent(event)
        self._adapt()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close without a question: a run goes on, and is there again at the next start."""
        save_geometry(self)
        self.context.close()
        super().closeEvent(event)


def _memory_of(run: RunView, on_card: bool) -> int:
    """Return the bytes a run takes where the strip looks."""
    memory = run.state.memory
    if memory is None:
        return 0
    return memory.reserved if on_card else memory.process


def main(argv: Sequence[str]) -> int:
    """Open the window and return the exit code when it is closed."""
    settings = settings_file.load()
    application.write_log()
    app = application.make(argv, settings)
    application.let_interrupt()
    context = Context(settings)
    window = MainWindow(context)
    application.catch_errors(
        lambda error: context.fail(
            error if isinstance(error, StudioError) else jobs.unexpected(error)
        )
    )
    window.show()
    application.later(0, context.begin)
    application.later(_SERVICE_AFTER_MS, context.service.start)
    return int(app.exec())
