"""The shell of a page: header, body, side panel or drawer, footer."""

from PySide6.QtCore import QEasingCurve, QPoint, QPropertyAnimation, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.ui.theme import set_props, theme
from studio.ui.widgets.buttons import IconButton
from studio.ui.widgets.labels import Label
from studio.ui.widgets.layouts import hbox, vbox
from studio.ui.widgets.rail import NARROW_WINDOW
from studio.words import tr

EDGE = 24


def scroll(body: QWidget, into: QScrollArea | None = None) -> QScrollArea:
    """Return a frameless area that scrolls downwards only; `into` takes one that is there."""
    area = into or QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    body.setProperty("part", "scroll-body")
    area.setWidget(body)
    area.viewport().setAutoFillBackground(False)
    return area


class Page(QWidget):
    """A page; put blocks into `body`, widgets between header and body into `top`."""

    def __init__(
        self, title: str = "", subtitle: str = "", scrolls: bool = True, lined: bool = False
    ) -> None:
        super().__init__()
        self.setProperty("part", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = Label(title, "title")
        self.title.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.subtitle = Label(subtitle, "muted", elide=True)
        self._side: QFrame | None = None
        self._drawer = self._open = False
        self._motion: QPropertyAnimation | None = None
        self.body: QVBoxLayout = vbox(gap=16)
        self.top: QVBoxLayout = vbox(gap=0)
        self._build_header(lined)
        self._build(scrolls, lined)

    def _build_header(self, lined: bool) -> None:
        self.header = QFrame()
        self.header.setProperty("part", "header")
        self.header.setProperty("lined", lined)
        self.header.setFixedHeight(theme().height("header"))
        self._chips: QHBoxLayout = hbox(gap=8)
        self._actions: QHBoxLayout = hbox(gap=12)
        self._panel_button = IconButton("square-half", tr("Show the side panel"), framed=True)
        self._panel_button.clicked.connect(self._on_panel_clicked)
        self._panel_button.hide()
        row = hbox(self.title, self._chips, self.subtitle, gap=12, margins=(EDGE, 0, EDGE, 0))
        row.setStretch(2, 1)
        row.addLayout(self._actions)
        row.addWidget(self._panel_button)
        self.header.setLayout(row)

    def _build(self, scrolls: bool, lined: bool) -> None:
        holder = QWidget()
        holder.setLayout(self.body)
        self.body.setContentsMargins(EDGE, EDGE if lined else 0, EDGE, EDGE)
        self._content = scroll(holder) if scrolls else holder
        self._left = vbox(self.top, self._content, gap=0)
        self._left.setStretch(1, 1)
        self._middle: QHBoxLayout = hbox(self._left, gap=0)
        self._middle.setStretch(0, 1)
        self._column = vbox(self.header, self._middle, gap=0, into=self)
        self._column.setStretch(1, 1)

    def set_title(self, title: str, subtitle: str = "") -> None:
        """Change the words of the header."""
        self.title.setText(title)
        self.subtitle.setText(subtitle)

    def add_chip(self, chip: QWidget) -> None:
        """Put a state beside the title."""
        self._chips.addWidget(chip)

    def add_action(self, button: QWidget) -> None:
        """Put a button at the right of the header, the main one last."""
        self._actions.addWidget(button)

    def hide_header(self) -> None:
        """Go without the header: the page brings its own."""
        self.header.hide()
        self.body.setContentsMargins(EDGE, EDGE, EDGE, EDGE)

    def limit_width(self) -> None:
        """Keep forms and text from growing wider than they can be read."""
        holder = self.body.parentWidget()
        if holder is not None:
            holder.setMaximumWidth(theme().width("page-max"))

    def set_footer(self, *items: QWidget | None) -> QFrame:
        """Put widgets into a footer of 64 px; None is a stretch. Return the footer."""
        footer = QFrame()
        footer.setProperty("part", "footer")
        footer.setFixedHeight(theme().height("footer"))
        hbox(*items, gap=8, margins=(EDGE, 0, EDGE, 0), into=footer)
        self._column.addWidget(footer)
        return footer

    def set_side(self, content: QWidget, width: int = 0, scrolls: bool = True) -> QFrame:
        """Put a panel at the right, 352 px unless told; a drawer in narrow windows."""
        side = QFrame()
        side.setProperty("part", "side")
        side.setFixedWidth(width or theme().width("side"))
        vbox(scroll(content) if scrolls else content, gap=0, margins=(1, 0, 0, 0), into=side)
        self._side = side
        self._middle.addWidget(side)
        self._adapt()
        return side

    def is_drawer(self) -> bool:
        """Tell whether the side panel is a drawer at this width."""
        return self._drawer

    def open_side(self, opened: bool = True) -> None:
        """Open or close the drawer; without one nothing happens."""
        if self._side is None or not self._drawer or opened == self._open:
            return
        self._open = opened
        self._panel_button.setVisible(True)
        self._place_drawer(moving=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn the side panel into a drawer and back."""
        super().resizeEvent(event)
        self._adapt()

    def showEvent(self, event: QShowEvent) -> None:
        """Adapt to the window that the page now stands in."""
        super().showEvent(event)
        self._adapt()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the drawer on Esc."""
        if event.key() == Qt.Key.Key_Escape and self._drawer and self._open:
            self.open_side(False)
            return
        super().keyPressEvent(event)

    def _on_panel_clicked(self) -> None:
        self.open_side(not self._open)

    def _adapt(self) -> None:
        if self._side is None:
            return
        narrow = self.window().width() < NARROW_WINDOW
        if narrow != self._drawer:
            self._drawer, self._open = narrow, False
            self._panel_button.setVisible(narrow)
            if narrow:
                self._middle.removeWidget(self._side)
                self._side.setParent(self)
            else:
                self._middle.addWidget(self._side)
                self._side.show()
            set_props(self._side, drawer=narrow)
        if self._drawer:
            self._place_drawer(moving=False)

    def _place_drawer(self, moving: bool) -> None:
        assert self._side is not None
        area = self._middle.geometry()
        width = self._side.maximumWidth()
        self._side.resize(width, area.height())
        opened = QPoint(self.width() - width, area.top())
        closed = QPoint(self.width(), area.top())
        if not moving or not theme().motion("drawer"):
            self._side.move(opened if self._open else closed)
            self._side.setVisible(self._open)
        else:
            self._slide(closed if self._open else opened, opened if self._open else closed)
        self._side.raise_()

    def _slide(self, start: QPoint, end: QPoint) -> None:
        assert self._side is not None
        side, opened = self._side, self._open
        side.move(start)
        side.show()
        self._motion = QPropertyAnimation(side, b"pos", self)
        self._motion.setDuration(theme().motion("drawer"))
        self._motion.setStartValue(start)
        self._motion.setEndValue(end)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.finished.connect(
            lambda: side.setVisible(self._open if self._drawer else opened)
        )
        self._motion.start()
