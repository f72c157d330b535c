"""Bars: memory by parts against the card, one need against the card, and progress."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.ui.theme import theme
from studio.ui.widgets.spinner import Turner

FITS = 0.80  # share of the card up to which a run fits with room
TIGHT = 0.97  # share up to which it is tight; beyond it is too large
MARK = 4  # px by which the limit mark stands out above and below the bar
PART_COLORS = {
    "weights": "chart-1",
    "adapter": "chart-6",
    "optimizer": "chart-6",
    "activations": "chart-3",
    "logits": "chart-2",
    "other": "chart-8",
}
_ORDER = ("chart-1", "chart-6", "chart-3", "chart-2", "chart-8")


def verdict(total: float, limit: float) -> str:
    """Return "fits", "tight" or "too-large" for a need against the card's memory."""
    if limit <= 0 or total <= FITS * limit:
        return "fits"
    return "tight" if total <= TIGHT * limit else "too-large"


class _Bar(QWidget):
    """What all bars share: a track with round ends."""

    def __init__(self, height: int, on_window: bool) -> None:
        super().__init__()
        self._high, self._on_window = height, on_window
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(height)

    def sizeHint(self) -> QSize:
        """Return a width that a row can shrink."""
        return QSize(120, self.maximumHeight())

    def _track(self, painter: QPainter) -> QRectF:
        """Draw the track, clip to it and return its rectangle."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(0, (self.height() - self._high) / 2, self.width(), self._high)
        path = QPainterPath()
        radius = min(theme().radius("bar"), self._high / 2)
        path.addRoundedRect(rect, radius, radius)
        painter.setClipPath(path)
        painter.fillRect(rect, theme().color("track-window" if self._on_window else "track"))
        return rect


def _mark(painter: QPainter, x: float, rect: QRectF) -> None:
    painter.setClipping(False)
    painter.fillRect(
        QRectF(round(x), rect.top() - MARK, 2, rect.height() + 2 * MARK),
        theme().color("chart-limit"),
    )


class MemoryBar(_Bar):
    """The parts of a memory need, 1 px apart, against the card's limit."""

    def __init__(self, height: int = 0, on_window: bool = False, marked: bool = True) -> None:
        super().__init__(height or theme().height("bar"), on_window)
        self._marked = marked
        self._parts: list[tuple[str, float]] = []
        self._limit = 0.0
        self.setFixedHeight(self._high + (2 * MARK if marked else 0))

    def set_parts(
        self, parts: Sequence[tuple[str, float]], limit: float, total_text: str = ""
    ) -> None:
        """Show (key, value) parts; keys: weights, adapter, activations, logits, other."""
        self._parts, self._limit = [(k, v) for k, v in parts if v > 0], limit
        self.setAccessibleName(total_text)
        self.setToolTip(total_text)
        self.update()

    def total(self) -> float:
        """Return the sum of the parts."""
        return sum(value for _, value in self._parts)

    def verdict(self) -> str:
        """Return "fits", "tight" or "too-large"."""
        return verdict(self.total(), self._limit)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track, parts and limit."""
        painter = QPainter(self)
        rect = self._track(painter)
        scale = max(self.total(), self._limit)
        if scale <= 0:
            return
        left = 0.0
        for place, (key, value) in enumerate(self._parts):
            color = PART_COLORS.get(key, _ORDER[place % len(_ORDER)])
            width = value / scale * rect.width()
            painter.fillRect(
                QRectF(
                    round(left), rect.top(), round(left + width) - round(left) - 1, rect.height()
                ),
                theme().color(color),
            )
            left += width
        if self._marked and self._limit > 0:
            _mark(painter, min(self._limit / scale * rect.width(), rect.width() - 2), rect)


class NeedBar(_Bar):
    """One need in one colour: blue fits, orange is tight, slate runs past the mark."""

    def __init__(self, room: float = 1.0, height: int = 0, on_window: bool = False) -> None:
        """Build a bar whose full width stands for `room` times the limit."""
        super().__init__(height or 6, on_window)
        self._room, self._value, self._limit = room, 0.0, 0.0
        self.setFixedHeight(self._high + 2 * MARK)

    def set_value(self, value: float, limit: float, text: str = "") -> None:
        """Show a need against the limit."""
        self._value, self._limit = value, limit
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def verdict(self) -> str:
        """Return "fits", "tight" or "too-large"."""
        return verdict(self._value, self._limit)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track, need and limit."""
        painter = QPainter(self)
        rect = self._track(painter)
        if self._limit <= 0:
            return
        color = {"fits": "chart-1", "tight": "chart-2", "too-large": "chart-8"}[self.verdict()]
        share = min(1.0, self._value / (self._limit * self._room))
        painter.fillRect(
            QRectF(0, rect.top(), share * rect.width(), rect.height()), theme().color(color)
        )
        _mark(painter, min(rect.width() / self._room, rect.width() - 2), rect)


class ProgressBar(_Bar):
    """Progress of known or unknown length, with ticks where checkpoints lie."""

    def __init__(self, height: int = 0, on_window: bool = False) -> None:
        super().__init__(height or theme().height("progress"), on_window)
        self._share: float | None = 0.0
        self._ticks: list[float] = []
        self._turner = Turner(self)

    def set_share(self, share: float | None) -> None:
        """Show a share from 0 to 1; None while the length is not known."""
        self._share = None if share is None else min(1.0, max(0.0, share))
        self._follow()
        self.setAccessibleDescription("" if share is None else f"{share:.0%}")
        self.update()

    def share(self) -> float | None:
        """Return what is shown."""
        return self._share

    def set_ticks(self, shares: Sequence[float]) -> None:
        """Mark these shares of the way."""
        self._ticks = list(shares)
        self.setFixedHeight(self._high + (6 if self._ticks else 0))
        self.update()

    def showEvent(self, event: object) -> None:
        """Move while seen."""
        self._follow()

    def hideEvent(self, event: object) -> None:
        """Rest while unseen."""
        self._turner.stop()

    def _follow(self) -> None:
        if self._share is None and self.isVisible():
            self._turner.start()
        else:
            self._turner.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track, progress and ticks."""
        painter = QPainter(self)
        rect = self._track(painter)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("accent"))
        radius = min(theme().radius("bar"), self._high / 2)
        if self._share is None:
            block = rect.width() * 0.28
            still = 0.36 if theme().still else self._turner.share() * 1.28 - 0.28
            left = still * rect.width()
            painter.drawRoundedRect(QRectF(left, rect.top(), block, rect.height()), radius, radius)
        else:
            painter.drawRect(QRectF(0, rect.top(), rect.width() * self._share, rect.height()))
        painter.setClipping(False)
        for tick in self._ticks:
            x = round(tick * rect.width())
            painter.fillRect(QRectF(x - 2, 0, 4, self.height()), theme().color("surface"))
            painter.fillRect(QRectF(x - 1, 0, 2, self.height()), theme().color("text"))
