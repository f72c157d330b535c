"""Make pictures of every page with real data: python tests/pictures.py OUT_DIR [--help].

Runs are trained by the real worker on the sample's model where that was fetched, else on a tiny
random one. Each picture is 1280x800: PAGE-THEME-LANGUAGE.png; three more are of a small window.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QEventLoop, QTimer

from studio import settings as settings_file
from studio.flow import STEPS
from studio.models.sample import sample_folder
from studio.runs.folder import all_runs
from studio.runs.held_out import task_of
from studio.ui import application
from studio.ui.context import Context
from studio.ui.opening import open_draft
from studio.ui.window import MainWindow
from tests.helpers.tiny import tiny_llama
from tests.helpers.trained import Runs, train_all

SIZE, SMALL = (1280, 800), (1040, 680)
PAGES = (
    "home-first", "home", "new-run-model", "new-run-data", "new-run-task", "new-run-method",
    "method-page", "method-evidence", "new-run-training", "new-run-review", "live-training",
    "live-finished", "live-failed", "runs", "try-it", "export", "settings",
)  # fmt: skip
SMALL_PAGES = ("home", "new-run-method", "live-training")
_PATIENCE = 180.0  # s
_MOMENT = 400  # ms: charts draw ten times a second, notes fade


def names(theme: str, language: str) -> dict[str, tuple[int, int]]:
    """Return the files of one theme and language with their sizes."""
    end = f"{theme}-{language}.png"
    small = {f"{page}-small-{end}": SMALL for page in SMALL_PAGES}
    return {**{f"{page}-{end}": SIZE for page in PAGES}, **small}


class Camera:
    """A window with real runs that is led from page to page."""

    def __init__(self, out: Path, home: Path, runs: Runs, tasks: Path | None) -> None:
        self._out, self._home, self._runs, self._tasks = out, home, runs, tasks
        self._context = Context(settings_file.load())
        self.window = MainWindow(self._context)
        self.window.resize(*SIZE)
        self.window.show()
        self._context.begin()
        self._until("the machine", lambda: self._context.measured)
        self._look = ("light", "en")

    def close(self) -> None:
        """Close the window and what belongs to it."""
        self.window.close()
        self.window.deleteLater()
        self._rest()

    def take_all(self, theme: str, language: str) -> None:
        """Take every picture in one theme and language."""
        self._look = (theme, language)
        settings = self._context.settings
        settings.theme, settings.language = theme, language  # type: ignore[assignment]
        self._context.save_settings()
        self._rest()
        self.window.rebuild()  # Settings shows what it was made with
        self._home_first()
        for take in (self._home_page, self._wizard, self._lives, self._compare, self._tries,
                     self._task_tries, self._exports, self._settings):  # fmt: skip
            take()
        self._small()

    # pages

    def _home_first(self) -> None:
        """Home before the first run."""
        self._use_runs(self._home / "none")
        self._open("home")
        self._take("home-first")
        self._use_runs(self._home / "runs")

    def _use_runs(self, folder: Path) -> None:
        self._context.settings.runs_folder = str(folder)
        self._context.save_settings()
        self._until("the runs", self._context.runs.looked)

    def _home_page(self) -> None:
        self._open("home")
        self._take("home")

    def _wizard(self) -> None:
        """Every step, with the recipe of the run that trains."""
        recipe = self._runs.draft.model_copy(deep=True)
        recipe.output.name = ""
        open_draft(self._context, recipe, "model")
        self._until("the draft", lambda: self._context.draft.data is not None)
        for key in STEPS:
            page = self._open("new_run", key)
            self._until(key, lambda: not page.step(page.current()).problems())  # noqa: B023
            if key == "data":
                self._until("counts", lambda: not page.step("data").panel.is_counting())  # noqa: B023
            self._take(f"new-run-{key}")
            if key == "method":
                self._methods(page.step("method"))

    def _methods(self, step: Any) -> None:
        """A method's own page, and what was measured of all of them."""
        step.open_method("dora")
        self._take("method-page")
        step.close_method()
        step.show_evidence()
        self._rest()
        self._take("method-evidence")
        step.shelf.show_view("gallery")

    def _lives(self) -> None:
        """A run at work, a finished and a failed one."""
        runs = self._runs
        for name, run in (
            ("training", runs.training), ("finished", runs.finished), ("failed", runs.failed)
        ):  # fmt: skip
            self._live(str(run.path))
            self._rest(2000 if name == "failed" else _MOMENT)  # ways on are computed
            self._take(f"live-{name}")

    def _live(self, path: str) -> None:
        page = self._open("live", path)
        told = page.follower
        self._until("the history", lambda: told.state.last > 0 and told.caught_up())
        self._rest(1000)

    def _compare(self) -> None:
        """All runs, three of them compared."""
        page = self._open("runs")
        for run in (self._runs.finished, self._runs.other, self._runs.stopped):
            page.check(str(run.path), True)
        self._until("the curves", lambda: page.compare and not page.compare._reading)
        self._take("runs")
        page.orders.clear()

    def _tries(self) -> None:
        """A held-out prompt and both answers."""
        page = self._open("try_it", str(self._runs.finished.path))
        self._until("the prompts", lambda: page.stack.state() == "ready")
        page.prompts.choose(1)
        self._until("the answers", lambda: page._call is None)
        self._take("try-it")

    def _task_tries(self) -> None:
        """What models say that write no text: one run of each task."""
        if self._tasks is None:
            return
        self._use_runs(self._tasks)
        runs = {task_of(run): run for run in all_runs(self._tasks) if run.adapter.is_dir()}
        for name in sorted(set(runs) - {"causal_lm"}):
            page = self._open("try_it", str(runs[name].path))
            self._until("the prompts", lambda: page.stack.state() == "ready")  # noqa: B023
            page.prompts.choose(1)
            self._until("what it says", lambda: page._call is None)  # noqa: B023
            self._take(f"try-it-{name}")
        self._use_runs(self._home / "runs")

    def _exports(self) -> None:
        """Adapter and merged model, compared."""
        page = self._open("export", str(self._runs.finished.path))
        self._until("the targets", lambda: page.stack.state() == "ready" and page.targets.chosen())
        out = self._home / "exports" / "-".join(self._look)
        shutil.rmtree(out, ignore_errors=True)  # of the last pictures
        page.folder.line.setText(str(out))
        page._on_export()
        self._until("the exports", lambda: "merged" in page._done and page._call is None)
        self._take("export")

    def _settings(self) -> None:
        self._open("settings")
        self._take("settings")

    def _small(self) -> None:
        """Three pages in the smallest window."""
        self.window.resize(*SMALL)
        self._open("home")
        self._take("home-small")
        self._open("new_run", "method")
        self._take("new-run-method-small")
        self._live(str(self._runs.training.path))
        self._take("live-training-small")
        self.window.resize(*SIZE)

    # the camera

    def _open(self, page: str, argument: str = "") -> Any:
        """Show a page and return it."""
        self._context.open_page(page, argument)
        return self.window.pages[page]

    def _take(self, name: str) -> None:
        """Take a picture once everything stands still."""
        toaster = self._context.toaster
        for toast in toaster.toasts() if toaster else ():
            toaster.dismiss(toast)  # type: ignore[union-attr]
        self._rest()
        self.window.grab().save(str(self._out / f"{name}-{'-'.join(self._look)}.png"))

    def _until(self, what: str, condition: Callable[[], Any]) -> None:
        """Wait until something is so."""
        waited = 0.0
        while not condition():
            self._rest(20)
            waited += 0.02
            if waited > _PATIENCE:
                raise TimeoutError(f"not there: {what}")

    def _rest(self, milliseconds: int = _MOMENT) -> None:
        """Let the window work for a while."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()


def take_pictures(options: argparse.Namespace, home: Path) -> None:
    """Train what is missing, then take the pictures."""
    runs = train_all(home, options.model, options.steps, options.rate)
    app = application.make([], settings_file.load())
    try:
        camera = Camera(options.out, home, runs, options.tasks)
        for language in options.language:
            for theme in options.theme:
                camera.take_all(theme, language)
        camera.close()
    finally:
        runs.end()
        app.quit()


def _options() -> argparse.Namespace:
    """Read the command line; the sample's model is taken where it was fetched."""
    known = argparse.ArgumentParser(description=__doc__)
    known.add_argument("out", type=Path)
    known.add_argument("--model", type=Path, help="folder of a small model")
    known.add_argument("--home", type=Path, help="kept with its trained runs, and used again")
    known.add_argument("--tasks", type=Path, help="runs of other tasks, as bench/real_runs.py has")
    known.add_argument("--steps", type=int, default=300)
    known.add_argument("--rate", type=float, default=0.002, help="learning rate")
    known.add_argument("--theme", nargs="+", default=["light", "dark"])
    known.add_argument("--language", nargs="+", default=["en", "zh_CN"])
    options = known.parse_args()
    options.out = options.out.absolute()
    options.out.mkdir(parents=True, exist_ok=True)
    sample = sample_folder(settings_file.load().models)
    if options.model is None and (sample / "config.json").is_file():
        options.model = sample
    return options


def main() -> None:
    """Take the pictures in a home of their own."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="finetune-studio-pictures-") as scratch:
        home = (options.home or Path(scratch)).absolute()
        os.environ["FINETUNE_STUDIO_HOME"] = str(home)
        home.mkdir(parents=True, exist_ok=True)
        if options.model is None:
            tiny = home / "tiny-llama"
            options.model = tiny if tiny.is_dir() else tiny_llama(tiny)
        take_pictures(options, home)


if __name__ == "__main__":
    main()
