"""Keys of the whole window, the menu bar that names them, and the list of all keys."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from studio.ui.widgets.fields import SearchField
from studio.words import tr

if TYPE_CHECKING:
    from studio.ui.window import MainWindow

PAGES = ("home", "new_run", "runs", "try_it", "export")


class Keys(QObject):
    """Shortcuts and menus of one window; made anew with it for another language."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._alt_alone = False
        self._actions: list[QAction] = []
        bar = window.menuBar()
        bar.clear()
        self._fill_file(bar.addMenu(tr("&File")))
        self._fill_go(bar.addMenu(tr("&Go")))
        self._fill_help(bar.addMenu(tr("&Help")))
        if sys.platform != "darwin":
            bar.hide()  # macOS has its bar at the top of the screen; elsewhere Alt shows it
            window.installEventFilter(self)  # Alt comes up to it from whatever has the focus

    def remove(self) -> None:
        """Take the keys away before others are made."""
        for action in self._actions:
            self._window.removeAction(action)
        self.deleteLater()

    def _add(self, menu: QMenu, text: str, keys: str, act: Callable[[], object]) -> QAction:
        """Add one entry that works while the menu is hidden too."""
        action = menu.addAction(text)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(act)
        self._window.addAction(action)
        self._actions.append(action)
        return action

    def _fill_file(self, menu: QMenu) -> None:
        go = self._window.context.open_page
        self._add(menu, tr("New run"), "Ctrl+N", lambda: go("new_run"))
        self._add(menu, tr("Open a recipe…"), "Ctrl+O", self.open_recipe)
        menu.addSeparator()
        settings = self._add(menu, tr("Settings"), "Ctrl+,", lambda: go("settings"))
        settings.setMenuRole(QAction.MenuRole.PreferencesRole)
        leave = self._add(menu, tr("Quit"), "Ctrl+Q", self._window.close)
        leave.setMenuRole(QAction.MenuRole.QuitRole)

    def _fill_go(self, menu: QMenu) -> None:
        go = self._window.context.open_page
        words = (tr("Home"), tr("New run"), tr("Runs"), tr("Try it"), tr("Export"))
        for number, (page, word) in enumerate(zip(PAGES, words, strict=True), start=1):
            self._add(menu, word, f"Ctrl+{number}", partial(_go_to, go, page))
        menu.addSeparator()
        self._add(menu, tr("Next region"), "F6", self.next_region)
        self._add(menu, tr("Search"), "Ctrl+F", self.focus_search)

    def _fill_help(self, menu: QMenu) -> None:
        self._add(menu, tr("All shortcuts"), "Ctrl+/", self.show_list)

    def open_recipe(self) -> None:
        """Ask for a recipe's file and open it in the wizard."""
        from studio.ui.opening import open_recipe

        name, _kind = QFileDialog.getOpenFileName(
            self._window, tr("Open a recipe"), "", tr("Recipes (*.toml)")
        )
        if name:
            open_recipe(self._window.context, Path(name))

    def next_region(self) -> None:
        """Move the focus from the rail to the page and back."""
        rail = self._window.rail
        if rail.isAncestorOf(QApplication.focusWidget() or self._window):
            page = self._page()
            target = next((w for w in page.findChildren(QWidget) if _takes_tab(w)), page)
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            rail.focus_current()

    def _page(self) -> QWidget:
        """Return the page that is shown."""
        return self._window.stack.currentWidget() or self._window

    def focus_search(self) -> None:
        """Go to the page's search field, where it has one."""
        fields = self._page().findChildren(SearchField)
        found = next((field for field in fields if field.isVisible()), None)
        if found is not None:
            found.setFocus(Qt.FocusReason.ShortcutFocusReason)
            found.selectAll()

    def show_list(self) -> None:
        """Show every key in a sheet over the window."""
        from studio.ui.keylist import KeyList

        KeyList(self._window, self.pairs()).show()

    def pairs(self) -> list[tuple[str, str]]:
        """Return (what it does, its keys) of the window's own shortcuts."""
        native = QKeySequence.SequenceFormat.NativeText
        return [
            (action.text(), action.shortcut().toString(native))
            for action in self._actions
            if not action.shortcut().isEmpty()
        ]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the menu bar when Alt alone is let go, and hide it at the next press."""
        if isinstance(event, QKeyEvent):
            alone = event.type() == QEvent.Type.KeyRelease and event.key() == Qt.Key.Key_Alt
            if alone and self._alt_alone:
                bar = self._window.menuBar()
                bar.setVisible(not bar.isVisible())
            if event.type() == QEvent.Type.KeyPress:
                self._alt_alone = event.key() == Qt.Key.Key_Alt
        return False


def _go_to(go: Callable[[str], None], page: str, _checked: bool = False) -> None:
    """Open a page; menus tell a check mark besides, which means nothing here."""
    go(page)


def _takes_tab(widget: QWidget) -> bool:
    """Say whether Tab would stop at a widget."""
    policy = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return policy and widget.isVisible() and widget.isEnabled()
