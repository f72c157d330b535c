"""Buttons, cards, bars, steps, toasts, dialogs and pages do what they say."""

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from studio.ui.focus import follow_focus
from studio.ui.theme import theme, themes
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.bars import MemoryBar, NeedBar, ProgressBar, verdict
from studio.ui.widgets.buttons import Button, IconButton
from studio.ui.widgets.cards import ChoiceCard
from studio.ui.widgets.checks import Check, CheckList, kind_mark
from studio.ui.widgets.dialogs import ask
from studio.ui.widgets.facts import FactRows
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import FlowGrid, hbox, holder, vbox
from studio.ui.widgets.page import Page
from studio.ui.widgets.rail import Rail
from studio.ui.widgets.states import StateStack
from studio.ui.widgets.stepper import Stepper
from studio.ui.widgets.strips import MachineStrip, RunStrip
from studio.ui.widgets.toast import Toaster
from studio.words import use_language


@pytest.fixture(autouse=True)
def light(qapp):
    """Draw in light."""
    themes().apply(qapp, "light")


def test_busy_button_keeps_width_and_takes_no_clicks(qtbot):
    button = Button("Start", "primary")
    qtbot.addWidget(button)
    button.show()
    clicks = []
    button.clicked.connect(lambda: clicks.append(1))
    width = button.width()
    button.set_busy(True)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.keyClick(button, Qt.Key.Key_Space)
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert clicks == [] and button.width() == width
    button.set_busy(False)
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert clicks == [1]


def test_buttons_have_heights_and_names(qtbot):
    assert Button("Go").height() == 32
    assert Button("Go", compact=True).height() == 28
    assert IconButton("x", "Close").accessibleName() == "Close"


def test_primary_button_is_filled(qtbot):
    button = Button("Start", "primary")
    qtbot.addWidget(button)
    button.resize(80, 32)
    assert button.grab().toImage().pixelColor(5, 16) == theme().color("accent-fill")


def test_names_from_files_are_no_markup(qtbot):
    label = Label("<b>bold</b>.txt")
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_cut_label_tells_the_whole(qtbot):
    label = Label("a very long name of a model that does not fit", elide=True)
    qtbot.addWidget(label)
    label.resize(60, 20)
    label.grab()
    assert label.toolTip() == label.text()


def test_card_is_chosen_by_keyboard_and_arrows_move(qtbot):
    first, second = ChoiceCard(), ChoiceCard()
    both = holder(hbox(first, second))
    qtbot.addWidget(both)
    both.show()
    first.setFocus()
    qtbot.waitUntil(first.hasFocus)
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert second.hasFocus()
    with qtbot.waitSignal(second.clicked):
        qtbot.keyClick(second, Qt.Key.Key_Space)


@pytest.mark.parametrize(
    ("need", "word"), [(19.2, "fits"), (19.3, "tight"), (23.2, "tight"), (23.4, "too-large")]
)
def test_verdict(need, word):
    assert verdict(need, 24) == word


def test_memory_bar_draws_parts_in_their_colours(qtbot):
    bar = MemoryBar()
    qtbot.addWidget(bar)
    bar.resize(240, 16)
    bar.set_parts([("weights", 12), ("other", 6)], 24)
    image = bar.grab().toImage()
    assert image.pixelColor(60, 8) == theme().color("chart-1")
    assert image.pixelColor(150, 8) == theme().color("chart-8")
    assert image.pixelColor(200, 8) == theme().color("track")
    assert image.pixelColor(238, 1) == theme().color("chart-limit")


def test_need_beyond_the_card_is_slate_and_runs_past_the_mark(qtbot):
    bar = NeedBar(room=4 / 3)
    qtbot.addWidget(bar)
    bar.resize(200, 14)
    bar.set_value(122, 24)
    image = bar.grab().toImage()
    assert image.pixelColor(190, 7) == theme().color("chart-8")
    assert image.pixelColor(150, 7) == theme().color("chart-limit")


def test_progress_of_unknown_length_stands_still_when_asked(qtbot):
    theme().still = True
    bar = ProgressBar()
    qtbot.addWidget(bar)
    bar.resize(200, 6)
    bar.set_share(None)
    bar.show()
    before = bar.grab().toImage()
    qtbot.wait(60)
    assert bar.grab().toImage() == before
    theme().still = False


def test_only_done_and_problem_steps_can_be_clicked(qtbot):
    stepper = Stepper([("a", "Model"), ("b", "Data"), ("c", "Task")])
    qtbot.addWidget(stepper)
    stepper.set_states({"a": "done", "b": "now", "c": "later"})
    told = []
    stepper.clicked.connect(told.append)
    for key in "abc":
        stepper._steps[key].click()
    assert told == ["a"]
    stepper.set_steps([("a", "Model"), ("c", "Task")])
    assert stepper.states() == {"a": "done", "c": "later"}


def test_banner_and_checks_act(qtbot):
    banner = Banner("bad", "No weights.", action="Choose another")
    qtbot.addWidget(banner)
    with qtbot.waitSignal(banner.acted):
        banner._link.click()
    checks = CheckList([Check("good", "Fine"), Check("bad", "Broken", action="Repair", key="k")])
    qtbot.addWidget(checks)
    first = checks.layout().itemAt(0).widget()
    assert any(label.text() == "Broken" for label in first.findChildren(Label))


def test_facts_keep_their_widgets_when_values_change(qtbot):
    facts = FactRows([("Loss", "1.0")])
    qtbot.addWidget(facts)
    before = facts._values[0]
    facts.set_rows([("Loss", "0.9")])
    assert facts._values[0] is before and before.text() == "0.9"
    facts.set_rows([("Loss", "0.9"), ("Step", "3")])
    assert facts.values() == {"Loss": "0.9", "Step": "3"}


def test_toasts_leave_and_errors_stay(qtbot, monkeypatch):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(600, 400)
    window.show()
    monkeypatch.setattr(type(theme()), "motion", lambda self, name: 30 if name == "toast" else 0)
    toaster = Toaster(window)
    toaster.show("Saved.")
    kept = toaster.show("The disk is full.", "bad")
    qtbot.waitUntil(lambda: toaster.toasts() == [kept])
    assert kept.geometry().right() < window.width()
    kept.close_button.click()
    assert toaster.toasts() == []


def test_question_can_be_escaped_and_answered(qtbot):
    def press(key):
        dialog = QApplication.activeModalWidget()
        if key is None:
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        else:
            dialog.buttons[key].click()

    answers = [("no", "Go on", "default"), ("yes", "Delete", "danger-fill")]
    for key, result in ((None, ""), ("yes", "yes")):
        QTimer.singleShot(20, lambda key=key: press(key))
        assert ask(None, "Delete?", "This cannot be undone.", answers) == result


def test_state_stack_shows_one_state(qtbot):
    stack = StateStack(Label("content"))
    qtbot.addWidget(stack)
    stack.show_busy("Reading rows", can_cancel=True)
    told = []
    stack.acted.connect(told.append)
    stack.currentWidget().button.click()
    stack.show_empty("list-bullets", "No runs yet", action="Run the sample")
    stack.currentWidget().button.click()
    assert told == ["busy", "empty"] and stack.state() == "empty"
    stack.show_problem("File has no rows")
    assert stack.state() == "problem"
    stack.show_ready()
    assert stack.state() == "ready"


def test_grid_adds_columns(qtbot):
    grid = FlowGrid(least=200, gap=12)
    qtbot.addWidget(grid)
    grid.set_cards([ChoiceCard() for _ in range(5)])
    grid.resize(650, 300)
    grid.show()
    assert grid.columns() == 3
    grid.resize(420, 300)
    assert grid.columns() == 2
    grid.show_only({1, 3})
    assert [card.isVisible() for card in grid.cards()] == [False, True, False, True, False]


def test_rail_chooses_counts_and_narrows(qtbot):
    rail = Rail([("home", "Home", "house"), ("runs", "Runs", "list-bullets")])
    qtbot.addWidget(rail)
    rail.show()
    rail.add_strip(MachineStrip())
    told = []
    rail.chosen.connect(told.append)
    rail.set_current("home")
    rail.item("runs").click()
    assert told == ["runs"] and rail.current() == "runs"
    rail.set_narrow(True)
    assert rail.width() == 56 and rail.item("home").toolTip() == "Home"


def test_run_strip_is_one_click_from_its_page(qtbot):
    strip = RunStrip()
    qtbot.addWidget(strip)
    strip.set_run("support-tone", "58%", 0.58, "Training", "54 min left")
    with qtbot.waitSignal(strip.clicked):
        qtbot.mouseClick(strip, Qt.MouseButton.LeftButton)
    assert "54 min left" in strip.toolTip()


def test_marks_of_checks_are_said_in_the_language_in_use(qtbot):
    checks = CheckList([Check("good", "Fits."), Check("bad", "Does not.")])
    qtbot.addWidget(checks)
    assert {mark.accessibleName() for mark in checks.findChildren(IconLabel)} == {"Good", "Problem"}
    use_language("zh_CN")
    try:
        assert kind_mark("warn").accessibleName() == "警告"
    finally:
        use_language("en")


def test_side_panel_becomes_a_drawer(qtbot):
    theme().still = True
    page = Page("Choose a base model")
    qtbot.addWidget(page)
    side = page.set_side(Label("panel"))
    page.resize(1280, 700)
    page.show()
    assert side.isVisible() and not page.is_drawer()
    page.resize(1000, 700)
    assert page.is_drawer() and not side.isVisible()
    page.open_side()
    assert side.isVisible() and side.geometry().right() == page.width() - 1
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert not side.isVisible()
    page.resize(1280, 700)
    assert side.isVisible()
    theme().still = False


def test_ring_follows_the_keyboard_not_the_mouse(qapp, qtbot):
    follower = follow_focus(qapp)
    first, second, field = Button("One"), Button("Two"), QLineEdit()
    window = holder(vbox(first, second, field))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    first.setFocus()
    qtbot.waitUntil(first.hasFocus)
    assert follower.ringed() is None
    qtbot.keyClick(first, Qt.Key.Key_Tab)
    assert follower.ringed() is second
    qtbot.keyClick(second, Qt.Key.Key_Tab)
    assert field.hasFocus() and follower.ringed() is None
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    assert follower.ringed() is None
    follower.deleteLater()
