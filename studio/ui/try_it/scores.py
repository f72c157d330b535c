"""Bars for what a model thinks of each label, or how near each text is."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.theme import theme, themes

_ROW, _BAR, _GAP, _NUMBER = 28, 8, 12, 56  # px
_SHARE = 0.45  # of the width that a name may take
_MOST = 8  # bars: what is less likely than these says nothing


class ScoreBars(QWidget):
    """One line a score: its name, a bar from 0 to 1, the figure; the first one stands out."""

    def __init__(self) -> None:
        super().__init__()
        self._scores: list[tuple[str, float]] = []
        self._percent = True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themes().changed.connect(self.update)

    def set_scores(self, scores: Sequence[tuple[str, float]], percent: bool = True) -> None:
        """Show scores in falling order; `percent` writes them as shares, else as numbers."""
        self._scores, self._percent = list(scores)[:_MOST], percent
        said = "; ".join(f"{name}: {self._figure(value)}" for name, value in self._scores)
        self.setAccessibleDescription(said)
        self.setVisible(bool(self._scores))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of the lines."""
        return QSize(240, _ROW * len(self._scores))

    def minimumSizeHint(self) -> QSize:
        """Return the least width at which a bar can be seen."""
        return QSize(160, _ROW * len(self._scores))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the lines."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, (name, value) in enumerate(self._scores):
            self._paint(painter, QRect(0, place * _ROW, self.width(), _ROW), name, value, not place)

    def _paint(self, painter: QPainter, row: QRect, name: str, value: float, first: bool) -> None:
        """Draw one line."""
        now = theme()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(now.font("body", "strong" if first else "regular"))
        painter.setPen(now.color("text"))
        width = self._name_width()
        label = row.adjusted(0, 0, width - row.width(), 0)
        text = painter.fontMetrics().elidedText(
            " ".join(name.split()), Qt.TextElideMode.ElideRight, label.width()
        )
        painter.drawText(label, int(middle), text)
        right = int(middle | Qt.AlignmentFlag.AlignRight)
        painter.drawText(row, right, self._figure(value))
        bar = QRectF(
            label.right() + _GAP, row.center().y() - _BAR / 2,
            row.width() - width - _NUMBER - _GAP, _BAR,
        )  # fmt: skip
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("track"))
        painter.drawRoundedRect(bar, 3, 3)
        bar.setWidth(bar.width() * min(1.0, max(0.0, value)))
        painter.setBrush(now.color("accent" if first else "chart-8"))
        painter.drawRoundedRect(bar, 3, 3)

    def _name_width(self) -> int:
        """Return the width that names take: the longest one, within bounds."""
        letters = QFontMetrics(theme().font("body", "strong"))
        longest = max(letters.horizontalAdvance(name) for name, _ in self._scores)
        return min(longest + 8, round(self.width() * _SHARE))

    def _figure(self, value: float) -> str:
        """Return a score as text."""
        return f"{value:.1%}" if self._percent else f"{value:.3f}"
