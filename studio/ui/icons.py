"""Phosphor icons, drawn from the font that QtAwesome ships and tinted from the tokens.

QtAwesome itself takes about 0.4 s to import, so only its font and its table of names are read.
"""

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QObject, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPainterPath, QPixmap, QRawFont
from PySide6.QtWidgets import QAbstractButton, QLabel

from studio.ui.theme import theme, themes

Target = QAbstractButton | QAction | QLabel
_RATIOS = (1, 1.5, 2)  # pixel ratios of screens for which pictures are kept
_EM = 256  # px at which the outlines are read; Phosphor is drawn on a grid of 256


@lru_cache(maxsize=1)
def _folder() -> Path:
    spec = find_spec("qtawesome")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("QtAwesome is not installed; it brings the icon font")
    return Path(spec.origin).parent / "fonts"


@lru_cache(maxsize=1)
def _names() -> dict[str, int]:
    path = next(_folder().glob("phosphor-charmap*.json"))
    table = json.loads(path.read_text(encoding="utf-8"))
    return {name: int(code, 16) for name, code in table.items()}


@lru_cache(maxsize=1)
def _font() -> QRawFont:
    path = next(_folder().glob("phosphor-*.ttf"))
    return QRawFont(str(path), _EM)


@lru_cache(maxsize=256)
def _outline(name: str) -> QPainterPath:
    font = _font()
    glyph = font.glyphIndexesForString(chr(_names()[name]))[0]
    path = font.pathForGlyph(glyph)
    path.translate(0, font.ascent())
    return path


@lru_cache(maxsize=2048)
def _pixmap(name: str, color: str, width: int, height: int) -> QPixmap:
    _outline(name)  # an unknown name must fail before anything is painted on
    pixmap = QPixmap(width, height)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_icon(painter, QRectF(0, 0, width, height), name, color)
    painter.end()
    return pixmap


def _tint(color: str) -> QColor:
    return QColor(color) if color.startswith("#") else theme().color(color)


def paint_icon(painter: QPainter, rect: QRectF, name: str, color: str) -> None:
    """Draw an icon into a rectangle; the colour is a token or #rrggbb."""
    side = min(rect.width(), rect.height())
    outline, tint = _outline(name), _tint(color)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center().x() - side / 2, rect.center().y() - side / 2)
    painter.scale(side / _EM, side / _EM)
    painter.fillPath(outline, tint)
    painter.restore()


@lru_cache(maxsize=512)
def _icon(name: str, color: str, off: str, size: int) -> QIcon:
    made = QIcon()
    for ratio in _RATIOS:
        side = round(size * ratio)
        made.addPixmap(_pixmap(name, color, side, side), QIcon.Mode.Normal)
        made.addPixmap(_pixmap(name, off, side, side), QIcon.Mode.Disabled)
    return made


def icon(name: str, color: str = "text-muted", size: int = 16) -> QIcon:
    """Return a Phosphor icon in a token's present colour; KeyError for an unknown name."""
    return _icon(name, theme().color(color).name(), theme().color("text-disabled").name(), size)


def icon_pixmap(name: str, color: str = "text-muted", size: int = 16, ratio: float = 1) -> QPixmap:
    """Return a picture of an icon for a screen of that pixel ratio."""
    side = round(size * ratio)
    pixmap = QPixmap(_pixmap(name, theme().color(color).name(), side, side))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class _Keeper(QObject):
    """Lives in a button, an action or a label and draws its icon again for a new theme."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._target = target
        self._what = ("circle", "text-muted", 16)
        themes().changed.connect(self.refresh)

    def show(self, name: str, color: str, size: int) -> None:
        """Remember which icon to draw, and draw it."""
        self._what = (name, color, size)
        self.refresh()

    def refresh(self) -> None:
        """Put the icon on the target in the present colours."""
        if isinstance(self._target, QLabel):
            ratio = self._target.devicePixelRatioF()
            self._target.setPixmap(icon_pixmap(*self._what, ratio=ratio))
        else:
            self._target.setIcon(icon(*self._what))


def set_icon(target: Target, name: str, color: str = "text-muted", size: int = 16) -> None:
    """Put an icon on a button, an action or a label; it follows the theme by itself."""
    found = target.findChild(_Keeper, options=Qt.FindChildOption.FindDirectChildrenOnly)
    keeper = found if isinstance(found, _Keeper) else _Keeper(target)
    keeper.show(name, color, size)
    if isinstance(target, QAbstractButton):
        target.setIconSize(QSize(size, size))
