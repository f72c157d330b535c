"""Words on a page, by role."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from studio.ui.icons import paint_icon
from studio.ui.theme import set_props, theme


class Label(QLabel):
    """A text in one of the roles of style.qss.

    Roles: body, strong, muted, faint, small, caption, section, lead, title, figure, mono.
    The text is plain unless `rich` is set, so names from files are never read as markup.
    """

    def __init__(
        self,
        text: str = "",
        role: str = "body",
        wrap: bool = False,
        elide: bool = False,
        selectable: bool = False,
        rich: bool = False,
    ) -> None:
        super().__init__()
        self._elide = elide
        self.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.setProperty("role", role)
        if role == "mono":
            self.setFont(theme().font("small", mono=True))
        if elide:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if selectable:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text; bold is as heavy as the heaviest letters that there are."""
        if self.textFormat() == Qt.TextFormat.RichText:
            text = text.replace("<b>", '<b style="font-weight: 600">')
        super().setText(text)

    def set_role(self, role: str) -> None:
        """Show the text in another role."""
        set_props(self, role=role)

    def set_state(self, state: str) -> None:
        """Colour the text: "", accent, good, warn, bad, muted or faint."""
        set_props(self, state=state)

    def minimumSizeHint(self) -> QSize:
        """Let a text that may be cut shrink to a few letters."""
        hint = super().minimumSizeHint()
        if self._elide:
            least = self.fontMetrics().horizontalAdvance("mmm…")
            hint.setWidth(min(hint.width(), least))
        return hint

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text, cut with an ellipsis and a tool tip if there is no room."""
        full = self.fontMetrics().horizontalAdvance(self.text())
        if not self._elide or full <= self.contentsRect().width():
            super().paintEvent(event)
            return
        if not self.toolTip():
            self.setToolTip(self.text())
        painter = QPainter(self)
        cut = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width()
        )
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), int(self.alignment()), cut)


class IconLabel(QLabel):
    """An icon that says nothing by itself; give it a tip when no word stands beside it."""

    def __init__(self, name: str, color: str = "text-muted", size: int = 16, tip: str = "") -> None:
        super().__init__()
        self._name, self._color = name, color
        self.setFixedSize(size, size)
        self.setToolTip(tip)
        self.setAccessibleName(tip)

    def set_icon(self, name: str, color: str = "text-muted") -> None:
        """Show another icon."""
        self._name, self._color = name, color
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the icon in the theme of the moment."""
        painter = QPainter(self)
        color = self._color if self.isEnabled() else "text-disabled"
        paint_icon(painter, self.rect().toRectF(), self._name, color)
