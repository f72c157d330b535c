"""Empty, busy and problem: what a table, a chart or a page shows when it has nothing else."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from studio.ui.widgets.buttons import Button
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hbox, vbox
from studio.ui.widgets.spinner import Spinner
from studio.words import tr

ICON = 20
TEXT_WIDTH = 480


class _State(QWidget):
    """An icon, one line, one muted line, one button, in the middle."""

    acted = Signal()

    def __init__(self, mark: QWidget, title: str, text: str, action: str) -> None:
        super().__init__()
        self.title = Label(title, "strong", wrap=True)
        self.text = Label(text, "muted", wrap=True)
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setMaximumWidth(TEXT_WIDTH)
        self.button = Button(action, compact=True)
        self.button.clicked.connect(self.acted)
        self.text.setVisible(bool(text))
        self.button.setVisible(bool(action))
        vbox(
            None,
            hbox(None, mark, None),
            hbox(self.title, gap=0),
            hbox(self.text, gap=0),
            2,
            hbox(None, self.button, None),
            None,
            gap=8,
            margins=12,
            into=self,
        )

    def say(self, title: str, text: str = "", action: str = "") -> None:
        """Say something else."""
        self.title.setText(title)
        self.text.setText(text)
        self.button.setText(action)
        self.text.setVisible(bool(text))
        self.button.setVisible(bool(action))


class EmptyState(_State):
    """Nothing here yet, and how to begin."""

    def __init__(self, icon: str, title: str, text: str = "", action: str = "") -> None:
        super().__init__(IconLabel(icon, "text-muted", ICON), title, text, action)


class BusyState(_State):
    """Work of unknown length; `acted` is Cancel."""

    def __init__(self, text: str, detail: str = "", can_cancel: bool = False) -> None:
        super().__init__(Spinner(ICON), text, detail, tr("Cancel") if can_cancel else "")


class ProblemState(_State):
    """What went wrong and the next step."""

    def __init__(self, text: str, next_step: str = "", action: str = "") -> None:
        super().__init__(IconLabel("x-circle", "bad", ICON), text, next_step, action)


class StateStack(QStackedWidget):
    """A content that gives way to its empty, busy or problem state.

    `acted` tells which state's button was clicked: empty, busy or problem.
    """

    acted = Signal(str)

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._empty = EmptyState("list-bullets", "")
        self._busy = BusyState("")
        self._problem = ProblemState("")
        for widget in (content, self._empty, self._busy, self._problem):
            self.addWidget(widget)
        self._empty.acted.connect(lambda: self.acted.emit("empty"))
        self._busy.acted.connect(lambda: self.acted.emit("busy"))
        self._problem.acted.connect(lambda: self.acted.emit("problem"))

    def show_ready(self) -> None:
        """Show the content."""
        self.setCurrentIndex(0)

    def show_empty(self, icon: str, title: str, text: str = "", action: str = "") -> None:
        """Say that there is nothing yet."""
        fresh = EmptyState(icon, title, text, action)
        fresh.acted.connect(lambda: self.acted.emit("empty"))
        self.insertWidget(1, fresh)
        self.removeWidget(self._empty)
        self._empty.deleteLater()
        self._empty = fresh
        self.setCurrentWidget(fresh)

    def show_busy(self, text: str, detail: str = "", can_cancel: bool = False) -> None:
        """Say what is being done."""
        self._busy.say(text, detail, tr("Cancel") if can_cancel else "")
        self.setCurrentWidget(self._busy)

    def show_problem(self, text: str, next_step: str = "", action: str = "") -> None:
        """Say what went wrong."""
        self._problem.say(text, next_step, action)
        self.setCurrentWidget(self._problem)

    def state(self) -> str:
        """Return ready, empty, busy or problem."""
        return ("ready", "empty", "busy", "problem")[self.currentIndex()]
