"""Measure how fast the gallery of methods opens and filters, beside a plain list of as many items.

Opening is the Method step shown and painted for the first time in a window, with model and data
known: after a moment on the step before, while which the wizard makes it (`open_ms`), or without
that moment (`open_at_once_ms`). Filtering is one more letter in the search until the cards are
painted. Prints one JSON line; the figures are milliseconds by the clock, and of the thread's own
processor time.
"""

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, thread_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QSortFilterProxyModel, QStringListModel, QTimer
from PySide6.QtWidgets import QApplication, QLineEdit, QListView, QVBoxLayout, QWidget

OPENINGS = 5
SEARCHES = ("l", "lo", "lor", "lora", "p", "pr", "pro", "", "rank", "")
SIZE = (1280, 800)
_AT_ONCE, _AHEAD = 100, 900  # ms on the step before
Times = list[tuple[float, float]]


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Return how long an action takes: by the clock, and of the thread's processor time, in ms."""
    start, busy = perf_counter(), thread_time()
    action()
    return 1000 * (perf_counter() - start), 1000 * (thread_time() - busy)


def opening(app: QApplication, home: Path) -> tuple[Times, Times, QWidget]:
    """Open the step several times, each in a window built anew: made ahead, and all at once."""
    from studio import settings
    from studio.ui.context import Context
    from studio.ui.window import MainWindow
    from tests.helpers.facts import LLAMA_3B, with_card
    from tests.helpers.tiny import chat_rows
    from tests.helpers.wizard import draft_of

    context = Context(settings.load())
    window = MainWindow(context)
    window.resize(*SIZE)
    window.show()
    context.watcher.machine, context.watcher.use = with_card(24)
    draft = draft_of(None, chat_rows(home / "rows.jsonl", 300))
    draft.model, draft.recipe.model.source = LLAMA_3B, LLAMA_3B.source

    def one(wait: int) -> tuple[float, float]:
        window.rebuild()
        context.draft = draft
        context.open_page("new_run", "task")
        rest(wait)
        page = window.pages["new_run"]
        return timed(lambda: (page.show_step("method"), app.processEvents()))

    at_once = [one(_AT_ONCE) for _ in range(OPENINGS)]
    ahead = [one(_AHEAD) for _ in range(OPENINGS)]
    return ahead, at_once, window


def rest(milliseconds: int) -> None:
    """Let the window work for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def filtering(app: QApplication, window: QWidget) -> Times:
    """Search letter by letter."""
    from studio.ui.new_run.method_shelf import MethodShelf

    shelf = window.findChild(MethodShelf)

    def one(text: str) -> None:
        shelf.filters.search.setText(text)
        app.processEvents()

    return [timed(lambda text=text: one(text)) for text in SEARCHES]  # type: ignore[misc]


def plain(app: QApplication, names: list[str]) -> tuple[Times, Times]:
    """Do the same with a list of names, a line to search in, and no cards."""
    opened: Times = []
    window = QWidget()

    def build() -> None:
        nonlocal window
        window = QWidget()
        proxy = QSortFilterProxyModel(window)
        proxy.setSourceModel(QStringListModel(names, window))
        search, view = QLineEdit(window), QListView(window)
        view.setModel(proxy)
        search.textChanged.connect(proxy.setFilterFixedString)
        column = QVBoxLayout(window)
        column.addWidget(search)
        column.addWidget(view)
        window.resize(*SIZE)
        window.show()
        app.processEvents()

    for _ in range(OPENINGS):
        opened.append(timed(build))
    search = window.findChild(QLineEdit)

    def one(text: str) -> None:
        search.setText(text)
        app.processEvents()

    return opened, [timed(lambda text=text: one(text)) for text in SEARCHES]  # type: ignore[misc]


def line(
    opened: Times, at_once: Times, filtered: Times, theirs: tuple[Times, Times], count: int
) -> dict[str, object]:
    """Return what is printed: medians, and the longest of each."""
    plain_opened, plain_filtered = theirs
    figure, reference = _median(filtered), _median(plain_filtered)
    return {
        "name": "gallery of methods",
        "figure": round(figure, 2),
        "unit": "ms",
        "reference": round(reference, 2),
        "reference_name": "QListView of as many names behind a filter proxy",
        "ratio": round(figure / reference, 2),
        "methods": count,
        "filter_longest_ms": round(max(clock for clock, _cpu in filtered), 2),
        "filter_cpu_ms": round(statistics.median(cpu for _clock, cpu in filtered), 2),
        "open_ms": round(_median(opened), 1),
        "open_longest_ms": round(max(clock for clock, _cpu in opened), 1),
        "open_cpu_ms": round(statistics.median(cpu for _clock, cpu in opened), 1),
        "open_at_once_ms": round(_median(at_once), 1),
        "reference_open_ms": round(_median(plain_opened), 1),
    }


def _median(times: Times) -> float:
    """Return the median by the clock."""
    return statistics.median(clock for clock, _cpu in times)


def main() -> None:
    """Measure and print the line."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["FINETUNE_STUDIO_HOME"] = home
        from studio import settings
        from studio.methods.catalogue import methods
        from studio.ui import application

        app = application.make(["bench"], settings.load())
        ahead, at_once, window = opening(app, Path(home))
        filtered = filtering(app, window)
        theirs = plain(app, [one.name for one in methods().values()])
        window.close()
    print(json.dumps(line(ahead, at_once, filtered, theirs, len(methods()))))


if __name__ == "__main__":
    main()
