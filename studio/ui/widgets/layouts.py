"""Short ways to lay widgets out on the 8-px grid."""

from typing import TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

Box = TypeVar("Box", bound=QBoxLayout)
Item = QWidget | QLayout | int | None
Margins = int | tuple[int, int, int, int]


def _fill(box: Box, items: tuple[Item, ...], gap: int, margins: Margins) -> Box:
    box.setSpacing(gap)
    sides = (margins,) * 4 if isinstance(margins, int) else margins
    box.setContentsMargins(*sides)
    for item in items:
        add(box, item)
    return box


def add(box: QBoxLayout, item: Item, stretch: int = 0) -> None:
    """Add a widget, a layout, a distance in px, or None for a stretch."""
    if item is None:
        box.addStretch(1)
    elif isinstance(item, int):
        box.addSpacing(item)
    elif isinstance(item, QLayout):
        box.addLayout(item, stretch)
    else:
        box.addWidget(item, stretch)


def vbox(
    *items: Item, gap: int = 8, margins: Margins = 0, into: QWidget | None = None
) -> QVBoxLayout:
    """Return a column; an int among the items is a distance, None a stretch."""
    return _fill(QVBoxLayout(into) if into else QVBoxLayout(), items, gap, margins)


def hbox(
    *items: Item, gap: int = 8, margins: Margins = 0, into: QWidget | None = None
) -> QHBoxLayout:
    """Return a row; an int among the items is a distance, None a stretch."""
    return _fill(QHBoxLayout(into) if into else QHBoxLayout(), items, gap, margins)


def holder(layout: QLayout) -> QWidget:
    """Return a widget without looks around a layout."""
    widget = QWidget()
    widget.setLayout(layout)
    return widget


def hairline(vertical: bool = False) -> QFrame:
    """Return a line 1 px thick that separates two things."""
    line = QFrame()
    line.setProperty("part", "line")
    if vertical:
        line.setFixedWidth(1)
        line.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
    else:
        line.setFixedHeight(1)
        line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return line


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        elif inner is not None:
            clear(inner)


class FlowGrid(QWidget):
    """Cards in as many equal columns as fit when none is narrower than `least` px."""

    def __init__(self, least: int = 208, gap: int = 12, most: int = 0) -> None:
        super().__init__()
        self._least, self._gap, self._most = least, gap, most
        self._cards: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(gap)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)

    def cards(self) -> list[QWidget]:
        """Return the cards in order."""
        return list(self._cards)

    def columns(self) -> int:
        """Return how many columns there are at this width."""
        return self._columns

    def set_cards(self, cards: list[QWidget]) -> None:
        """Show these cards; those no longer among them are deleted."""
        for old in self._cards:
            if old not in cards:
                self._grid.removeWidget(old)
                old.hide()
                old.deleteLater()
        self._cards = list(cards)
        self._columns = 0
        self._reflow()

    def show_only(self, wanted: set[int]) -> None:
        """Show only the cards at these positions, closed up."""
        for place, card in enumerate(self._cards):
            card.setVisible(place in wanted)
        self._columns = 0
        self._reflow()

    def minimumSizeHint(self) -> QSize:
        """Return the size of one column."""
        return QSize(self._least, self._grid.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give each card its new place."""
        super().resizeEvent(event)
        self._reflow()

    def _reflow(self) -> None:
        columns = max(1, (self.width() + self._gap) // (self._least + self._gap))
        columns = min(columns, self._most) if self._most else columns
        if columns == self._columns:
            return
        shown = [card for card in self._cards if not card.isHidden() or card.parent() is None]
        for place, card in enumerate(shown):
            self._grid.addWidget(card, place // columns, place % columns)
        for column in range(max(columns, self._columns, self._grid.columnCount())):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._columns = columns
