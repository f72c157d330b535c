"""A text with spans on coloured grounds: tagged words, or an answer in its passage."""

from collections.abc import Sequence

from PySide6.QtGui import QTextBlockFormat, QTextCharFormat, QTextCursor

from studio.ui.live.passage import Passage
from studio.ui.theme import theme, themes

_GROUNDS = ("token-b", "good-tint", "warn-tint", "bad-tint", "token-special")
_LINE_HEIGHT = 160
_PROPORTIONAL = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value

Span = tuple[int, int, str]


class MarkedText(Passage):
    """Plain text whose spans have a ground each, and their label small behind them."""

    def __init__(self) -> None:
        super().__init__("")
        self._text, self._spans = "", list[Span]()
        themes().changed.connect(self._draw)

    def show_text(self, text: str, spans: Sequence[Span]) -> None:
        """Show a text; spans are (first character, one past the last, label or "")."""
        self._text, self._spans = text, sorted(spans)
        said = "; ".join(f"{text[a:b]}: {label}" if label else text[a:b] for a, b, label in spans)
        self.setAccessibleDescription(said)
        self._draw()

    def _draw(self) -> None:
        """Write the text from an empty page."""
        self.clear()
        lines = QTextBlockFormat()
        lines.setLineHeight(_LINE_HEIGHT, _PROPORTIONAL)
        self.textCursor().setBlockFormat(lines)
        labels = sorted({label for _, _, label in self._spans})
        end = 0
        for start, stop, label in self._spans:
            if start < end:
                continue  # one ground at a time can be seen
            self._insert(self._text[end:start], "text")
            ground = _GROUNDS[labels.index(label) % len(_GROUNDS)]
            self._insert(self._text[start:stop], "text", ground)
            if label:
                self._insert(f" {label} ", "text-muted", ground, small=True)
            end = stop
        self._insert(self._text[end:], "text")
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.updateGeometry()

    def _insert(self, text: str, color: str, ground: str = "", small: bool = False) -> None:
        """Write words in a token's colour, on another one's ground."""
        look = QTextCharFormat()
        look.setFont(theme().font("small" if small else "body", "medium" if ground else "regular"))
        look.setForeground(theme().color(color))
        if ground:
            look.setBackground(theme().color(ground))
        self.textCursor().insertText(text, look)
