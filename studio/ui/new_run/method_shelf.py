"""All methods below the guide: filters, and the gallery or the chart of what they leave."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from studio.methods.catalogue import methods
from studio.ui.new_run.method_delegate import MethodDelegate
from studio.ui.new_run.method_filters import VIEWS, MethodFilters
from studio.ui.new_run.method_rows import Entry, MethodRows, Query
from studio.ui.widgets.gallery import Gallery
from studio.ui.widgets.layouts import vbox
from studio.ui.widgets.states import EmptyState
from studio.words import tr

if TYPE_CHECKING:  # charts take a while to import, and the gallery needs none
    from studio.ui.new_run.evidence_view import EvidenceView

_EMPTY = 160
_IDLE_MS = 8  # between two cards that are painted ahead


class MethodShelf(QWidget):
    """The methods that the filters leave, as cards or as dots.

    Signals:
        taken(key): a method was chosen.
        opened(key): somebody wants to read about a method.
    """

    taken = Signal(str)
    opened = Signal(str)

    def __init__(self, store: dict[str, Any]) -> None:
        super().__init__()
        self._store = store
        self.rows = MethodRows()
        self.filters = MethodFilters(len(methods()))
        self.gallery = Gallery(self.rows)
        self._cards = MethodDelegate(self.gallery)
        self.gallery.setItemDelegate(self._cards)
        self._unseen: list[Entry] = []
        self._idle = QTimer(self)
        self._idle.setInterval(_IDLE_MS)
        self._idle.timeout.connect(self._prepare_card)
        self.gallery.setAccessibleName(tr("All methods"))
        self.evidence: EvidenceView | None = None
        self.empty = EmptyState("magnifying-glass", "")
        self.empty.setFixedHeight(_EMPTY)
        self.empty.hide()
        self._column = vbox(self.filters, self.gallery, self.empty, gap=16, into=self)
        self._connect()
        self.filters.set_query(store.get("query", Query()))
        self.rows.set_query(self.filters.query())
        self.show_view(store.get("view", VIEWS[0]))

    def _connect(self) -> None:
        self.filters.changed.connect(self._on_query_changed)
        self.filters.view_chosen.connect(self.show_view)
        self.gallery.chosen.connect(self.taken)
        self.gallery.opened.connect(self.opened)
        self.empty.acted.connect(self.clear_filters)

    def show_entries(self, entries: list[Entry], on_card: bool) -> None:
        """Show the methods as they are now."""
        here = self.gallery.current_key()
        self.rows.set_entries(entries)
        chosen = next((one.key for one in entries if one.chosen), "")
        self.gallery.go_to(here or chosen)
        self.filters.say_machine(on_card)
        self._show_found()
        self._unseen = list(reversed(entries))
        self._idle.start()

    def _prepare_card(self) -> None:
        """Make one more picture while nothing else is to be done; out of sight it can wait."""
        if self._unseen and self.gallery.isVisible():
            self._cards.prepare(self._unseen.pop())
        else:
            self._idle.stop()

    def show_view(self, view: str) -> None:
        """Show cards or the chart."""
        self._store["view"] = view
        self.filters.view.set_key(view)
        if view == "chart" and self.evidence is None:
            self.evidence = self._make_evidence()
        self._show_found()

    def _make_evidence(self) -> "EvidenceView":
        """Make the chart when it is first wanted."""
        from studio.ui.new_run.evidence_view import EvidenceView

        made = EvidenceView()
        made.opened.connect(self.opened)
        self._column.addWidget(made)
        return made

    def go_to(self, key: str) -> None:
        """Put the focus on a method's card, or on the chart where that is shown."""
        chart = self._store["view"] == "chart"
        self.gallery.go_to(key or self.gallery.current_key())
        (self.evidence.chart if chart and self.evidence else self.gallery).setFocus()

    def clear_filters(self) -> None:
        """Show all methods."""
        self.filters.set_query(Query())
        self._on_query_changed()

    def _on_query_changed(self) -> None:
        query = self._store["query"] = self.filters.query()
        here = self.gallery.current_key()
        self.rows.set_query(query)
        self.gallery.go_to(here)
        self._show_found()

    def _show_found(self) -> None:
        """Say how many there are, and show them in the chosen view."""
        keys = self.rows.keys()
        self.filters.say_found(len(keys), self.rows.total())
        chart = self._store["view"] == "chart"
        shown = bool(keys)
        if chart and self.evidence is not None:
            self.evidence.show_points(keys)
            shown = bool(self.evidence.points())
        self.gallery.setVisible(not chart and shown)
        if self.evidence is not None:
            self.evidence.setVisible(chart and shown)
        self._say_empty(bool(keys))
        self.empty.setVisible(not shown and self.rows.total() > 0)

    def _say_empty(self, unmeasured: bool) -> None:
        """Say why nothing is shown: no method is left, or none of those that are was measured."""
        title, text = tr("No method is like that"), ""
        if unmeasured:
            title = tr("None of these methods was measured")
            text = tr("PEFT's published comparison has no figures of them.")
        self.empty.say(title, text, tr("Clear the filters"))
