"""Where to read more about a method: addresses open in the browser, and only when clicked."""

from collections.abc import Callable

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from studio.methods.catalogue import Method
from studio.ui.widgets.buttons import Link
from studio.ui.widgets.layouts import clear, hbox
from studio.words import tr


class Links(QWidget):
    """The paper and PEFT's documentation, and what else is put before them."""

    def __init__(self, *before: Link) -> None:
        super().__init__()
        self._row = hbox(gap=16)
        hbox(*before, self._row, None, gap=16, into=self)

    def show_method(self, method: Method) -> None:
        """Offer what can be read about a method."""
        clear(self._row)
        for text, address in ((tr("Paper"), method.paper), (tr("Documentation"), method.docs)):
            if address:
                self._row.addWidget(address_link(text, address))

    def links(self) -> list[Link]:
        """Return the links to the paper and the documentation."""
        found = [self._row.itemAt(place) for place in range(self._row.count())]
        return [one.widget() for one in found if one is not None]  # type: ignore[misc]


def address_link(text: str, address: str) -> Link:
    """Return words that open an address in the browser."""
    link = Link(text, small=True)
    link.setToolTip(address)
    link.clicked.connect(_opener(address))
    return link


def _opener(address: str) -> Callable[[], None]:
    """Return what opens an address."""

    def open_address() -> None:
        QDesktopServices.openUrl(QUrl(address))

    return open_address
