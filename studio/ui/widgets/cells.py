"""How the cells of every table are drawn."""

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView

from studio.ui.icons import paint_icon
from studio.ui.theme import theme
from studio.ui.widgets import tablemodel as roles
from studio.ui.widgets.checkbox import BOX, paint_box

PAD = 8  # px left and right of a cell; 16 at the edges of the table
EDGE = 16
LINE_STYLES = (
    Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine,
)  # fmt: skip


def line_pen(series: int, width: float = 2.0) -> QPen:
    """Return the pen of a chart series, 1 to 8: a colour and a line style each."""
    place = (series - 1) % 8
    pen = QPen(theme().color(f"chart-{place + 1}"), width)
    pen.setStyle(LINE_STYLES[place % 4])
    if pen.style() != Qt.PenStyle.SolidLine:
        pen.setDashPattern({1: [2.5, 1.2], 2: [1.0, 1.2], 3: [3.0, 1.2, 1.0, 1.2]}[place % 4])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def sides(column: int, last: int) -> tuple[int, int]:
    """Return the distances at the left and right of a cell's content."""
    return (EDGE if column == 0 else PAD, EDGE if column == last else PAD)


class CellDelegate(QStyledItemDelegate):
    """Draws ground, check box, line sample, icon, text, second line and muted addition."""

    def __init__(self, table: QTableView, numbers: frozenset[int]) -> None:
        super().__init__(table)
        self._table, self._numbers = table, numbers
        self.hovered = -1

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw one cell."""
        painter.save()
        painter.setClipRect(option.rect)
        self._paint_ground(painter, option.rect, index)
        left, right = sides(index.column(), self._last())
        rect = option.rect.adjusted(left, 0, -right, -1)
        rect = self._paint_marks(painter, rect, index)
        self._paint_words(painter, rect, index)
        painter.restore()

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the width that shows the cell whole."""
        left, right = sides(index.column(), self._last())
        width = left + right + self._marks_width(index) + self._words_width(index)
        return QSize(width + 2, self._table.verticalHeader().defaultSectionSize())

    def _last(self) -> int:
        header = self._table.horizontalHeader()
        return header.logicalIndex(header.count() - 1)

    def _paint_ground(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        now = theme()
        chosen = self._table.selectionModel().isRowSelected(index.row(), QModelIndex())
        check = index.sibling(index.row(), 0).data(Qt.ItemDataRole.CheckStateRole)
        chosen = chosen or (check is not None and Qt.CheckState(check) == Qt.CheckState.Checked)
        if chosen or index.row() == self.hovered:
            painter.fillRect(rect, now.color("selection" if chosen else "hover"))
        if index.row() < index.model().rowCount() - 1:
            bottom = QRect(rect.left(), rect.bottom(), rect.width(), 1)
            painter.fillRect(bottom, now.color("border"))
        if index.row() == self._table.currentIndex().row() and self._table.property("ringed"):
            self._paint_ring(painter, rect, index.column())

    def _paint_ring(self, painter: QPainter, rect: QRect, column: int) -> None:
        color, width = theme().color("focus"), theme().width("focus")
        painter.fillRect(QRect(rect.left(), rect.top(), rect.width(), width), color)
        painter.fillRect(QRect(rect.left(), rect.bottom() - width + 1, rect.width(), width), color)
        if column == 0:
            painter.fillRect(QRect(rect.left(), rect.top(), width, rect.height()), color)
        if column == self._last():
            painter.fillRect(
                QRect(rect.right() - width + 1, rect.top(), width, rect.height()), color
            )

    def _marks_width(self, index: QModelIndex | QPersistentModelIndex) -> int:
        width = 0
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:
            width += BOX + EDGE
        if index.data(roles.LINE_ROLE):
            width += 16 + PAD
        if index.data(roles.ICON_ROLE):
            width += 16 + 6
        return width

    def _paint_marks(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> QRect:
        left, middle = rect.left(), rect.top() + rect.height() / 2
        state = index.data(Qt.ItemDataRole.CheckStateRole)
        if state is not None:
            box = QRectF(left, round(middle - BOX / 2), BOX, BOX)
            paint_box(painter, box, Qt.CheckState(state))
            left += BOX + EDGE
        if series := index.data(roles.LINE_ROLE):
            painter.setPen(line_pen(int(series)))
            painter.drawLine(QPoint(left, round(middle)), QPoint(left + 16, round(middle)))
            left += 16 + PAD
        if name := index.data(roles.ICON_ROLE):
            color = index.data(roles.COLOR_ROLE) or "text-muted"
            paint_icon(painter, QRectF(left, round(middle - 8), 16, 16), name, color)
            left += 16 + 6
        return QRect(left, rect.top(), rect.right() - left + 1, rect.height())

    def _fonts(self, index: QModelIndex | QPersistentModelIndex) -> tuple[str, str]:
        return ("body", "medium" if index.data(roles.STRONG_ROLE) else "regular")

    def _words_width(self, index: QModelIndex | QPersistentModelIndex) -> int:
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        width = QFontMetrics(theme().font(*self._fonts(index))).horizontalAdvance(text)
        small = QFontMetrics(theme().font("small"))
        if more := index.data(roles.MORE_ROLE):
            width += 6 + small.horizontalAdvance(more)
        if second := index.data(roles.SECOND_LINE_ROLE):
            width = max(width, small.horizontalAdvance(second))
        return width

    def _paint_words(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        second = index.data(roles.SECOND_LINE_ROLE)
        first = QRect(rect.left(), rect.top(), rect.width(), rect.height())
        if second:
            first.setHeight(18)
            first.moveTop(rect.top() + rect.height() // 2 - 17)
            below = QRect(rect.left(), first.bottom() + 1, rect.width(), 16)
            self._draw(painter, below, str(second), "small", "regular", "text-muted", False)
        number = index.column() in self._numbers
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        size, weight = self._fonts(index)
        color = "text-muted" if index.data(roles.MUTED_ROLE) else "text"
        used = self._draw(painter, first, text, size, weight, color, number)
        more = index.data(roles.MORE_ROLE)
        if more and not number:
            rest = first.adjusted(used + 6, 0, 0, 0)
            self._draw(painter, rest, str(more), "small", "regular", "text-muted", False)

    def _draw(
        self, painter: QPainter, rect: QRect, text: str, size: str, weight: str, color: str,
        number: bool,
    ) -> int:  # fmt: skip
        font = theme().font(size, weight)
        painter.setFont(font)
        painter.setPen(theme().color(color))
        metrics = QFontMetrics(font)
        cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
        painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), cut)
        return metrics.horizontalAdvance(cut)

    def toggles(self, index: QModelIndex, rect: QRect, event: QEvent) -> bool:
        """Tell whether a mouse event falls on the check box of a cell."""
        if not isinstance(event, QMouseEvent) or index.data(Qt.ItemDataRole.CheckStateRole) is None:
            return False
        left, _ = sides(index.column(), self._last())
        return rect.left() <= event.position().x() <= rect.left() + left + BOX + PAD
