"""Runs: table, filters, comparison, deleting."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.ui.context import Context
from studio.ui.pages import runs as runs_page
from studio.ui.pages.runs import RunsPage
from studio.ui.pages.runs_compare import Compare
from studio.ui.pages.runs_curves import Curve
from studio.ui.pages.runs_differences import short_names
from studio.ui.window import MainWindow
from tests.helpers.histories import give_worker, recipe_of, write_run

Open = Callable[[], MainWindow]


def _page(window: MainWindow) -> RunsPage:
    window.show_page("runs")
    page = window.pages["runs"]
    assert isinstance(page, RunsPage)
    return page


def _texts(page: RunsPage, column: int) -> list[str]:
    return [page.table.rows.cell(row, column).text for row in range(page.table.rows.rowCount())]


def test_table_shows_what_came_of_each_run(open_window: Open, runs: Path) -> None:
    """State, evaluation, time, peak memory; a damaged run too."""
    write_run(runs, "good", steps=60, age=100)
    write_run(runs, "bad", steps=30, total=60, end="failed", age=5000)
    write_run(runs, "ugly", age=9000).recipe_file.write_text("= =")
    page = _page(open_window())
    assert _texts(page, 1) == ["good", "bad", "ugly"]
    assert _texts(page, 3) == ["Finished", "Failed", "Damaged"]
    assert page.table.rows.cell(1, 3).more == "step 30"
    assert page.table.rows.cell(2, 3).tip
    assert _texts(page, 5)[0] == "1 min" and _texts(page, 6)[0] == "2 GB"


def test_search_and_state_narrow_the_list(open_window: Open, runs: Path) -> None:
    """Words may be of the name, the model or the method; nothing found says so."""
    write_run(runs, "one", recipe_of("one", "Qwen/Qwen3-8B"), age=10)
    write_run(runs, "two", recipe_of("two", "x/Llama-3", "ia3"), end="stopped", age=20)
    page = _page(open_window())
    page.search.setText("llama ia3")
    assert _texts(page, 1) == ["two"]
    page.search.setText("")
    page.states.set_key("finished")
    page.states.chosen.emit("finished")
    assert _texts(page, 1) == ["one"]
    page.search.setText("no such run")
    assert _texts(page, 1) == [] and page._empty.title.text() == "No run fits"
    page._empty.acted.emit()
    assert len(_texts(page, 1)) == 2


def test_checked_runs_are_compared_and_keep_their_lines(
    open_window: Open, runs: Path, qtbot: QtBot
) -> None:
    """Only what differs is in the table; the line of a run stays while it is checked."""
    paths = [
        str(write_run(runs, name, recipe_of(name, r=rank), age=age).path)
        for name, rank, age in (("tone", 32, 10), ("tone-r8", 8, 20), ("tone-r4", 4, 30))
    ]
    page = _page(open_window())
    for path in paths:
        page.check(path, True)
    compare = page.compare
    assert isinstance(compare, Compare) and compare.isVisible()
    qtbot.waitUntil(lambda: not compare._reading)
    assert len(compare.chart._runs) == 3 and list(compare.chart._runs[0].x["step"]) == [20, 40, 60]
    assert compare.table is not None
    names = [compare.table.rows.cell(row, 0).text for row in range(compare.table.rows.rowCount())]
    assert "Rank" in names and "Seed" not in names and "Best evaluation" in names
    page.check(paths[0], False)
    assert page.orders == {paths[1]: 1, paths[2]: 2}
    assert page.table.rows.cell(1, 1).line == 2
    for path in paths[1:]:
        page.check(path, False)
    assert not compare.isVisible()


def test_a_run_is_deleted_only_after_a_question_and_never_while_it_runs(
    open_window: Open, context: Context, runs: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep keeps, Delete deletes, a running one is refused."""
    done = write_run(runs, "done", age=10)
    going = write_run(runs, "going", steps=5, end="", age=6)
    worker = give_worker(going)
    page = _page(open_window())
    asked: list[str] = []

    def answer(*given: object, **_more: object) -> str:
        asked.append(str(given[1]))
        return "keep" if len(asked) == 1 else "delete"

    monkeypatch.setattr(runs_page, "ask", answer)
    page.ask_delete(str(going.path))
    assert not asked and going.path.exists()
    page.ask_delete(str(done.path))
    assert done.path.exists()
    page.ask_delete(str(done.path))
    assert not done.path.exists() and asked == ["Delete done?", "Delete done?"]
    qtbot.waitUntil(lambda: len(list(runs.iterdir())) == 1)
    worker.kill()
    worker.wait()


def test_no_runs_says_what_will_appear(open_window: Open) -> None:
    """An empty folder."""
    page = _page(open_window())
    assert page._empty.title.text() == "No runs yet" and page._empty.isVisible()


def test_points_told_again_replace_the_old_ones() -> None:
    """A run that went on from a checkpoint tells its steps anew."""
    curve = Curve()
    for step in (1, 2, 3, 2, 3, 4):
        curve.add(step, step, step, step * 10.0)
    assert curve.step == [1, 2, 3, 4]


def test_names_leave_out_what_they_share() -> None:
    """As long as something stays."""
    assert short_names(["tone", "tone-r8", "other"]) == ["tone", "r8", "other"]
