"""The heads of table columns."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QHeaderView, QTableView

from studio.ui.icons import paint_icon
from studio.ui.theme import theme
from studio.ui.widgets.cells import EDGE, sides
from studio.ui.widgets.checkbox import BOX, paint_box

HEADER = 32


class TableHeader(QHeaderView):
    """Column heads: muted, with a sort mark only on the sorted column."""

    def __init__(self, table: QTableView, numbers: frozenset[int]) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._numbers = numbers
        self.check: Qt.CheckState | None = None  # a box at the head of the first column
        self.setFixedHeight(HEADER)
        self.setMinimumSectionSize(32)
        self.setHighlightSections(False)
        self.setStretchLastSection(False)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        """Draw one head."""
        now, column = theme(), section
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), now.color("border"))
        left, right = sides(column, self.count() - 1)
        room = rect.adjusted(left, 0, -right, -1)
        if self.check is not None and column == 0:
            box = QRectF(room.left(), room.center().y() - BOX // 2 + 1, BOX, BOX)
            paint_box(painter, box, self.check)
            room.setLeft(room.left() + BOX + EDGE)
        text = str(self.model().headerData(column, Qt.Orientation.Horizontal) or "")
        self._paint_text(painter, room, text, column)

    def _paint_text(self, painter: QPainter, room: QRect, text: str, column: int) -> None:
        font = theme().font("small", "medium")
        painter.setFont(font)
        painter.setPen(theme().color("text-muted"))
        metrics = QFontMetrics(font)
        marked = self.isSortIndicatorShown() and self.sortIndicatorSection() == column
        mark = 16 if marked else 0
        cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width() - mark)
        number = column in self._numbers
        side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
        words = room.adjusted(0, 0, -mark if number else 0, 0)
        painter.drawText(words, int(side | Qt.AlignmentFlag.AlignVCenter), cut)
        if marked:
            up = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
            end = room.right() - 11 if number else room.left() + metrics.horizontalAdvance(cut) + 4
            spot = QRectF(end, room.center().y() - 5, 12, 12)
            paint_icon(painter, spot, "caret-up" if up else "caret-down", "text-muted")

    def sectionSizeFromContents(self, section: int) -> QSize:
        """Return room for the head and its sort mark."""
        hint = super().sectionSizeFromContents(section)
        text = str(self.model().headerData(section, Qt.Orientation.Horizontal) or "")
        width = QFontMetrics(theme().font("small", "medium")).horizontalAdvance(text)
        hint.setWidth(width + sum(sides(section, self.count() - 1)) + 18)
        return hint
