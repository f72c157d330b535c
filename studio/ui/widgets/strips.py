"""The strips below the rail: this machine, and the run that trains."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from studio.ui.theme import theme
from studio.ui.widgets.bars import MemoryBar, ProgressBar
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox

EDGE = 18
BAR = 4


class Strip(QFrame):
    """Two lines of words with a bar between them."""

    def __init__(self, bar: QWidget, right_role: str) -> None:
        super().__init__()
        self.setProperty("part", "strip")
        self._bar = bar
        self.name = Label("", "small-name", elide=True)
        self.value = Label("", right_role)
        self.left = Label("", "caption", elide=True)
        self.right = Label("", "caption")
        top = hbox(self.name, self.value, gap=8)
        low = hbox(self.left, self.right, gap=8)
        for row in (top, low):
            row.setStretch(0, 1)
        self._column = vbox(top, bar, low, gap=5, margins=(EDGE, 7, EDGE, 6), into=self)
        self.setFixedHeight(theme().height("footer"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_narrow(self, narrow: bool) -> None:
        """Show only the bar, with the words as its tool tip."""
        for label in (self.name, self.value, self.left, self.right):
            label.setVisible(not narrow)
        edge = 8 if narrow else EDGE
        self._column.setContentsMargins(edge, 7, edge, 6)
        self.setFixedHeight(28 if narrow else theme().height("footer"))

    def _say(self, name: str, value: str, left: str, right: str) -> None:
        for label, text in (
            (self.name, name), (self.value, value), (self.left, left), (self.right, right),
        ):  # fmt: skip
            label.setText(text)
        tip = "\n".join(part for part in (f"{name}  {value}", f"{left}  {right}") if part.strip())
        self.setToolTip(tip)
        self.setAccessibleName(tip)


class MachineStrip(Strip):
    """The card: memory in use, load, temperature."""

    def __init__(self) -> None:
        self._memory = MemoryBar(height=BAR, on_window=True, marked=False)
        super().__init__(self._memory, "caption")

    def set_machine(
        self,
        name: str,
        right_text: str,
        used_parts: Sequence[tuple[str, float]],
        total: float,
        left_text: str,
        right_text2: str,
    ) -> None:
        """Show name and memory above the bar, load and temperature below it.

        `used_parts` are (key, value), the key "weights" for training and "other" for the rest.
        """
        self._memory.set_parts(used_parts, total)
        self._say(name, right_text, left_text, right_text2)


class RunStrip(Strip):
    """The run that trains, one click from its page."""

    clicked = Signal()

    def __init__(self) -> None:
        self._progress = ProgressBar(height=BAR, on_window=True)
        super().__init__(self._progress, "small-accent")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def set_run(
        self, name: str, percent: str, share: float | None, state: str, time_left: str
    ) -> None:
        """Show the run; `share` is None while its length is not known."""
        self._progress.set_share(share)
        self._say(name, percent, state, time_left)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Go to the run."""
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the run on Enter and Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)
