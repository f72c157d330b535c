"""Tables that all look and behave alike."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from studio.ui.theme import theme
from studio.ui.widgets.cells import CellDelegate
from studio.ui.widgets.states import EmptyState
from studio.ui.widgets.tablehead import HEADER, TableHeader
from studio.ui.widgets.tablemodel import Cell, Rows

_TAB_REASONS = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class Table(QTableView):
    """A table of rows; `opened` tells the key of a row on double click or Enter."""

    opened = Signal(str)
    chosen = Signal(str)
    head_checked = Signal(bool)

    def __init__(
        self,
        model: Rows,
        stretch: int | Sequence[int] = 0,
        numbers: Sequence[int] = (),
        two_lines: bool = False,
        widths: Mapping[int, int] | None = None,
        sortable: bool = False,
        framed: bool = True,
    ) -> None:
        """Build a table: `stretch` columns share the room, `numbers` stand at the right."""
        super().__init__()
        self.rows = model
        self.numbers = frozenset(numbers)
        self._overlay: QWidget | None = None
        self._empty: EmptyState | None = None
        self._cells = CellDelegate(self, self.numbers)
        self.setProperty("framed", framed)
        self._head = TableHeader(self, self.numbers)
        self.setHorizontalHeader(self._head)
        self.setModel(model)
        self.setItemDelegate(self._cells)
        self._configure(two_lines)
        self._size_columns([stretch] if isinstance(stretch, int) else stretch, widths or {})
        self._set_sortable(sortable)
        self.doubleClicked.connect(self._on_double_clicked)
        model.modelReset.connect(self._refresh_overlay)

    def _configure(self, two_lines: bool) -> None:
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setAlternatingRowColors(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        height = theme().height("row-two" if two_lines else "row")
        down = self.verticalHeader()
        down.hide()
        down.setMinimumSectionSize(height)
        down.setDefaultSectionSize(height)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _size_columns(self, stretch: Sequence[int], widths: Mapping[int, int]) -> None:
        header = self.horizontalHeader()
        for column in range(self.rows.columnCount()):
            if column in stretch:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
            elif column in widths:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
                header.resizeSection(column, widths[column])
            else:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def _set_sortable(self, sortable: bool) -> None:
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(sortable)
        header.setSortIndicatorShown(sortable)
        header.sectionClicked.connect(self._on_section_clicked)

    def set_multi(self) -> None:
        """Let several rows be selected."""
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)

    def fit_height(self, most: int = 0) -> None:
        """Make the table as high as its rows, at most `most` of them."""
        count = self.rows.rowCount()
        count = min(count, most) if most else count
        row = self.verticalHeader().defaultSectionSize()
        self.setFixedHeight(HEADER + max(1, count) * row + 2)

    def key(self) -> str:
        """Return the key of the selected row, "" when none is."""
        rows = self.selectionModel().selectedRows()
        return self.rows.key(rows[0].row()) if rows else ""

    def keys(self) -> list[str]:
        """Return the keys of all selected rows."""
        return [self.rows.key(index.row()) for index in self.selectionModel().selectedRows()]

    def choose(self, key: str) -> None:
        """Select a row; an unknown key selects none."""
        row = self.rows.row_of(key)
        if row < 0:
            self.clearSelection()
        else:
            self.selectRow(row)

    def set_rows(self, rows: Sequence[tuple[str, Sequence[Cell]]]) -> None:
        """Show (key, cells) rows and keep the selected row if it is still there."""
        before = self.key()
        self.rows.set_rows(rows)
        if before and not self.key():
            self.choose(before)

    def set_head_check(self, state: Qt.CheckState | None) -> None:
        """Show a check box at the head of the first column; `head_checked` tells clicks."""
        self._head.check = state
        self._head.viewport().update()

    def set_empty(self, icon: str, title: str, text: str = "", action: str = "") -> EmptyState:
        """Say what will appear here while there are no rows; return it for its `acted`."""
        self._empty = EmptyState(icon, title, text, action)
        self._refresh_overlay()
        return self._empty

    def show_overlay(self, state: QWidget | None) -> None:
        """Cover the rows with a busy or problem state; None shows the rows again."""
        if self._overlay is not None and self._overlay is not self._empty:
            self._overlay.deleteLater()
        elif self._overlay is not None:
            self._overlay.hide()
        self._overlay = state
        if state is None:
            self._refresh_overlay()
        else:
            self._lay(state)

    def _refresh_overlay(self) -> None:
        if self._empty is None or self._overlay not in (None, self._empty):
            return
        empty = self.rows.rowCount() == 0
        self._overlay = self._empty if empty else None
        if empty:
            self._lay(self._empty)
        else:
            self._empty.hide()

    def _lay(self, state: QWidget) -> None:
        state.setParent(self.viewport())
        state.setGeometry(self.viewport().rect())
        state.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the overlay as large as the rows."""
        super().resizeEvent(event)
        if self._overlay is not None:
            self._overlay.setGeometry(self.viewport().rect())

    def selectionChanged(self, selected: object, deselected: object) -> None:
        """Tell the key of the row that is selected now."""
        super().selectionChanged(selected, deselected)  # type: ignore[arg-type]
        self.viewport().update()
        if key := self.key():
            self.chosen.emit(key)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Ring the current row when the keyboard brought the focus."""
        super().focusInEvent(event)
        self._ring(event.reason() in _TAB_REASONS)
        if self.property("ringed") and not self.currentIndex().isValid():
            self.selectionModel().setCurrentIndex(
                self.rows.index(0, 0), self.selectionModel().SelectionFlag.NoUpdate
            )

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away."""
        super().focusOutEvent(event)
        self._ring(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open on Enter, check on Space; other keys move and show where one is."""
        self._ring(True)
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self.opened.emit(self.rows.key(index.row()))
        elif event.key() == Qt.Key.Key_Space and self._check_column() >= 0 and index.isValid():
            self._toggle(index.row(), self._check_column())
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Check when a check box was hit, else select."""
        self._ring(False)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self._cells.toggles(index, self.visualRect(index), event):
            self._toggle(index.row(), index.column())
            return
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Follow the pointer from row to row."""
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._hover(self.indexAt(event.position().toPoint()).row())
        elif event.type() == QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, row: int) -> None:
        if row != self._cells.hovered:
            self._cells.hovered = row
            self.viewport().update()

    def _ring(self, ringed: bool) -> None:
        if bool(self.property("ringed")) != ringed:
            self.setProperty("ringed", ringed)
            self.viewport().update()

    def _check_column(self) -> int:
        if not self.rows.rowCount():
            return -1
        cells = [self.rows.cell(0, column) for column in range(self.rows.columnCount())]
        return next((place for place, cell in enumerate(cells) if cell.check is not None), -1)

    def _toggle(self, row: int, column: int) -> None:
        self.rows.set_check(row, column, not self.rows.cell(row, column).check)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(self.rows.key(index.row()))

    def _on_section_clicked(self, column: int) -> None:
        if column == 0 and self._head.check is not None:
            self.head_checked.emit(self._head.check != Qt.CheckState.Checked)
