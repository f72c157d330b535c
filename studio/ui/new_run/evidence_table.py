"""What was measured of one method: a small table, one row a run."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from studio.methods.evidence import Point
from studio.ui.new_run.evidence_words import accuracy
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import clear, hairline
from studio.ui.words import duration, file_size, gigabytes, parameters
from studio.words import tr


class EvidenceTable(QWidget):
    """Settings at the left, figures at the right, the best run first."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(0, 1)

    def show_points(self, points: Sequence[Point]) -> None:
        """Show these runs."""
        clear(self._grid)
        heads = (tr("Settings"), tr("Right"), tr("Memory"), tr("Time"), tr("Trained"), tr("File"))
        self._add(0, heads, "small-medium")
        self._grid.addWidget(hairline(), 1, 0, 1, len(heads))
        ordered = sorted(points, key=lambda one: -one.accuracy)
        for place, one in enumerate(ordered, start=2):
            figures = (accuracy(one), gigabytes(one.memory), duration(one.seconds),
                       parameters(one.trainable), file_size(one.size))  # fmt: skip
            self._add(place, (one.knobs, *figures), "value")

    def _add(self, place: int, texts: Sequence[str], role: str) -> None:
        """Add a row: words at the left, numbers at the right."""
        for column, text in enumerate(texts):
            label = Label(text, role, wrap=column == 0)
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            label.setAlignment(side | Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(label, place, column)
