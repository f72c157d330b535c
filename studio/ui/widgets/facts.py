"""Names and values in two columns, as in side panels."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from studio.ui.theme import theme
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear

Fact = tuple[str, str] | tuple[str, str, str]


class Swatch(QWidget):
    """A small square in a token's colour, for legends."""

    def __init__(self, color: str) -> None:
        super().__init__()
        self._color = color
        self.setFixedSize(10, 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the square."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color(self._color))
        painter.drawRoundedRect(self.rect(), 2, 2)


class FactRows(QWidget):
    """Rows of (name, value) or, as a legend, (name, value, colour token)."""

    def __init__(self, rows: Sequence[Fact] = (), strong: bool = False) -> None:
        super().__init__()
        self._strong = strong
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(2, 1)
        self._values: list[Label] = []
        self._rows: list[Fact] = []
        self.set_rows(rows)

    def set_rows(self, rows: Sequence[Fact]) -> None:
        """Show these rows; when only values differ, the widgets stay."""
        same = [row[0::2] for row in rows] == [row[0::2] for row in self._rows]
        self._rows = list(rows)
        if same and self._values:
            for label, row in zip(self._values, rows, strict=True):
                label.setText(row[1])
            return
        clear(self._grid)
        self._values = [self._add(place, row) for place, row in enumerate(rows)]

    def values(self) -> dict[str, str]:
        """Return what is shown."""
        return {row[0]: row[1] for row in self._rows}

    def _add(self, place: int, row: Fact) -> Label:
        name, value = row[0], row[1]
        if len(row) == 3:
            self._grid.addWidget(Swatch(row[2]), place, 0, Qt.AlignmentFlag.AlignVCenter)
        column = 1 if len(row) == 3 else 0
        self._grid.addWidget(Label(name, "small"), place, column, 1, 2 - column)
        label = Label(value, "value-strong" if self._strong else "value", wrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(label, place, 2)
        return label
