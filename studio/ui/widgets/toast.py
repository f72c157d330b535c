"""What just happened: notes at the bottom right that leave by themselves, errors that stay."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPropertyAnimation, QTimer
from PySide6.QtWidgets import QFrame, QGraphicsOpacityEffect, QWidget

from studio.ui.theme import theme
from studio.ui.widgets.banner import COLORS, ICONS
from studio.ui.widgets.buttons import IconButton, Link
from studio.ui.widgets.labels import IconLabel, Label
from studio.ui.widgets.layouts import hbox
from studio.words import tr

WIDTH = 360
EDGE = 24
BOTTOM = 80  # above the footer, whose button must stay in reach
GAP = 8


class Toast(QFrame):
    """One note with at most one action."""

    def __init__(self, parent: QWidget, text: str, kind: str, action: str) -> None:
        super().__init__(parent)
        self.setProperty("part", "toast")
        self.kind, self.text = kind, text
        self.link = Link(action)
        self.link.setVisible(bool(action))
        self.close_button = IconButton("x", tr("Close"), compact=True)
        mark = IconLabel(ICONS[kind], COLORS[kind])
        row = hbox(
            mark,
            Label(text, wrap=True),
            self.link,
            self.close_button,
            gap=8,
            margins=(12, 5, 5, 5),
            into=self,
        )
        row.setStretch(1, 1)
        self.setFixedWidth(min(WIDTH, max(200, parent.width() - 2 * EDGE)))
        self.setAccessibleName(text)
        self.setFixedHeight(max(40, row.heightForWidth(self.width())))

    def fade(self) -> None:
        """Leave slowly, or at once when nothing may move."""
        if not theme().motion("fast"):
            self.deleteLater()
            return
        effect = QGraphicsOpacityEffect(self)
        self.setGraphicsEffect(effect)
        motion = QPropertyAnimation(effect, b"opacity", self)
        motion.setDuration(theme().motion("fast"))
        motion.setStartValue(1.0)
        motion.setEndValue(0.0)
        motion.finished.connect(self.deleteLater)
        motion.start()


class Toaster(QObject):
    """Stacks toasts in the lower right corner of a window, the newest lowest."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._toasts: list[Toast] = []
        window.installEventFilter(self)

    def show(
        self,
        text: str,
        kind: str = "good",
        action: str = "",
        on_action: Callable[[], None] | None = None,
    ) -> Toast:
        """Show a note (good, info, warn, bad); a bad one stays until it is closed."""
        toast = Toast(self._window, text, kind, action)
        toast.close_button.clicked.connect(lambda: self.dismiss(toast))
        if on_action is not None:
            toast.link.clicked.connect(on_action)
        toast.link.clicked.connect(lambda: self.dismiss(toast))
        if kind != "bad":
            timer = QTimer(toast)
            timer.setSingleShot(True)
            timer.timeout.connect(lambda: self.dismiss(toast))
            timer.start(theme().motion("toast"))
        self._toasts.append(toast)
        toast.show()
        self._place()
        return toast

    def toasts(self) -> list[Toast]:
        """Return what is on the screen."""
        return list(self._toasts)

    def dismiss(self, toast: Toast) -> None:
        """Take one away."""
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.fade()
            self._place()

    def _place(self) -> None:
        bottom = self._window.height() - BOTTOM
        for toast in reversed(self._toasts):
            bottom -= toast.height()
            toast.move(self._window.width() - toast.width() - EDGE, bottom)
            toast.raise_()
            bottom -= GAP

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False
