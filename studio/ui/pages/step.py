"""What the steps of the wizard share: head, body, where a problem is shown, side panel."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio import flow
from studio.errors import Problem
from studio.ui.context import Context
from studio.ui.widgets.banner import Banner
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, holder, vbox
from studio.ui.widgets.page import EDGE, scroll

_TOP = 20


class Step(QWidget):
    """One step: it edits `context.draft`, calls `context.touch()`, and says what is missing.

    A subclass sets `key`, fills `body`, names its fields in `fields` by their path in the recipe,
    and overrides `refresh`. Everything else may stay.

    Signals:
        side_done: what the side panel was wanted for is shown in the step now.
    """

    side_done = Signal()
    key = ""

    def __init__(self, context: Context, title: str, subtitle: str = "", scrolls: bool = True):
        super().__init__()
        self.context = context
        self.fields: dict[str, QWidget] = {}
        self.body: QVBoxLayout = vbox(gap=16)
        self.title = Label(title, "title", wrap=True)
        self.subtitle = Label(subtitle, "muted", wrap=True)
        self.subtitle.setVisible(bool(subtitle))
        self.alert = Banner("bad", "")
        self.alert.hide()
        self._alerted: Problem | None = None
        self._actions: QHBoxLayout = hbox(gap=8)
        self._build(scrolls)

    def _build(self, scrolls: bool) -> None:
        """Lay head, alert and body out, below one another."""
        self._words: QVBoxLayout = vbox(self.title, self.subtitle, gap=4)
        head = hbox(self._words, self._actions, gap=12)
        head.setStretch(0, 1)
        head.setAlignment(self._actions, Qt.AlignmentFlag.AlignVCenter)
        margins = (EDGE, _TOP, EDGE, EDGE)
        column = vbox(head, self.alert, self.body, gap=16, margins=margins)
        column.setStretch(2, 1)
        content = holder(column)
        vbox(scroll(content) if scrolls else content, gap=0, into=self)

    def set_head(self, title: str, subtitle: str = "") -> None:
        """Say something else at the top of the step."""
        self.title.setText(title)
        self.subtitle.setText(subtitle)
        self.subtitle.setVisible(bool(subtitle))

    def add_above(self, widget: QWidget) -> None:
        """Put something above the title, such as a way back."""
        self._words.insertWidget(0, widget, 0, Qt.AlignmentFlag.AlignLeft)

    def add_action(self, widget: QWidget) -> None:
        """Put something at the right of the head."""
        self._actions.addWidget(widget)

    # What a step may say otherwise:

    def side(self) -> QWidget | None:
        """Return the content of the side panel with margins of 24, made once; None: no panel."""
        return None

    def enter(self) -> None:
        """Get ready to be seen: called each time the step is shown, after that `refresh`."""

    def refresh(self) -> None:
        """Show the draft as it is now: called while seen, 50 ms after the draft changed."""

    def problems(self) -> list[Problem]:
        """Return what is missing here, the first one first to be seen to."""
        return flow.problems(self.context.draft, self.key, self.context.machine, self.context.use)

    def first_field(self) -> QWidget | None:
        """Return what takes the focus when the step is opened: the first empty field."""
        return next(iter(self.fields.values()), None)

    def next_text(self) -> str:
        """Return the words of the primary button; "" names the next step."""
        return ""

    def next_icon(self) -> str:
        """Return the icon of the primary button."""
        return ""

    def footer_note(self) -> str:
        """Return a sentence that stands in the footer in place of memory and time."""
        return ""

    def finish(self) -> None:
        """Act on the primary button of the last step; nothing is missing then."""

    # What the wizard calls:

    def show_problem(self, problem: Problem) -> None:
        """Say what is wrong, above the body or at the field, and go to the field."""
        field = self.fields.get(problem.field)
        self._alerted = problem
        if field is not None and hasattr(field, "set_error"):
            field.set_error(problem.sentence())
        self.alert.set("bad", problem.sentence(), problem.step())
        self.alert.show()
        if field is not None:
            field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def clear_problem(self) -> None:
        """Take the sentence away; called when the draft changed and the problem with it."""
        if self._alerted is None or self._alerted in self.problems():
            return
        field = self.fields.get(self._alerted.field)
        if field is not None and hasattr(field, "set_error"):
            field.set_error("")
        self._alerted = None
        self.alert.hide()

    def focus_first(self) -> None:
        """Put the focus where work begins."""
        target = self.first_field()
        if target is not None:
            target.setFocus(Qt.FocusReason.OtherFocusReason)
