"""What a method was seen to do: a table of tasks by number format, with the reason for each no."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from studio.methods import capabilities
from studio.methods.capabilities import Cell
from studio.tasks.shelf import tasks
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import clear, hairline, hbox, holder
from studio.words import mark, tr

FORMATS = {"none": mark("16-bit"), "int8": mark("8-bit"), "nf4": mark("4-bit")}
_SIGNS = {
    "yes": ("check", "good", mark("Works")),
    "no": ("x", "bad", mark("Does not work")),
    "unknown": ("minus", "text-faint", mark("Not tried")),
}


@dataclass(frozen=True)
class SeenRow:
    """One task: yes, no or unknown by number format and for merging, and each no's reason."""

    task: str
    signs: tuple[str, ...]
    reasons: tuple[str, ...]


def seen_rows(method: str) -> list[SeenRow]:
    """Return what was seen of a method, one row for each task that there is."""
    return [_row(method, name, task.title) for name, task in tasks().items()]


def _row(method: str, task: str, title: str) -> SeenRow:
    """Return what was seen of a method on one task."""
    found = {bits: capabilities.cells(method, task, bits) for bits in FORMATS}
    signs = [_sign(cells) for cells in found.values()]
    tried = any(found.values())
    merges = "yes" if capabilities.merges(method, task) else "no"
    return SeenRow(tr(title), (*signs, merges if tried else "unknown"), _reasons(found))


def _sign(cells: dict[str, Cell]) -> str:
    """Say whether it works with any kind of model that was tried."""
    if not cells:
        return "unknown"
    return "yes" if any(cell.trains for cell in cells.values()) else "no"


def _reasons(found: dict[str, dict[str, Cell]]) -> tuple[str, ...]:
    """Return each reason once, with the formats or the kinds of model that it is true of."""
    wholly: dict[str, list[str]] = {}
    partly: dict[str, list[str]] = {}
    for bits, cells in found.items():
        refused = {family: cell.reason for family, cell in cells.items() if cell.reason}
        for family, reason in refused.items():
            if len(refused) < len(cells):
                partly.setdefault(reason, []).append(family)
            else:
                wholly.setdefault(reason, []).append(tr(FORMATS[bits]))
    lines = [_line(reason, names) for reason, names in wholly.items()]
    return tuple(lines + [_line(reason, names) for reason, names in partly.items()])


def _line(reason: str, names: list[str]) -> str:
    """Return a reason with what it is true of."""
    return tr("{names}: {reason}", names=", ".join(dict.fromkeys(names)), reason=tr(reason))


class SeenTable(QWidget):
    """The table: a tick or a cross with its word for screen readers, reasons at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(5, 1)

    def show_rows(self, rows: list[SeenRow]) -> None:
        """Show these tasks."""
        clear(self._grid)
        heads = [tr("Task"), *(tr(name) for name in FORMATS.values()), tr("Merges"), ""]
        for column, head in enumerate(heads):
            self._grid.addWidget(Label(head, "small-medium"), 0, column, _side(column))
        self._grid.addWidget(hairline(), 1, 0, 1, len(heads))
        for place, row in enumerate(rows):
            self._add(place + 2, row)

    def _add(self, place: int, row: SeenRow) -> None:
        """Add one task."""
        self._grid.addWidget(Label(row.task, "value"), place, 0, Qt.AlignmentFlag.AlignTop)
        for column, sign in enumerate(row.signs, start=1):
            name, color, words = _SIGNS[sign]
            mark_ = IconLabel(name, color, tip=tr(words))
            self._grid.addWidget(holder(hbox(mark_)), place, column, _side(column))
        reasons = Label("\n".join(row.reasons), "small", wrap=True)
        self._grid.addWidget(reasons, place, 5)


def _side(column: int) -> Qt.AlignmentFlag:
    """Return how a column's cells stand: words at the left, signs in the middle."""
    across = Qt.AlignmentFlag.AlignHCenter if 0 < column < 5 else Qt.AlignmentFlag.AlignLeft
    return across | Qt.AlignmentFlag.AlignTop
