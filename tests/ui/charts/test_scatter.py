"""The scatter: dots at their places and sizes, pointed at, opened, told in words."""

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from studio.ui.charts.scatter import Dot, Scatter

DOTS = (
    Dot("small", "Small", 20.0, 40.0, 1e6, "chart-1", "Small\n40%"),
    Dot("large", "Large", 30.0, 50.0, 1e9, "chart-2", "Large\n50%"),
    Dot("other", "Other", 25.0, 10.0, 1e7, "chart-3", "Other\n10%"),
)


@pytest.fixture
def scatter(qtbot: QtBot) -> Scatter:
    """Return a scatter of three dots."""
    made = Scatter("Accuracy")
    qtbot.addWidget(made)
    made.resize(600, 300)
    made.set_dots(DOTS, "Three dots.")
    made.show()
    qtbot.waitExposed(made)
    made.redraw()
    return made


def place(scatter: Scatter, key: str) -> QPoint:
    """Return where a dot stands."""
    return scatter.place_of(next(dot for dot in DOTS if dot.key == key)).toPoint()


def test_dots_go_from_left_to_right_and_from_below_to_above(scatter: Scatter) -> None:
    assert [dot.key for dot in scatter.dots()] == ["small", "other", "large"]
    assert place(scatter, "small").x() < place(scatter, "other").x() < place(scatter, "large").x()
    assert place(scatter, "large").y() < place(scatter, "small").y() < place(scatter, "other").y()


def test_heavier_dots_are_larger(scatter: Scatter) -> None:
    small, other, large = (scatter._dots.across(dot) for dot in scatter.dots())
    assert small < other < large


def test_the_pointer_names_a_dot_and_a_click_opens_it(scatter: Scatter, qtbot: QtBot) -> None:
    view = scatter._canvas.viewport()
    qtbot.mouseMove(view, place(scatter, "other"))
    at = scatter.at()
    assert at is not None and at.key == "other"
    with qtbot.waitSignal(scatter.opened) as opened:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place(scatter, "large"))
    assert opened.args == ["large"]
    qtbot.mouseMove(view, QPoint(300, 5))
    assert scatter.at() is None


def test_the_right_button_opens_no_dot(scatter: Scatter, qtbot: QtBot) -> None:
    opened: list[str] = []
    scatter.opened.connect(opened.append)
    view, there = scatter._canvas.viewport(), place(scatter, "large")
    qtbot.mouseClick(view, Qt.MouseButton.RightButton, pos=there)
    assert opened == []
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=there)
    assert opened == ["large"]


def test_away_from_the_dots_the_whole_chart_is_said(scatter: Scatter, qtbot: QtBot) -> None:
    view = scatter._canvas.viewport()
    qtbot.mouseMove(view, place(scatter, "other"))
    assert scatter.accessibleDescription() == "Other\n10%"
    qtbot.mouseMove(view, QPoint(300, 5))
    assert scatter.accessibleDescription() == "Three dots."
    scatter.set_dots(DOTS[:2], "Two dots.")
    assert scatter.accessibleDescription() == "Two dots."


def test_the_smaller_of_two_dots_that_overlap_is_the_one_pointed_at(scatter: Scatter) -> None:
    over = Dot("over", "Over", 30.0, 50.0, 1e6, "chart-4", "Over")
    scatter.set_dots([*DOTS, over], "")
    scatter.redraw()
    hit = scatter._dots.hit(scatter._dots.point(over))
    assert scatter.dots()[hit].key == "over"


def test_numbers_and_words_say_the_same(scatter: Scatter) -> None:
    assert scatter.text_equivalent() == "Three dots."
    assert scatter.csv_text().splitlines()[1] == "Small,20.0,40.0,1000000.0"


def test_no_dots_is_a_chart_too(scatter: Scatter, qtbot: QtBot) -> None:
    scatter.set_dots([], "No figures to show.")
    scatter.redraw()
    qtbot.keyClick(scatter, Qt.Key.Key_Right)
    assert scatter.at() is None and not scatter.grab().isNull()
