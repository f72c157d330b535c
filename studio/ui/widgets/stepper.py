"""The steps of the wizard: done, now, problem, later."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from studio.ui.icons import paint_icon
from studio.ui.theme import theme
from studio.ui.widgets.layouts import clear, hbox
from studio.words import tr

CIRCLE = 20
LINE = 20
_EDGES = {"done": "accent", "now": "accent-fill", "problem": "bad", "later": "border-strong"}
_WORDS = {"done": "text-muted", "now": "text", "problem": "bad", "later": "text-muted"}


class _Step(QAbstractButton):
    """One step: a circle and a word."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__()
        self._number = number
        self.state = "later"
        self.setText(text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_state(self, state: str) -> None:
        """Show the step in another state; done and problem can be clicked."""
        self.state = state
        can = state in ("done", "problem")
        self.setCursor(Qt.CursorShape.PointingHandCursor if can else Qt.CursorShape.ArrowCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if can else Qt.FocusPolicy.NoFocus)
        spoken = {
            "done": tr("done"),
            "now": tr("now"),
            "problem": tr("has a problem"),
            "later": tr("later"),
        }
        self.setAccessibleDescription(spoken[state])
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the word at its heaviest, so that nothing moves."""
        self.setFont(theme().font("body", "strong"))
        width = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(CIRCLE + 8 + width + 1, CIRCLE + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw circle and word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(0, (self.height() - CIRCLE) / 2, CIRCLE, CIRCLE)
        self._paint_circle(painter, rect)
        weight = "strong" if self.state == "now" else "medium"
        painter.setFont(theme().font("body", weight))
        color = "text" if self.underMouse() and self.state == "done" else _WORDS[self.state]
        painter.setPen(theme().color(color))
        words = QRect(CIRCLE + 8, 0, self.width() - CIRCLE - 8, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())

    def _paint_circle(self, painter: QPainter, rect: QRectF) -> None:
        now = self.state == "now"
        painter.setPen(QPen(theme().color(_EDGES[self.state]), 1))
        painter.setBrush(theme().color("accent-fill" if now else "raised"))
        painter.drawEllipse(rect.adjusted(0.5, 0.5, -0.5, -0.5))
        if self.state == "done":
            paint_icon(painter, rect.adjusted(4, 4, -4, -4), "check", "accent")
            return
        painter.setFont(theme().font("caption", "strong"))
        colors = {"now": "accent-text", "problem": "bad"}
        painter.setPen(theme().color(colors.get(self.state, "text-muted")))
        mark = "!" if self.state == "problem" else str(self._number)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, mark)


class _Joint(QWidget):
    """The line between two steps."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = False
        self.setFixedSize(LINE, CIRCLE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line."""
        color = theme().color("accent" if self.passed else "border-strong")
        QPainter(self).fillRect(QRectF(0, self.height() // 2, self.width(), 1), color)


class Stepper(QWidget):
    """Steps in a row; `clicked` tells the key of a done or problem step."""

    clicked = Signal(str)

    def __init__(self, steps: list[tuple[str, str]]) -> None:
        super().__init__()
        self._steps: dict[str, _Step] = {}
        self._joints: list[_Joint] = []
        self._row = hbox(gap=8, into=self)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_steps(steps)

    def set_steps(self, steps: list[tuple[str, str]]) -> None:
        """Show these (key, text) steps; states that are known stay."""
        before = self.states()
        clear(self._row)
        self._steps, self._joints = {}, []
        for number, (key, text) in enumerate(steps, 1):
            if number > 1:
                self._joints.append(_Joint())
                self._row.addWidget(self._joints[-1])
            step = _Step(number, text)
            step.clicked.connect(lambda _=False, key=key: self._on_clicked(key))
            self._steps[key] = step
            self._row.addWidget(step)
        self.set_states({key: before.get(key, "later") for key, _ in steps})

    def set_states(self, states: dict[str, str]) -> None:
        """Set steps to done, now, problem or later."""
        for key, state in states.items():
            self._steps[key].set_state(state)
        done = [step.state == "done" for step in self._steps.values()]
        for joint, passed in zip(self._joints, done, strict=False):
            joint.passed = passed
            joint.update()

    def states(self) -> dict[str, str]:
        """Return the state of each step."""
        return {key: step.state for key, step in self._steps.items()}

    def _on_clicked(self, key: str) -> None:
        if self._steps[key].state in ("done", "problem"):
            self.clicked.emit(key)
