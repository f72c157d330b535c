"""Rows for tables: each cell says its text and how it looks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

Index = QModelIndex | QPersistentModelIndex
_USER = int(Qt.ItemDataRole.UserRole)
CELL_ROLE = _USER + 1
KEY_ROLE = _USER + 2
SECOND_LINE_ROLE = _USER + 3
ICON_ROLE = _USER + 4
COLOR_ROLE = _USER + 5
STRONG_ROLE = _USER + 6
MORE_ROLE = _USER + 7
LINE_ROLE = _USER + 8
SORT_ROLE = _USER + 9
MUTED_ROLE = _USER + 10


@dataclass(frozen=True)
class Cell:
    """What one cell shows.

    icon is a Phosphor name in the colour token `color`; `more` stands muted after the text;
    `line` draws the line of that chart series (1 to 8) before it; `check` draws a check box.
    """

    text: str = "–"
    second: str = ""
    icon: str = ""
    color: str = "text-muted"
    strong: bool = False
    muted: bool = False
    more: str = ""
    line: int = 0
    check: bool | None = None
    sort: float | str | None = None
    tip: str = ""


_ROLES = {
    int(Qt.ItemDataRole.DisplayRole): "text",
    int(Qt.ItemDataRole.ToolTipRole): "tip",
    SECOND_LINE_ROLE: "second",
    ICON_ROLE: "icon",
    COLOR_ROLE: "color",
    STRONG_ROLE: "strong",
    MUTED_ROLE: "muted",
    MORE_ROLE: "more",
    LINE_ROLE: "line",
}


class Rows(QAbstractTableModel):
    """Rows with a key each; `checked` tells a row's key and its new check mark."""

    checked = Signal(str, bool)

    def __init__(self, headers: Sequence[str]) -> None:
        super().__init__()
        self._headers = list(headers)
        self._keys: list[str] = []
        self._rows: list[list[Cell]] = []
        self._order: tuple[int, Qt.SortOrder] | None = None

    def set_rows(self, rows: Sequence[tuple[str, Sequence[Cell]]]) -> None:
        """Show these (key, cells) rows; the same keys in the same order keep the selection."""
        ordered = self._sorted([(key, list(cells)) for key, cells in rows])
        keys = [key for key, _ in ordered]
        if keys == self._keys and keys:
            self._rows = [cells for _, cells in ordered]
            last = self.index(len(keys) - 1, len(self._headers) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._keys, self._rows = keys, [cells for _, cells in ordered]
        self.endResetModel()

    def key(self, row: int) -> str:
        """Return the key of a row, "" outside."""
        return self._keys[row] if 0 <= row < len(self._keys) else ""

    def keys(self) -> list[str]:
        """Return all keys in the order shown."""
        return list(self._keys)

    def row_of(self, key: str) -> int:
        """Return where a key stands, -1 if it does not."""
        return self._keys.index(key) if key in self._keys else -1

    def cell(self, row: int, column: int) -> Cell:
        """Return one cell."""
        return self._rows[row][column]

    def set_check(self, row: int, column: int, checked: bool) -> None:
        """Check or uncheck a cell and tell."""
        self._rows[row][column] = replace(self._rows[row][column], check=checked)
        place = self.index(row, column)
        self.dataChanged.emit(place, place)
        self.checked.emit(self._keys[row], checked)

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many rows there are."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return how many columns there are."""
        return 0 if parent is not None and parent.isValid() else len(self._headers)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return the head of a column."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headers[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a role of a cell says."""
        if not index.isValid():
            return None
        cell = self._rows[index.row()][index.column()]
        name = _ROLES.get(int(role))
        if name is not None:
            return getattr(cell, name)
        if role == Qt.ItemDataRole.CheckStateRole and cell.check is not None:
            return Qt.CheckState.Checked if cell.check else Qt.CheckState.Unchecked
        if role == KEY_ROLE:
            return self._keys[index.row()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return " ".join(part for part in (cell.text, cell.second, cell.more) if part)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order the rows by a column: by `sort` of its cells, else by their text."""
        self._order = (column, order) if column >= 0 else None
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        old = [(self._keys[i.row()], i.column()) for i in before]
        ordered = self._sorted(list(zip(self._keys, self._rows, strict=True)))
        self._keys = [key for key, _ in ordered]
        self._rows = [cells for _, cells in ordered]
        after = [self.index(self.row_of(key), column) for key, column in old]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _sorted(self, rows: list[tuple[str, list[Cell]]]) -> list[tuple[str, list[Cell]]]:
        if self._order is None:
            return rows
        column, order = self._order
        known = [row for row in rows if _known(row[1][column])]
        missing = [row for row in rows if not _known(row[1][column])]
        down = order == Qt.SortOrder.DescendingOrder
        return sorted(known, key=lambda row: _rank(row[1][column]), reverse=down) + missing


def _known(cell: Cell) -> bool:
    return cell.sort is not None or cell.text not in ("", "–")


def _rank(cell: Cell) -> tuple[int, float, str]:
    if isinstance(cell.sort, (int, float)):
        return (0, float(cell.sort), "")
    return (1, 0.0, str(cell.sort if cell.sort is not None else cell.text).casefold())
