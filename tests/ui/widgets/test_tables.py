"""Tables keep what is selected, sort what is known, and say when they are empty."""

import pytest
from PySide6.QtCore import Qt

from studio.ui.theme import theme, themes
from studio.ui.widgets.states import ProblemState
from studio.ui.widgets.tablemodel import Cell, Rows
from studio.ui.widgets.tables import Table


@pytest.fixture
def table(qapp, qtbot):
    """Return a table of three runs."""
    themes().apply(qapp, "light")
    made = Table(Rows(["Run", "Loss"]), numbers=[1], sortable=True)
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.set_rows(rows(a=0.9, b=0.2, c=None))
    made.show()
    return made


def rows(**losses):
    """Return rows of name and loss."""
    return [
        (name, [Cell(name, check=False), Cell("–" if loss is None else str(loss), sort=loss)])
        for name, loss in losses.items()
    ]


def test_selection_survives_new_rows(table):
    table.choose("b")
    table.set_rows(rows(x=1.0, b=0.1))
    assert table.key() == "b"


def test_sorting_keeps_missing_last_both_ways(table):
    table.choose("a")
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert table.rows.keys() == ["b", "a", "c"]
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert table.rows.keys() == ["a", "b", "c"]
    assert table.key() == "a"


def test_keyboard_moves_opens_and_checks(table, qtbot):
    opened, checked = [], []
    table.opened.connect(opened.append)
    table.rows.checked.connect(lambda key, on: checked.append((key, on)))
    table.choose("a")
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert table.key() == "b"
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert opened == ["b"] and checked == [("b", True)]


def test_click_on_box_checks_without_selecting(table, qtbot):
    spot = table.visualRect(table.rows.index(2, 0)).topLeft()
    spot.setX(20)
    spot.setY(spot.y() + 18)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert table.rows.cell(2, 0).check is True
    assert table.key() == ""


def test_selected_row_differs_from_others(table):
    table.choose("b")
    image = table.viewport().grab().toImage()
    middle = [table.visualRect(table.rows.index(row, 0)).center().y() for row in range(2)]
    assert image.pixelColor(3, middle[1]) == theme().color("selection")
    assert image.pixelColor(3, middle[0]) != theme().color("selection")


def test_empty_text_comes_and_goes(table):
    empty = table.set_empty("list-bullets", "No runs yet")
    assert not empty.isVisible()
    table.set_rows([])
    assert empty.isVisible()
    problem = ProblemState("The folder cannot be read")
    table.show_overlay(problem)
    assert problem.isVisible() and not empty.isVisible()
    table.show_overlay(None)
    assert empty.isVisible()
    table.set_rows(rows(a=1.0))
    assert not empty.isVisible()


def test_rows_and_head_have_their_heights(table):
    assert table.rowHeight(0) == 36
    assert table.horizontalHeader().height() == 32
