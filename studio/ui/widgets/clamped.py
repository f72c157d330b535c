"""A text that is as high as it needs up to a limit, from where on it scrolls."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QSizePolicy

from studio.ui.widgets.page import scroll


class Clamped(QScrollArea):
    """A wrapped label of at most `most` px: what people paste can be a whole article."""

    def __init__(self, label: QLabel, most: int) -> None:
        super().__init__()
        self._label, self._most = label, most
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        scroll(label, into=self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return the height of the text at the present width, within the limit."""
        height = self._label.heightForWidth(max(1, self.viewport().width()))
        return QSize(0, min(self._most, height))

    def minimumSizeHint(self) -> QSize:
        """Return the same."""
        return self.sizeHint()

    def viewportEvent(self, event: QEvent) -> bool:
        """Ask for another height when the text is another one."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for another height at another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask again: a text that changes out of sight asks for nothing."""
        super().showEvent(event)
        self.updateGeometry()
