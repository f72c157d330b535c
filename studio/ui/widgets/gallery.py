"""A gallery: one list view whose items are cards in equal columns, as high as its rows."""

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QScrollArea, QSizePolicy

from studio.ui.focus import KEYS
from studio.ui.widgets.tablemodel import KEY_ROLE, Index

LEAST, GAP = 208, 12
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_Action = QAbstractItemView.CursorAction


class Gallery(QListView):
    """Cards in as many equal columns as fit when none is narrower than `least` px.

    The delegate paints a card into `card_rect(row)`; its `sizeHint` gives the height. The view
    never scrolls: it stands in a page that does. It is one stop of the Tab key.

    Signals:
        chosen(key): a click, Enter or Space.
        opened(key): a double click, or Enter on the card that is chosen already.
    """

    chosen = Signal(str)
    opened = Signal(str)

    def __init__(self, model: QAbstractListModel, least: int = LEAST, gap: int = GAP) -> None:
        super().__init__()
        self._least, self._gap = least, gap
        self.columns = 1
        self.hovered = -1
        self.ringed = False
        self._configure()
        self.setModel(model)
        model.modelReset.connect(self.fit)
        self.clicked.connect(self._on_clicked)
        self.doubleClicked.connect(self._on_double_clicked)

    def _configure(self) -> None:
        self.setProperty("framed", False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSpacing(0)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def card_rect(self, row: int) -> QRect:
        """Return where a card stands: the outer ones touch the edges, gaps lie between."""
        wide = (self.viewport().width() + self._gap) / self.columns
        column, high = row % self.columns, self.gridSize().height()
        left, right = round(column * wide), round((column + 1) * wide) - self._gap
        return QRect(left, row // self.columns * high, right - left, high - self._gap)

    def visualRect(self, index: Index) -> QRect:
        """Return a card's place to the view itself, to tool tips and to screen readers."""
        return self.card_rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        """Return the card under a point; gaps belong to none."""
        rows = range(self.model().rowCount())
        hit = next((row for row in rows if self.card_rect(row).contains(point)), -1)
        return self.model().index(hit, 0) if hit >= 0 else QModelIndex()

    def fit(self) -> None:
        """Take the columns that the width allows and the height that the rows need."""
        width, count = self.viewport().width(), self.model().rowCount()
        self.columns = max(1, (width + self._gap) // (self._least + self._gap))
        high = self.sizeHintForRow(0) + self._gap if count else self._gap
        # The list breaks a line before a cell that ends at its very edge.
        self.setGridSize(QSize(max(1, width // self.columns - 1), high))
        rows = -(-count // self.columns)
        self.setFixedHeight(max(0, rows * high - self._gap))

    def current_key(self) -> str:
        """Return the key of the card that the keyboard is at, or ""."""
        return str(self.currentIndex().data(KEY_ROLE) or "")

    def index_of(self, key: str) -> QModelIndex:
        """Return where a key stands, or an index that is not valid."""
        model = self.model()
        places = (model.index(row, 0) for row in range(model.rowCount()))
        return next((one for one in places if one.data(KEY_ROLE) == key), QModelIndex())

    def go_to(self, key: str) -> None:
        """Let the keyboard begin at a card."""
        self.setCurrentIndex(self.index_of(key))

    def minimumSizeHint(self) -> QSize:
        """Return the width of one column."""
        return QSize(self._least, 0)

    def moveCursor(self, action: _Action, _keys: Qt.KeyboardModifier) -> QModelIndex:
        """Go to the next card with the arrows, a row at a time up and down."""
        last = self.model().rowCount() - 1
        here = max(0, self.currentIndex().row())
        steps = {
            _Action.MoveLeft: -1,
            _Action.MovePrevious: -1,
            _Action.MoveRight: 1,
            _Action.MoveNext: 1,
            _Action.MoveUp: -self.columns,
            _Action.MoveDown: self.columns,
            _Action.MovePageUp: -3 * self.columns,
            _Action.MovePageDown: 3 * self.columns,
            _Action.MoveHome: -here,
            _Action.MoveEnd: last - here,
        }
        there = here + steps.get(action, 0)
        return self.model().index(there if 0 <= there <= last else here, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose with Enter or Space; other keys move and show where one is."""
        self._ring(True)
        key = self.current_key()
        if event.key() in _ENTER and not event.modifiers() and key:
            (self.opened if self.is_chosen(key) else self.chosen).emit(key)
        elif event.key() == Qt.Key.Key_Space and key:
            self.chosen.emit(key)
        else:
            super().keyPressEvent(event)

    def is_chosen(self, key: str) -> bool:
        """Tell whether a card is the chosen one, as its check state says."""
        state = self.index_of(key).data(Qt.ItemDataRole.CheckStateRole)
        return state is not None and Qt.CheckState(state) == Qt.CheckState.Checked

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Let the page scroll to the card that the keyboard is at."""
        super().currentChanged(current, previous)
        self.viewport().update()
        area = self._page()
        body = area.widget() if area is not None else None
        if self.hasFocus() and area is not None and body is not None and current.isValid():
            card = self.card_rect(current.row())
            place = self.viewport().mapTo(body, card.center())
            area.ensureVisible(place.x(), place.y(), 0, card.height() // 2 + self._gap)

    def _page(self) -> QScrollArea | None:
        """Return the scroll area that the gallery stands in."""
        widget = self.parentWidget()
        while widget is not None and not isinstance(widget, QScrollArea):
            widget = widget.parentWidget()
        return widget

    def scrollTo(self, index: Index, hint: object = None) -> None:
        """Stay: everything is shown."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page."""
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Follow the width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Ring the card that the keyboard is at when the keyboard brought the focus."""
        super().focusInEvent(event)
        self._ring(event.reason() in KEYS)
        if not self.currentIndex().isValid():
            self.setCurrentIndex(self.model().index(0, 0))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away."""
        super().focusOutEvent(event)
        self._ring(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the ring away; the card acts when the button is let go."""
        self._ring(False)
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        """Follow the pointer from card to card."""
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._hover(self.indexAt(event.position().toPoint()).row())
        elif event.type() == QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, row: int) -> None:
        before, self.hovered = self.hovered, row
        for one in {before, row} - {-1}:
            self.viewport().update(self.card_rect(one))

    def _ring(self, ringed: bool) -> None:
        if ringed != self.ringed:
            self.ringed = ringed
            self.viewport().update()

    def _on_clicked(self, index: QModelIndex) -> None:
        self.chosen.emit(str(index.data(KEY_ROLE)))

    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(str(index.data(KEY_ROLE)))
