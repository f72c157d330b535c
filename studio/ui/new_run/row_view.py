"""One row of the data as text: as a chat, as it is trained, or as the file has it."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtGui import (
    QColor,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextTableCellFormat,
    QTextTableFormat,
)
from PySide6.QtWidgets import QTextEdit

from studio.rows import Raw, Row
from studio.ui.theme import theme, themes
from studio.words import tr

_ROLE_WIDTH = 84
_MOST = 20_000  # characters of one part: enough to judge a row, and quick to lay out
_SPECIAL = re.compile(r"(<\|[^|<>\s]{1,60}\|>|</?[su]>|<(?:pad|unk|eos|bos|mask)>|\[[A-Z]{3,12}\])")
_LINE_HEIGHT = 140
_PROPORTIONAL = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value
_MARK = 3


class RowView(QTextEdit):
    """Shows one row; follows the theme."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(0)
        self.setViewportMargins(0, 8, 12, 8)
        self.setAccessibleName(tr("Row"))
        self._again: Callable[[], None] | None = None
        themes().changed.connect(self._on_theme_changed)

    def show_chat(self, row: Row) -> None:
        """Show the turns, or the text and its label."""
        self._draw(lambda: self._chat(row))

    def show_trained(self, pieces: Sequence[dict[str, Any]], label: str = "") -> None:
        """Show the text that the model reads; what is trained on has a blue ground."""
        self._draw(lambda: self._trained(pieces, label))

    def show_raw(self, raw: Raw) -> None:
        """Show the row as the file has it."""
        text = json.dumps(dict(raw), ensure_ascii=False, indent=2, default=str)
        self._draw(lambda: self._raw(text))

    def _raw(self, text: str) -> None:
        """Write JSON."""
        self._space()
        self._insert(_cut(text), _format("text", mono=True))

    def _draw(self, draw: Callable[[], None]) -> None:
        """Draw from an empty page, now and whenever the theme changes."""
        self._again = draw
        self.clear()
        draw()
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def _on_theme_changed(self) -> None:
        if self._again is not None:
            self._draw(self._again)

    def _space(self) -> None:
        """Keep running text off the edge, in lines whose grounds do not touch."""
        lines = QTextBlockFormat()
        lines.setLeftMargin(16)
        lines.setLineHeight(_LINE_HEIGHT, _PROPORTIONAL)
        self.textCursor().setBlockFormat(lines)

    def _insert(self, text: str, look: QTextCharFormat) -> None:
        self.textCursor().insertText(text, look)

    # Chat

    def _chat(self, row: Row) -> None:
        """Lay the parts out in two columns: who speaks, what is said."""
        parts = _parts(row)
        table = self.textCursor().insertTable(len(parts), 2, _columns())
        for place, (name, text, role) in enumerate(parts):
            answer = role == "assistant"
            for column in (0, 1):
                table.cellAt(place, column).setFormat(_cell(answer and column == 0))
            look = _format("accent" if answer else "text", small=True, strong=True)
            self._say(table.cellAt(place, 0).firstCursorPosition(), name, look)
            said = _format("text" if answer else "text-muted")
            self._say(table.cellAt(place, 1).firstCursorPosition(), _cut(text), said)

    def _say(self, cursor: QTextCursor, text: str, look: QTextCharFormat) -> None:
        """Write into a cell, in lines that are easy to read."""
        lines = QTextBlockFormat()
        lines.setLineHeight(_LINE_HEIGHT, _PROPORTIONAL)
        cursor.setBlockFormat(lines)
        cursor.insertText(text, look)

    # As trained

    def _trained(self, pieces: Sequence[dict[str, Any]], label: str) -> None:
        """Write the pieces; special tokens stand in mono."""
        self._space()
        for piece in pieces:
            for part in _SPECIAL.split(_cut(str(piece["text"]))):
                if part:
                    special = bool(_SPECIAL.fullmatch(part))
                    look = _token_format(bool(piece["trained"]), special)
                    self._insert(part.replace("\n", "↵\n"), look)
        if label:
            self._insert("\n", _format("text"))
            self._insert(tr("Label"), _format("text-muted", small=True, strong=True))
            self._insert("  ", _format("text"))
            self._insert(label, _token_format(trained=True, special=False))


def _parts(row: Row) -> list[tuple[str, str, str]]:
    """Return what a row holds as (name, words, role); what is learnt has the answer's role."""
    names = {"system": tr("System"), "user": tr("User"), "assistant": tr("Answer")}
    found = [(names[turn.role], turn.content, turn.role) for turn in row.messages]
    words = [
        (tr("Passage"), row.passage, "text"),
        (tr("Question") if row.passage else tr("Text"), row.text, "text"),
        (tr("Words"), " ".join(row.tokens), "text"),
        (tr("Picture"), row.image, "text"),
        (tr("Belongs to"), row.positive, "assistant"),
        (tr("Does not"), row.negative, "text"),
        (tr("Tags"), _tagged(row), "assistant"),
        (tr("Label"), row.label or "", "assistant"),
    ]
    found += [part for part in words if part[1]]
    if row.labels is not None:
        found.append((tr("Labels"), ", ".join(row.labels) or tr("(none)"), "assistant"))
    if row.passage:
        answers = "\n".join(text for text, _start in row.answers)
        found.append((tr("Answer"), answers or tr("(the passage does not say)"), "assistant"))
    return found


def _tagged(row: Row) -> str:
    """Return the words that have a tag, each with it."""
    pairs = zip(row.tokens, row.tags, strict=False)
    return "\n".join(f"{word}  {tag}" for word, tag in pairs if tag not in ("O", "0"))


def _cut(text: str) -> str:
    """Keep what is shown short enough to be laid out at once."""
    if len(text) <= _MOST:
        return text
    more = f"{len(text) - _MOST:,}"
    return text[:_MOST] + "\n" + tr("… and {count} more characters", count=more)


def _columns() -> QTextTableFormat:
    """Return a table without lines: names at the left, words at the right."""
    look = QTextTableFormat()
    look.setBorder(0)
    look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
    look.setCellPadding(0)
    look.setCellSpacing(0)
    look.setBorderCollapse(True)
    width = QTextLength(QTextLength.Type.FixedLength, _ROLE_WIDTH)
    rest = QTextLength(QTextLength.Type.PercentageLength, 100)
    look.setColumnWidthConstraints([width, rest])
    return look


def _cell(marked: bool) -> QTextTableCellFormat:
    """Return the room around a cell's words; an answer has a mark at its left."""
    look = QTextTableCellFormat()
    look.setTopPadding(8)
    look.setBottomPadding(8)
    look.setLeftPadding(13 if marked else 14)  # the mark takes its half from the cell
    if marked:
        look.setLeftBorder(_MARK)
        look.setLeftBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        look.setLeftBorderBrush(theme().color("accent"))
    return look


def _format(
    color: str, *, small: bool = False, strong: bool = False, mono: bool = False
) -> QTextCharFormat:
    """Return the look of words in a token's colour."""
    look = QTextCharFormat()
    size = "small" if small or mono else "body"
    look.setFont(theme().font(size, "strong" if strong else "regular", mono=mono))
    look.setForeground(theme().color(color))
    return look


def _token_format(trained: bool, special: bool) -> QTextCharFormat:
    """Return the look of what the model reads, or is trained on."""
    if trained:
        color, ground = ("accent-text", "accent-fill") if special else ("token-text", "token-a")
    else:
        color, ground = ("text-muted", "token-special") if special else ("text-muted", "")
    look = _format(color, mono=special)
    if ground:
        look.setBackground(QColor(theme().color(ground)))
    return look
