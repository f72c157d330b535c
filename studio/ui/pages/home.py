"""Home."""

from studio.ui.context import Context
from studio.ui.widgets.page import Page
from studio.words import tr


class HomePage(Page):
    """Where one starts."""

    def __init__(self, context: Context, parent: object = None) -> None:
        super().__init__(tr("Home"))
        self.context = context

    def open(self, argument: str) -> None:
        """Show what is new."""
