"""A method's own page and the evidence: opened from panel and chart, and left again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from studio.methods import evidence
from studio.methods.catalogue import methods
from studio.ui.new_run.evidence_words import contradiction
from studio.ui.new_run.method_drawings import DRAWINGS, TEXTS
from studio.ui.new_run.method_page import possible
from studio.ui.new_run.method_seen import seen_rows
from studio.ui.pages.method import MethodStep
from studio.ui.widgets.sketch import SketchView
from studio.ui.window import MainWindow
from tests.helpers.facts import LLAMA_3B, with_card
from tests.helpers.tiny import chat_rows
from tests.helpers.wizard import draft_of, open_step, page_of, settle, texts

Open = Callable[[], MainWindow]


@pytest.fixture
def window(open_window: Open, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """Return a window with a 3B model and chats, on a card of 24 GB."""
    made = open_window()
    made.context.watcher.close()
    made.context.watcher.machine, made.context.watcher.use = with_card(24)
    draft = draft_of(None, chat_rows(tmp_path / "rows.jsonl", 30))
    draft.model, draft.recipe.model.source = LLAMA_3B, LLAMA_3B.source
    made.context.draft = draft
    return made


@pytest.fixture
def step(window: MainWindow, qtbot: QtBot) -> MethodStep:
    """Return the Method step."""
    found: MethodStep = open_step(window, qtbot, "method")
    settle(window.context, qtbot)
    return found


def click(qtbot: QtBot, widget: object) -> None:
    """Click in the middle."""
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_more_about_it_opens_the_page_and_back_leads_to_the_gallery(
    step: MethodStep, qtbot: QtBot
) -> None:
    click(qtbot, step.panel.about)
    settle(step.context, qtbot)
    page = step.page
    assert page is not None and page.isVisible() and not step.shelf.isVisible()
    assert step.title.text() == "LoRA" and not step.use.isVisible()
    words = texts(page)
    for part in (methods()["lora"].text("summary"), methods()["lora"].text("when"), "Rank"):
        assert part in words
    best = evidence.best("lora")
    assert best is not None and best.knobs in words and f"{100 * best.accuracy:.1f}%" in words
    assert "What the guide says here" in words
    click(qtbot, step.back)
    assert step.shelf.isVisible() and not page.isVisible()
    assert step.title.text() == "Choose a method"


def test_the_page_of_another_method_says_which_is_chosen_and_takes_it(
    step: MethodStep, window: MainWindow, qtbot: QtBot
) -> None:
    step.open_method("dora")
    assert "Chosen now" in texts(step.panel) and step.use.isVisible()
    click(qtbot, step.use)
    assert window.context.draft.recipe.method.name == "dora"
    assert step.opened() == "" and step.shelf.gallery.current_key() == "dora"
    assert "Chosen now" not in texts(step.panel)


def test_every_method_has_a_page_with_its_drawing(step: MethodStep, qtbot: QtBot) -> None:
    for key, one in methods().items():
        step.open_method(key)
        qtbot.wait(1)  # what was made anew is shown
        assert step.page is not None and step.title.text() == one.name
        assert step.page.about.drawing.isVisible()
        assert one.text("when_not") in texts(step.page)


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_drawing_paints_and_is_said_in_words(qtbot: QtBot, name: str) -> None:
    view = SketchView()
    qtbot.addWidget(view)
    view.resize(304, 104)
    blank = view.grab().toImage()
    view.show_drawing(DRAWINGS[name], TEXTS[name])
    assert view.grab().toImage() != blank
    assert view.accessibleName() == TEXTS[name]


def test_every_method_names_a_drawing_that_there_is() -> None:
    assert {one.drawing for one in methods().values()} <= set(DRAWINGS)
    assert set(DRAWINGS) == set(TEXTS)


def test_a_setting_says_its_limits_and_what_it_is_for_this_model() -> None:
    knobs = methods()["lora"].knobs
    assert possible(knobs["r"], LLAMA_3B.parameters) == "1 to 1,024; 16 by default"
    assert possible(knobs["use_rslora"], 0) == "On or off; off by default"


def test_what_was_seen_names_each_task_and_says_why_not() -> None:
    for row in seen_rows("full"):
        assert len(row.signs) == 4 and set(row.signs) <= {"yes", "no", "unknown"}
        assert ("no" in row.signs[:3]) <= bool(row.reasons)


def test_a_page_opens_at_its_beginning_and_back_leads_to_where_one_was(
    step: MethodStep, qtbot: QtBot
) -> None:
    bar = step._area().verticalScrollBar()
    bar.setValue(700)
    assert bar.value() == 700
    step.open_method("dora")
    qtbot.wait(1)
    assert bar.value() == 0
    bar.setValue(50)
    step.close_method()
    qtbot.wait(1)
    assert bar.value() == 700 and step.window().focusWidget() is step.shelf.gallery


@pytest.mark.parametrize("scrolled", [0, 500])
def test_all_figures_begin_at_the_filters(step: MethodStep, qtbot: QtBot, scrolled: int) -> None:
    step.open_method("lora")
    step._area().verticalScrollBar().setValue(scrolled)
    step.show_evidence()
    qtbot.wait(1)
    view = step.shelf.evidence
    assert view is not None and step.window().focusWidget() is view.chart
    top = step.shelf.mapTo(step._area().viewport(), QPoint()).y()
    bar = step._area().verticalScrollBar()
    assert top == 0 or (top > 0 and bar.value() == bar.maximum())


def test_links_of_the_drawer_close_it(step: MethodStep, window: MainWindow, qtbot: QtBot) -> None:
    page = page_of(window)
    window.resize(1040, 680)
    qtbot.waitUntil(page.is_drawer)
    for link in (step.panel.about, step.panel.source):
        page.open_side()
        qtbot.waitUntil(link.isVisible)
        link.click()
        qtbot.waitUntil(lambda: not step.panel.isVisible())


def test_opening_a_page_reckons_nothing_anew(
    step: MethodStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("studio.ui.pages.method.entries", lambda *told: asked.append(told))
    step.open_method("dora")
    step.close_method()
    assert asked == [] and step.opened() == ""


def test_the_evidence_shows_a_dot_for_each_run_and_a_dot_opens_its_method(
    step: MethodStep, qtbot: QtBot
) -> None:
    click(qtbot, step.panel.source)
    settle(step.context, qtbot)
    view = step.shelf.evidence
    assert view is not None and view.isVisible() and not step.shelf.gallery.isVisible()
    assert len(view.chart.dots()) == len(evidence.points())
    view.chart.redraw()
    dot = min(view.chart.dots(), key=lambda one: one.y)
    place = view.chart.place_of(dot).toPoint()
    canvas = view.chart._canvas.viewport()
    qtbot.mouseMove(canvas, place)
    pointed = view.chart.at()
    assert pointed is not None and "of the answers right" in pointed.tip
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    assert step.opened() == pointed.key


def test_the_keyboard_goes_from_dot_to_dot_and_opens_one(step: MethodStep, qtbot: QtBot) -> None:
    step.show_evidence()
    view = step.shelf.evidence
    assert view is not None
    view.chart.setFocus()
    qtbot.keyClick(view.chart, Qt.Key.Key_Right)
    qtbot.keyClick(view.chart, Qt.Key.Key_Right)
    assert view.chart.at() == view.chart.dots()[1]
    assert view.chart.accessibleDescription() == view.chart.dots()[1].tip
    qtbot.keyClick(view.chart, Qt.Key.Key_Return)
    assert step.opened() == view.chart.dots()[1].key


def test_the_chart_goes_by_time_too_and_by_what_the_filters_leave(step: MethodStep) -> None:
    step.show_evidence()
    view = step.shelf.evidence
    assert view is not None
    by_memory = {dot.tip: dot.x for dot in view.chart.dots()}
    view.axis.button("time").click()
    assert {dot.tip: dot.x for dot in view.chart.dots()} != by_memory
    step.shelf.filters.family.set_key("prompt")
    step.shelf.filters.changed.emit()
    assert {methods()[dot.key].family for dot in view.chart.dots()} == {"prompt"}


def test_an_empty_chart_says_why_and_can_be_filled_again(step: MethodStep, qtbot: QtBot) -> None:
    step.show_evidence()
    view, filters, empty = step.shelf.evidence, step.shelf.filters, step.shelf.empty
    assert view is not None
    key = next(key for key in methods() if evidence.best(key) is None)
    filters.search.setText(methods()[key].name)
    assert set(step.shelf.rows.keys()).isdisjoint(one.method for one in evidence.points())
    assert empty.isVisible() and not view.isVisible()
    assert "None of these methods was measured" in texts(empty)
    assert empty.minimumSizeHint().height() <= empty.height()
    filters.search.setText("xyzzy")
    assert "No method is like that" in texts(empty)
    click(qtbot, empty.button)
    assert view.isVisible() and not empty.isVisible()
    assert len(view.chart.dots()) == len(evidence.points())


def test_the_notes_say_what_the_figures_can_tell_and_what_they_contradict(
    step: MethodStep, qtbot: QtBot
) -> None:
    step.show_evidence()
    settle(step.context, qtbot)
    view = step.shelf.evidence
    assert view is not None
    words = texts(view)
    assert (
        all(one in words for one in (evidence.SOURCE, *evidence.LIMITS))
        and contradiction() in words
    )
    assert "42%" in contradiction()
    assert view.chart.text_equivalent().startswith(f"{len(evidence.points())} measured runs")
