"""Paints a method's card in the gallery: name, what it does, score, memory, size."""

from functools import lru_cache
from typing import cast

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen, QPixmap, QTextLayout
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from studio.ui.icons import paint_icon
from studio.ui.new_run.method_rows import ENTRY_ROLE, Entry
from studio.ui.theme import Theme, theme
from studio.ui.widgets.gallery import Gallery
from studio.ui.widgets.tablemodel import Index

_PAD_X, _PAD_Y = 15, 12
_GAP = 5  # between name and summary
_LINES = 2
_ICON = 14
_FOOT = 33  # from the hairline to the lower edge
_RING = 4  # px from the card's edge to the ring of the keyboard
_STATES = {"tight": "warn", "too-large": "bad"}
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class MethodDelegate(QStyledItemDelegate):
    """Draws cards for a gallery of methods; all of one height."""

    def __init__(self, view: Gallery) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return the height of a card: name, two lines, foot."""
        high = _line("body") + _GAP + _LINES * _line("small") + 6
        return QSize(1, _PAD_Y + high + _FOOT)  # the view decides on the width

    def paint(self, painter: QPainter, _option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the card's picture, which is made anew only when something of it changed."""
        card = self._view.card_rect(index.row())
        ringed = self._view.ringed and index.row() == self._view.currentIndex().row()
        look = (index.row() == self._view.hovered, ringed)
        one = cast(Entry, index.data(ENTRY_ROLE))
        painter.drawPixmap(card.topLeft(), self._picture(one, card.size(), look))

    def prepare(self, one: Entry) -> None:
        """Make a card's picture before it is seen, so that a search shows it at once."""
        self._picture(one, self._view.card_rect(0).size(), (False, False))

    def _picture(self, one: Entry, size: QSize, look: tuple[bool, bool]) -> QPixmap:
        """Return a card's picture for this screen in the theme of the moment."""
        ratio = self._view.devicePixelRatioF()
        return _picture(one, (size.width(), size.height()), ratio, look, theme())


@lru_cache(maxsize=256)
def _picture(
    one: Entry, size: tuple[int, int], ratio: float, look: tuple[bool, bool], _theme: Theme
) -> QPixmap:
    """Return a card in the theme of the moment; `look` says whether hovered, whether ringed."""
    picture = QPixmap(round(size[0] * ratio), round(size[1] * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_card(painter, QRect(0, 0, *size), one, look)
    painter.end()
    return picture


def _paint_card(painter: QPainter, card: QRect, one: Entry, look: tuple[bool, bool]) -> None:
    """Paint ground and edge, then the words."""
    hover, ringed = look
    _paint_ground(painter, card, one.chosen, hover)
    if ringed:
        _paint_ring(painter, card)
    inner = card.adjusted(_PAD_X, _PAD_Y, -_PAD_X, 0)
    _paint_head(painter, inner, one)
    if one.refused:
        _paint_refusal(painter, inner, one.refused)
    else:
        _paint_summary(painter, inner, one)
        _paint_foot(painter, inner, one)


def _paint_ground(painter: QPainter, card: QRect, chosen: bool, hover: bool) -> None:
    """Paint a card as all cards for choosing look."""
    now = theme()
    width = 2 if chosen else 1
    edge = "accent" if chosen else "border-strong" if hover else "border"
    painter.setPen(QPen(now.color(edge), width))
    painter.setBrush(now.color("raised"))
    inset, radius = width / 2, now.radius("card") - width / 2
    painter.drawRoundedRect(QRectF(card).adjusted(inset, inset, -inset, -inset), radius, radius)


def _paint_ring(painter: QPainter, card: QRect) -> None:
    """Mark the card that the keyboard is at."""
    painter.setPen(QPen(theme().color("focus"), theme().width("focus")))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    rect = QRectF(card).adjusted(_RING, _RING, -_RING, -_RING)
    painter.drawRoundedRect(rect, _RING, _RING)


def _paint_head(painter: QPainter, inner: QRect, one: Entry) -> None:
    """Write the name and, at the right, the family."""
    row = QRect(inner.left(), inner.top(), inner.width(), _line("body"))
    caption = theme().font("caption")
    wide = QFontMetrics(caption).horizontalAdvance(one.family_name)
    name = QRect(row.left(), row.top(), row.width() - wide - 8, row.height())
    used = _write(painter, name, one.name, _font("strong"), "text-faint" if one.dim else "text")
    room = row.adjusted(used + 8, 0, 0, 0)
    _write(painter, room, one.family_name, caption, "text-faint", _RIGHT)


def _paint_summary(painter: QPainter, inner: QRect, one: Entry) -> None:
    """Write what the method does."""
    color = "text-faint" if one.dim else "text-muted"
    top = inner.top() + _line("body") + _GAP
    _paint_lines(painter, QRect(inner.left(), top, inner.width(), 0), one.summary, _LINES, color)


def _paint_lines(painter: QPainter, rect: QRect, text: str, most: int, color: str) -> int:
    """Write a text in at most so many lines and return its height."""
    font, high = theme().font("small"), _line("small")
    lines = wrapped(text, font.key(), rect.width(), most)
    for place, line in enumerate(lines):
        row = QRect(rect.left(), rect.top() + place * high, rect.width(), high)
        _write(painter, row, line, font, color)
    return high * len(lines)


def _paint_refusal(painter: QPainter, inner: QRect, refused: str) -> None:
    """Write why the method cannot be taken, in the room of summary and foot."""
    top = inner.top() + _line("body") + _GAP + 2
    paint_icon(painter, QRectF(inner.left(), top + 1, _ICON, _ICON), "prohibit", "bad")
    left = inner.left() + _ICON + 6
    room = QRect(left, top, inner.right() - left + 1, 0)
    _paint_lines(painter, room, refused, 4, "text-muted")


def _paint_foot(painter: QPainter, inner: QRect, one: Entry) -> None:
    """Write score, memory and size below the hairline."""
    line = inner.bottom() - _FOOT + 1
    painter.fillRect(QRect(inner.left(), line, inner.width(), 1), theme().color("border"))
    row = QRect(inner.left(), line + 8, inner.width(), _FOOT - 16)
    size = _write(painter, row, one.size_text(), theme().font("small"), "text-muted", _RIGHT)
    score = one.score_text()
    known = "text-faint" if one.score is None or one.dim else "text"
    left = _figure(painter, row, "target", score, known, "medium")
    left = max(left + 10, row.left() + round(row.width() * 0.36))
    rest = QRect(left, row.top(), row.right() - left - size - 7, row.height())
    need = _STATES.get(one.verdict, "text-muted")
    _figure(painter, rest, "cpu", one.need_text(), need, "regular")


def _figure(
    painter: QPainter, row: QRect, icon: str, text: str, color: str, weight: str
) -> int:  # fmt: skip
    """Write a figure behind its icon and return where it ends."""
    top = row.top() + (row.height() - _ICON) / 2
    paint_icon(painter, QRectF(row.left(), top, _ICON, _ICON), icon, "text-muted")
    room = row.adjusted(_ICON + 4, 0, 0, 0)
    return room.left() + _write(painter, room, text, theme().font("small", weight), color)


def _write(
    painter: QPainter,
    rect: QRect,
    text: str,
    font: QFont,
    color: str,
    flags: Qt.AlignmentFlag = _LEFT,
) -> int:
    """Write one line, cut where there is no room, and return its width."""
    metrics = QFontMetrics(font)
    cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.setFont(font)
    painter.setPen(theme().color(color))
    painter.drawText(rect, int(flags), cut)
    return metrics.horizontalAdvance(cut)


def _font(weight: str) -> QFont:
    return theme().font("body", weight)


def _line(size: str) -> int:
    """Return the height of a line of text."""
    return round(theme().size(size) * theme().line("body"))


@lru_cache(maxsize=1024)
def wrapped(text: str, _font_key: str, width: int, most: int) -> tuple[str, ...]:
    """Return a text in lines of this width, the last one cut where there are more."""
    font = theme().font("small")
    layout = QTextLayout(text, font)
    layout.beginLayout()
    starts = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        starts.append(line.textStart())
    layout.endLayout()
    ends = [*starts[1:], len(text)]
    lines = [text[a:b].strip() for a, b in zip(starts, ends, strict=True)]
    if len(lines) <= most:
        return tuple(lines)
    rest = text[starts[most - 1] :]
    cut = QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideRight, width)
    return (*lines[: most - 1], cut)
