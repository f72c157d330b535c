"""Colours, sizes and fonts from assets/tokens.toml; the palette and style sheet made of them."""

import re
import sys
import tomllib
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAccessibilityHints, QColor, QFont, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from studio.paths import ASSETS
from studio.ui.style import StudioStyle
from studio.words import language

BASE_FONT = 13  # px for which the sizes of tokens.toml are written
SMALLEST_CJK = 12  # Chinese characters are not legible below this
_OTHERS = {  # families that exist only on another system: asking for them costs Qt a slow look-up
    "win32": (".AppleSystemUIFont", "Inter", "PingFang SC", "SF Mono", "Menlo"),
    "darwin": ("Segoe UI Variable Text", "Segoe UI", "Inter", "Microsoft YaHei UI", "SF Mono"),
}
_LINUX_OTHERS = (
    "Segoe UI Variable Text", "Segoe UI", ".AppleSystemUIFont", "Microsoft YaHei UI",
    "PingFang SC", "Cascadia Mono", "SF Mono", "Menlo",
)  # fmt: skip
_NUMBERS = ("size", "weight", "space", "radius", "height", "width", "motion")


@lru_cache(maxsize=1)
def _tokens() -> dict[str, Any]:
    return tomllib.loads((ASSETS / "tokens.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _template() -> str:
    return (ASSETS / "style.qss").read_text(encoding="utf-8")


def _families(kind: str) -> list[str]:
    others = _OTHERS.get(sys.platform, _LINUX_OTHERS)
    return [name for name in _tokens()["font"][kind] if name not in others]


class Theme:
    """One set of tokens: light or dark, at one font scale."""

    def __init__(
        self, dark: bool, scale: float = 1.0, contrast: bool = False, still: bool = False
    ) -> None:
        self.dark = dark
        self.still = still  # the system asks for reduced motion
        self._scale = scale
        self._colors = dict(_tokens()["dark" if dark else "light"])
        if contrast:
            self._colors["border"] = self._colors["border-strong"]
        self._cache: dict[str, QColor] = {}
        self._fonts: dict[tuple[int, str, bool], QFont] = {}

    def color(self, name: str) -> QColor:
        """Return the colour of a token; KeyError for a name that tokens.toml does not have."""
        if name not in self._cache:
            self._cache[name] = QColor(self._colors[name])
        return QColor(self._cache[name])

    def size(self, name: str) -> int:
        """Return a font size in px, scaled with the system's font; Chinese is never tiny."""
        size = round(_tokens()["size"][name] * self._scale)
        return max(size, SMALLEST_CJK) if language().startswith("zh") else size

    def space(self, name: str) -> int:
        """Return a distance in px."""
        return int(_tokens()["space"][name])

    def height(self, name: str) -> int:
        """Return the height of a control in px."""
        return int(_tokens()["height"][name])

    def width(self, name: str) -> int:
        """Return a width in px."""
        return int(_tokens()["width"][name])

    def radius(self, name: str) -> int:
        """Return a corner radius in px."""
        return int(_tokens()["radius"][name])

    def motion(self, name: str) -> int:
        """Return a duration in ms: zero for movement when the system asks for stillness."""
        if self.still and name != "toast":
            return 0
        return int(_tokens()["motion"][name])

    def line(self, name: str) -> float:
        """Return a line height as a share of the font size."""
        return float(_tokens()["line"][name])

    def font(self, size: str = "body", weight: str = "regular", mono: bool = False) -> QFont:
        """Return a font of the theme: tabular numbers, and no ligatures in mono."""
        key = (self.size(size), weight, mono)
        if key not in self._fonts:
            self._fonts[key] = self._make_font(*key)
        return QFont(self._fonts[key])

    def _make_font(self, pixels: int, weight: str, mono: bool) -> QFont:
        font = QFont()
        font.setFamilies(_families("mono" if mono else "ui"))
        font.setPixelSize(pixels)
        font.setWeight(QFont.Weight(_tokens()["weight"][weight]))
        features = {"tnum": 1} | ({"calt": 0, "liga": 0} if mono else {})
        for tag, value in features.items():
            font.setFeature(QFont.Tag(tag), value)
        return font

    def qss(self) -> str:
        """Return the style sheet with every @token replaced."""
        return re.sub(r"@([a-z0-9-]+)", lambda hit: self._value(hit.group(1)), _template())

    def _value(self, token: str) -> str:
        if token in self._colors:
            return str(self._colors[token])
        group, _, name = token.partition("-")
        if group == "size":
            return f"{self.size(name)}px"
        if group in _NUMBERS:
            unit = "" if group == "weight" else "px"
            return f"{_tokens()[group][name]}{unit}"
        raise KeyError(f"style.qss names an unknown token: @{token}")

    def palette(self) -> QPalette:
        """Return the palette that Fusion draws with where the style sheet is silent."""
        palette = QPalette()
        for role, token in _PALETTE.items():
            palette.setColor(role, self.color(token))
        off = QPalette.ColorGroup.Disabled
        for role in (_ROLE.WindowText, _ROLE.Text, _ROLE.ButtonText, _ROLE.HighlightedText):
            palette.setColor(off, role, self.color("text-disabled"))
        return palette


_ROLE = QPalette.ColorRole
_PALETTE = {
    _ROLE.Window: "surface", _ROLE.WindowText: "text", _ROLE.Base: "raised",
    _ROLE.AlternateBase: "sunken", _ROLE.Text: "text", _ROLE.PlaceholderText: "text-faint",
    _ROLE.Button: "raised", _ROLE.ButtonText: "text", _ROLE.BrightText: "accent-text",
    _ROLE.Highlight: "selection", _ROLE.HighlightedText: "text", _ROLE.Accent: "accent-fill",
    _ROLE.Link: "accent", _ROLE.LinkVisited: "accent", _ROLE.ToolTipBase: "text",
    _ROLE.ToolTipText: "surface", _ROLE.Light: "raised", _ROLE.Midlight: "hover",
    _ROLE.Mid: "border", _ROLE.Dark: "border-strong", _ROLE.Shadow: "border-strong",
}  # fmt: skip


def _prefers_stillness(access: QAccessibilityHints) -> bool:
    """Say whether the system asks for reduced motion; Qt tells it from 6.12 on."""
    told = getattr(access, "motionPreference", None)
    return told is not None and "Reduce" in str(told())


class Themes(QObject):
    """Keeps the current theme and puts it on the application."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.current = Theme(dark=False)
        self.mode = "system"
        self._app: QApplication | None = None
        self._sheets: dict[tuple[object, ...], str] = {}
        self._scale = 1.0

    def apply(self, app: QApplication, mode: str) -> None:
        """Draw the application in "light", "dark", or what the "system" asks for."""
        self.mode = mode
        hints = app.styleHints()
        if self._app is not app:
            self._prepare(app)
        if mode == "system":
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(_SCHEMES[mode])
        self._render()

    def _prepare(self, app: QApplication) -> None:
        self._app = app
        self._scale = max(1.0, QFontInfo(app.font()).pixelSize() / BASE_FONT)
        _add_fonts()
        app.setStyle(StudioStyle())
        hints = app.styleHints()
        hints.colorSchemeChanged.connect(self._on_system_changed)
        hints.accessibility().contrastPreferenceChanged.connect(self._on_system_changed)
        if hasattr(access := hints.accessibility(), "motionPreferenceChanged"):  # Qt 6.12
            access.motionPreferenceChanged.connect(self._on_system_changed)

    def _on_system_changed(self) -> None:
        self._render()

    def _render(self) -> None:
        app = self._app
        if app is None:
            return
        hints = app.styleHints()
        dark = hints.colorScheme() == Qt.ColorScheme.Dark
        if self.mode != "system":
            dark = self.mode == "dark"
        access = hints.accessibility()
        contrast = access.contrastPreference() == Qt.ContrastPreference.HighContrast
        still = _prefers_stillness(access)
        self._show(
            Theme(dark, self._scale, contrast, still), (dark, self._scale, contrast, language())
        )

    def _show(self, theme: Theme, key: tuple[object, ...]) -> None:
        assert self._app is not None
        if key not in self._sheets:
            self._sheets[key] = theme.qss()
        self.current = theme
        self._app.setFont(theme.font())
        self._app.setPalette(theme.palette())
        if self._app.styleSheet() != self._sheets[key]:
            self._app.setStyleSheet(self._sheets[key])
        self.changed.emit()


_SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}


def _add_fonts() -> None:
    """Register our fonts: mono everywhere, Inter where the system has no face of its own."""
    has_own = sys.platform in ("win32", "darwin")
    for path in sorted((ASSETS / "fonts").glob("*.[ot]tf")):
        if not (has_own and path.name.startswith("Inter")):
            QFontDatabase.addApplicationFont(str(path))


@lru_cache(maxsize=1)
def themes() -> Themes:
    """Return the one keeper of themes."""
    return Themes()


def theme() -> Theme:
    """Return the theme in use; light before any was applied."""
    return themes().current


def set_props(widget: QWidget, **props: object) -> None:
    """Set dynamic properties that style.qss selects by, and polish the widget again."""
    changed = [name for name, value in props.items() if widget.property(name) != value]
    for name in changed:
        widget.setProperty(name, props[name])
    if changed:
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        widget.update()
