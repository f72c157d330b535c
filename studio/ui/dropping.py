"""Files and folders dropped anywhere on the window: a menu offers what can be done with them."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMenu, QWidget

from studio.ui.context import Context
from studio.words import tr


class Dropping(QObject):
    """Watches a window for drops that none of its fields takes."""

    def __init__(self, window: QWidget, context: Context) -> None:
        super().__init__(window)
        self._window, self._context = window, context
        self.menu: QMenu | None = None
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take paths of this computer; leave the rest alone."""
        if isinstance(event, QDropEvent) and _path(event) is not None:
            event.acceptProposedAction()
            if event.type() == QEvent.Type.Drop:
                self._offer(event)
            return True
        return False

    def _offer(self, event: QDropEvent) -> None:
        """Open the menu where the thing was dropped."""
        from studio.ui.opening import offers

        path = _path(event)
        if path is None:
            return
        found = offers(self._context, path)
        if not found:
            text = tr("{name} is no recipe, run, model or data that is known here.", name=path.name)
            self._context.say(text, "info")
            return
        self.menu = QMenu(self._window)
        head = self.menu.addAction(path.name)
        head.setEnabled(False)
        for offer in found:
            self.menu.addAction(offer.text).triggered.connect(offer.act)
        self.menu.addSeparator()
        self.menu.addAction(tr("Cancel"))
        place = event.position().toPoint()
        self.menu.popup(self._window.mapToGlobal(QPoint(place.x(), place.y())))


def _path(event: QDropEvent) -> Path | None:
    """Return the first path that is carried."""
    is_drop = isinstance(event, QDragEnterEvent) or event.type() in (
        QEvent.Type.DragMove,
        QEvent.Type.Drop,
    )
    urls = event.mimeData().urls() if is_drop else []
    found = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
    return found[0] if found else None
