"""The gallery and the flowing row: columns, places, keys, lines."""

import pytest
from PySide6.QtCore import QPoint, QSize, QStringListModel, Qt
from PySide6.QtWidgets import QLabel, QStyledItemDelegate
from pytestqt.qtbot import QtBot

from studio.ui.widgets.flow import FlowRow
from studio.ui.widgets.gallery import GAP, LEAST, Gallery
from studio.ui.widgets.tablemodel import KEY_ROLE


class Names(QStringListModel):
    """Names that are their own keys; the first one is chosen."""

    def data(self, index, role=Qt.ItemDataRole.DisplayRole):
        """Return name, key or check mark."""
        if role == KEY_ROLE:
            return super().data(index, Qt.ItemDataRole.DisplayRole)
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if index.row() == 0 else Qt.CheckState.Unchecked
        return super().data(index, role)


class Low(QStyledItemDelegate):
    """Cards of 40 px."""

    def sizeHint(self, option, index) -> QSize:
        """Return the height."""
        return QSize(1, 40)


@pytest.fixture
def gallery(qtbot: QtBot) -> Gallery:
    """Return a gallery of seven cards in three columns."""
    model = Names([f"card {number}" for number in range(7)])
    view = Gallery(model)
    model.setParent(view)
    view.setItemDelegate(Low(view))
    qtbot.addWidget(view)
    view.resize(3 * LEAST + 2 * GAP, 10)
    view.show()
    qtbot.waitExposed(view)
    view.fit()
    return view


def test_columns_fill_the_width_and_the_height_holds_all_rows(gallery: Gallery) -> None:
    assert gallery.columns == 3 and gallery.height() == 3 * 40 + 2 * GAP
    first, last = gallery.card_rect(0), gallery.card_rect(2)
    assert first.left() == 0 and last.right() == gallery.viewport().width() - 1
    assert gallery.card_rect(3).top() == first.bottom() + 1 + GAP
    gallery.resize(LEAST, gallery.height())
    assert gallery.columns == 1 and gallery.height() == 7 * 40 + 6 * GAP


def test_a_point_belongs_to_a_card_or_to_none(gallery: Gallery) -> None:
    inside = gallery.card_rect(4)
    assert gallery.indexAt(inside.center()).row() == 4
    assert not gallery.indexAt(inside.bottomRight() + QPoint(GAP // 2, GAP // 2)).isValid()


def test_arrows_move_by_cards_and_by_rows_and_stop_at_the_ends(
    gallery: Gallery, qtbot: QtBot
) -> None:
    gallery.go_to("card 0")
    for key, there in (
        (Qt.Key.Key_Left, "card 0"),
        (Qt.Key.Key_Right, "card 1"),
        (Qt.Key.Key_Down, "card 4"),
        (Qt.Key.Key_Down, "card 4"),
        (Qt.Key.Key_End, "card 6"),
        (Qt.Key.Key_Up, "card 3"),
        (Qt.Key.Key_Home, "card 0"),
    ):
        qtbot.keyClick(gallery, key)
        assert gallery.current_key() == there


def test_enter_chooses_and_opens_what_is_chosen_already(gallery: Gallery, qtbot: QtBot) -> None:
    gallery.go_to("card 2")
    with qtbot.waitSignal(gallery.chosen) as chosen:
        qtbot.keyClick(gallery, Qt.Key.Key_Return)
    assert chosen.args == ["card 2"]
    gallery.go_to("card 0")
    with qtbot.waitSignal(gallery.opened) as opened:
        qtbot.keyClick(gallery, Qt.Key.Key_Return)
    assert opened.args == ["card 0"]


def test_a_click_chooses(gallery: Gallery, qtbot: QtBot) -> None:
    with qtbot.waitSignal(gallery.chosen) as chosen:
        qtbot.mouseClick(
            gallery.viewport(), Qt.MouseButton.LeftButton, pos=gallery.card_rect(5).center()
        )
    assert chosen.args == ["card 5"]


def test_a_row_goes_on_in_the_next_line(qtbot: QtBot) -> None:
    labels = [QLabel("word") for _ in range(4)]
    row = FlowRow(*labels)
    qtbot.addWidget(row)
    wide = row.sizeHint().width()
    assert row.heightForWidth(wide) == labels[0].sizeHint().height()
    assert row.heightForWidth(wide // 2) == 2 * labels[0].sizeHint().height() + 8
    row.resize(wide // 2, 100)
    row.show()
    assert labels[2].y() > labels[0].y() and labels[2].x() == labels[0].x()
