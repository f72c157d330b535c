"""Forms: label, field, and what the value means, in one line each."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QSizePolicy, QVBoxLayout, QWidget

from studio.ui.theme import set_props, theme
from studio.ui.widgets.cards import Card
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox
from studio.words import tr

LABEL_WIDTH = 168
FIELD_WIDTH = 152
GAP = 16


class ChangedDot(QAbstractButton):
    """A blue dot: the value differs from the default; a click resets it."""

    def __init__(self) -> None:
        super().__init__()
        tip = tr("Changed from the default; click to reset")
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setFixedSize(14, 20)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the dot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("accent-hover" if self.underMouse() else "accent"))
        painter.drawEllipse(QRectF(4, self.height() / 2 - 3, 6, 6))


class FormRow(QWidget):
    """A label of 168 px, a field, a muted note; an error sentence below when there is one."""

    reset = Signal()

    def __init__(
        self, label: str, field: QWidget, note: str = "", unit: str = "", wide: bool = False
    ) -> None:
        """Build a row; a `wide` field takes the room of the note."""
        super().__init__()
        self.field = field
        self.label = Label(label, wrap=True)
        self.label.setBuddy(field)
        self.note = Label(note, "small", wrap=True)
        self.error = Label("", "error", wrap=True)
        self.dot = ChangedDot()
        self.dot.clicked.connect(self.reset)
        keep = self.dot.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.dot.setSizePolicy(keep)
        self.dot.hide()
        self._build(unit, wide)
        if not field.accessibleName():
            field.setAccessibleName(label)
        if hasattr(field, "error_changed"):
            field.error_changed.connect(self._on_error_changed)

    def _build(self, unit: str, wide: bool) -> None:
        head = QWidget()
        head.setFixedWidth(LABEL_WIDTH)
        names = hbox(self.label, self.dot, None, gap=2, into=head)
        self.label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        names.setStretch(0, 0)
        row = hbox(head, gap=GAP)
        if wide:
            row.addWidget(self.field, 1)
        else:
            self.field.setFixedWidth(FIELD_WIDTH)
            row.addWidget(self.field)
            row.addWidget(self.note, 1)
        if unit:
            row.insertWidget(2, Label(unit, "small"))
        below = hbox(LABEL_WIDTH + GAP, self.error)
        below.setStretch(1, 1)
        column = vbox(row, below, gap=4, into=self)
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetDefaultConstraint)
        self.error.hide()

    def set_changed(self, changed: bool) -> None:
        """Show or hide the blue dot."""
        self.dot.setVisible(changed)

    def set_note(self, text: str) -> None:
        """Say what the value means."""
        self.note.setText(text)

    def set_error(self, text: str) -> None:
        """Show what is wrong below the field; an empty text takes it away."""
        if hasattr(self.field, "set_error"):
            self.field.set_error(text)
        self._on_error_changed(text)

    def _on_error_changed(self, text: str) -> None:
        self.error.setText(text)
        self.error.setVisible(bool(text))


class FormGroup(QFrame):
    """Rows under a title; put several into one FormCard."""

    def __init__(self, title: str, first: bool = True) -> None:
        super().__init__()
        self._head = QFrame()
        self._head.setProperty("part", "group-head")
        self._head.setFixedHeight(32)
        self._title = Label(title, "small-medium")
        hbox(self._title, None, margins=(16, 0, 16, 0), into=self._head)
        self.rows = vbox(gap=8, margins=(16, 12, 16, 12))
        column = vbox(self._head, gap=0, into=self)
        column.addLayout(self.rows)
        self.set_first(first)

    def set_first(self, first: bool) -> None:
        """Round the head of the first group of a card."""
        set_props(self._head, first=first)

    def add(self, row: QWidget) -> None:
        """Add a row."""
        self.rows.addWidget(row)


class FormCard(Card):
    """Form groups one below the other in one card."""

    def __init__(self) -> None:
        super().__init__(margins=0, gap=0)

    def add_group(self, title: str) -> FormGroup:
        """Add a group and return it."""
        group = FormGroup(title, first=self.body.count() == 0)
        self.body.addWidget(group)
        return group
