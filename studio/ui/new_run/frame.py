"""A QWizard without anything of a dialog: the pages alone."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QWidget, QWizard, QWizardPage

from studio.flow import STEPS
from studio.ui.widgets.layouts import vbox


class WizardFrame(QWizard):
    """A QWizard as a plain child: no frame, no buttons of its own, no keys of a dialog."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setWizardStyle(QWizard.WizardStyle.ClassicStyle)
        self.setOption(QWizard.WizardOption.NoDefaultButton)
        self._hosts = [self._add_host(place) for place in range(len(STEPS))]
        self.setStartId(0)
        self.restart()
        self.setButtonLayout([])  # before the first page is shown QWizard counts below zero

    def _add_host(self, place: int) -> QWizardPage:
        """Add an empty page that a step is put into when it is first needed."""
        host = QWizardPage()
        room = QSizePolicy.Policy.Expanding  # or QWizard puts a stretch below the page
        host.setSizePolicy(room, room)
        host.setMinimumHeight(8)  # with empty pages QWizard asks for sizes below zero
        vbox(gap=0, into=host)
        self.setPage(place, host)
        return host

    def put(self, place: int, step: QWidget) -> None:
        """Fill a page."""
        layout = self._hosts[place].layout()
        assert layout is not None
        layout.addWidget(step)

    def reject(self) -> None:
        """Stay: a page is not a dialog, Esc does not close it."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys to the page."""
        event.ignore()
