"""Runs: every run of the folder, what came of it, and a comparison of the checked ones."""

from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QMenu, QSplitter, QWidget

from studio.errors import StudioError
from studio.ui.context import Context
from studio.ui.describe import data_name, model_and_method
from studio.ui.pages.runs_cells import cells, heads, matches_state, states
from studio.ui.runs import RunView
from studio.ui.widgets.dialogs import ask
from studio.ui.widgets.fields import ChoiceField, SearchField
from studio.ui.widgets.page import Page
from studio.ui.widgets.tablemodel import Rows
from studio.ui.widgets.tables import Table
from studio.words import tr

MOST = 8  # runs in a comparison; more lines cannot be told apart
_WIDTHS = {0: 40, 1: 168, 3: 156, 4: 90, 5: 92, 6: 104, 7: 112}


class RunsPage(Page):
    """The table above, the comparison below as soon as a run is checked."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(tr("Runs"), scrolls=False)
        self.context = context
        self._kept = context.store("runs")
        self.orders: dict[str, int] = self._kept.setdefault("orders", {})
        self.compare: QWidget | None = None
        self.search = SearchField(tr("Search"))
        self.search.setFixedWidth(208)
        self.states = ChoiceField([("", tr("All states")), *states()])
        self.states.setFixedWidth(120)
        for field in (self.search, self.states):
            self.add_action(field)
        self.search.textChanged.connect(self._show)
        self.states.chosen.connect(self._show)
        self.table = self._new_table()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.table)
        self.body.addWidget(self.splitter, 1)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(lambda: self.ask_delete(self.table.key()))
        context.runs.changed.connect(self._on_runs_changed)

    def _new_table(self) -> Table:
        table = Table(Rows(heads()), stretch=(2,), numbers=(4, 5, 6, 7), widths=_WIDTHS,
                      sortable=True)  # fmt: skip
        table.setAccessibleName(tr("Runs"))
        table.sortByColumn(7, Qt.SortOrder.DescendingOrder)
        table.set_head_check(Qt.CheckState.Unchecked)
        table.head_checked.connect(self._on_head_checked)
        table.rows.checked.connect(self.check)
        table.opened.connect(lambda key: self.context.open_page("live", key))
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._on_menu_asked)
        table.setMinimumHeight(32 + 3 * 36)
        self._empty = table.set_empty("list-bullets", tr("No runs yet"))
        self._empty.acted.connect(self._on_empty_acted)
        return table

    def open(self, argument: str) -> None:
        """Show the runs; an argument is the path of one to select."""
        self._show()
        if argument:
            self.table.choose(argument)

    def showEvent(self, event: QShowEvent) -> None:
        """Show what changed while nobody looked."""
        super().showEvent(event)
        self._show()

    def _on_runs_changed(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        """Fill the table with the runs that search and state let through."""
        views = self.context.runs.list()
        known = {view.path for view in views}
        for path in [path for path in self.orders if path not in known]:
            self.orders.pop(path)
        shown = [view for view in views if self._wanted(view)]
        self.set_title(tr("Runs"), f"{len(views):,}" if views else "")
        self._say_empty(any_run=bool(views))
        self.table.set_rows([(view.path, cells(view, self.orders)) for view in shown])
        self._show_head_check(shown)
        self._show_comparison({view.path: view for view in views})

    def _wanted(self, view: RunView) -> bool:
        """Say whether search and state let a run through."""
        recipe = view.recipe
        data = f"{data_name(recipe)} {recipe.method.name}" if recipe else ""
        words = f"{view.title} {model_and_method(view.recipe)} {data}".casefold()
        found = all(word in words for word in self.search.text().casefold().split())
        return found and matches_state(view, self.states.key())

    def _say_empty(self, any_run: bool) -> None:
        """Say why there are no rows: no run at all, not looked yet, or none that fits."""
        if any_run:
            self._empty.say(tr("No run fits"), tr("Search for less, or show all states."),
                            tr("Show all runs"))  # fmt: skip
        elif not self.context.runs.looked():
            self._empty.say(tr("Reading the runs"))
        else:
            self._empty.say(tr("No runs yet"),
                            tr("Each run appears here with its state, even after the window was "
                               "closed."), tr("New run"))  # fmt: skip

    def _on_empty_acted(self) -> None:
        if self.context.runs.list():
            self.search.clear()
            self.states.set_key("")
            self._show()
        else:
            self.context.open_page("new_run")

    def check(self, path: str, checked: bool) -> None:
        """Take a run into the comparison or out of it; each keeps its line as long as it is in."""
        if not checked:
            self.orders.pop(path, None)
        elif len(self.orders) >= MOST:
            self.context.say(tr("At most {count} runs can be compared.", count=MOST), "info")
        else:
            free = set(range(MOST)) - set(self.orders.values())
            self.orders[path] = min(free)
        self._show()

    def _on_head_checked(self, checked: bool) -> None:
        keys = self.table.rows.keys()[:MOST] if checked else []
        self.orders.clear()
        self.orders.update({key: place for place, key in enumerate(keys)})
        self._show()

    def _show_head_check(self, shown: list[RunView]) -> None:
        checked = sum(view.path in self.orders for view in shown)
        every = checked and checked == len(shown)
        some = Qt.CheckState.PartiallyChecked if checked else Qt.CheckState.Unchecked
        self.table.set_head_check(Qt.CheckState.Checked if every else some)

    def _show_comparison(self, views: dict[str, RunView]) -> None:
        """Show the chart of the checked runs, or nothing where none is checked."""
        chosen = sorted(self.orders, key=lambda path: self.orders[path])
        if not chosen:
            if self.compare is not None:
                self.compare.hide()
            return
        from studio.ui.pages.runs_compare import Compare  # charts are not needed before

        if not isinstance(self.compare, Compare):
            compare = self.compare = Compare()
            compare.open_button.clicked.connect(lambda: self._go("live"))
            compare.try_button.clicked.connect(lambda: self._go("try_it"))
            compare.more_button.clicked.connect(self._on_more_clicked)
            self.splitter.addWidget(compare)
            self.splitter.setSizes([330, 342])
        self.compare.show_runs([views[path] for path in chosen], self.orders)
        self.compare.show()

    def _acting(self) -> str:
        """Return the run that the comparison's buttons mean: the selected, or the first checked."""
        first = sorted(self.orders, key=lambda path: self.orders[path])[:1]
        return self.table.key() or "".join(first)

    def _go(self, page: str) -> None:
        self.context.open_page(page, self._acting())

    def _on_more_clicked(self) -> None:
        button = self.compare.more_button  # type: ignore[union-attr]
        self.menu(self._acting()).popup(button.mapToGlobal(QPoint(0, button.height())))

    def _on_menu_asked(self, place: QPoint) -> None:
        key = self.table.rows.key(self.table.rowAt(place.y()))
        if key:
            self.menu(key).popup(self.table.viewport().mapToGlobal(place))

    def menu(self, path: str) -> QMenu:
        """Return what can be done with a run."""
        view = self.context.runs.view(path)
        go = self.context.open_page
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Open")).triggered.connect(lambda: go("live", path))
        if view.recipe is not None:
            menu.addAction(tr("Open recipe as a new run")).triggered.connect(
                lambda: self._open_recipe(view)
            )
        if view.state.adapter:
            menu.addAction(tr("Try it")).triggered.connect(lambda: go("try_it", path))
            menu.addAction(tr("Export")).triggered.connect(lambda: go("export", path))
        menu.addAction(tr("Show folder")).triggered.connect(lambda: show_folder(path))
        menu.addSeparator()
        delete = menu.addAction(tr("Delete…"))
        delete.setEnabled(not view.living)
        if view.living:
            delete.setText(tr("Delete… (stop it first)"))
        delete.triggered.connect(lambda: self.ask_delete(path))
        return menu

    def _open_recipe(self, view: RunView) -> None:
        from studio.ui.opening import open_recipe

        open_recipe(self.context, view.folder.recipe_file)

    def ask_delete(self, path: str) -> None:
        """Ask, then delete: this cannot be undone."""
        if not path:
            return
        view = self.context.runs.view(path)
        if view.living:
            self.context.say(tr("{run} is being trained: stop it first.", run=view.title), "info")
            return
        answer = ask(
            self,
            tr("Delete {run}?", run=view.title),
            tr("Its adapter, checkpoints, history and exports in {folder} are deleted. "
               "This cannot be undone.", folder=view.folder.name),
            [("keep", tr("Keep"), "default"), ("delete", tr("Delete"), "danger-fill")],
        )  # fmt: skip
        if answer == "delete":
            self.delete(path)

    def delete(self, path: str) -> None:
        """Delete a run and say so."""
        title = self.context.runs.view(path).title
        try:
            self.context.runs.remove(path)
        except StudioError as reason:
            self.context.fail(reason)
            return
        self.context.say(tr("{run} is deleted.", run=title))


def show_folder(path: str) -> None:
    """Show a folder in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))
