"""The buttons of the page's header: which there are depends on the state of the run."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from studio.runs.state import LIVING, RunState
from studio.ui.widgets.buttons import Button, IconButton
from studio.words import tr


class Actions(QObject):
    """Makes the buttons and shows those that can act; `pressed` tells which.

    Keys: sample, pause, resume, stop, start, go_on, try_it, export, reuse, folder, output.
    """

    pressed = Signal(str)

    def __init__(self, parent: QObject, add: Callable[[Button], None]) -> None:
        super().__init__(parent)
        self._buttons: dict[str, Button] = {}
        self._waits: set[str] = set()
        self._make(add, "reuse", Button(tr("Open as new run"), "default", "plus-circle"))
        self._make(add, "sample", Button(tr("Sample now"), "quiet", "chat-text"))
        self._make(add, "pause", Button(tr("Pause"), "default", "pause"))
        self._make(add, "resume", Button(tr("Go on"), "default", "play"))
        self._make(add, "go_on", Button(tr("Go on training"), "default", "play"))
        self._make(add, "stop", Button(tr("Stop…"), "danger", "square"))
        self._make(add, "start", Button(tr("Start"), "primary", "play"))
        self._make(add, "try_it", Button(tr("Try it"), "default", "chat-text"))
        self._make(add, "export", Button(tr("Export"), "primary", "package"))
        self._more(add)

    def _make(self, add: Callable[[Button], None], key: str, button: Button) -> None:
        button.clicked.connect(lambda: self.pressed.emit(key))
        self._buttons[key] = button
        button.hide()
        add(button)

    def _more(self, add: Callable[[Button], None]) -> None:
        """Make the menu of what is seldom wanted."""
        more = IconButton("dots-three", tr("More"), framed=True)
        menu = QMenu(more)
        menu.addAction(tr("Open as new run"), lambda: self.pressed.emit("reuse"))
        menu.addAction(tr("Run folder"), lambda: self.pressed.emit("folder"))
        menu.addAction(tr("Output of the training process"), lambda: self.pressed.emit("output"))
        more.clicked.connect(lambda: menu.popup(more.mapToGlobal(more.rect().bottomLeft())))
        self._buttons["more"] = more
        more.hide()
        add(more)

    def show_for(self, state: RunState, usable: bool) -> None:
        """Show what can be done now; `usable`: there is a result to try and export."""
        name = state.name
        wanted = {
            "queued": {"start", "more"},
            "starting": {"stop"},
            "training": {"sample", "pause", "stop"},
            "paused": {"sample", "resume", "stop"},
            "finished": {"more"},
            "stopped": {"more", "go_on"},
        }.get(name, {"reuse", "more"})
        if usable and name in ("finished", "stopped"):
            wanted |= {"try_it", "export"}
        if name not in LIVING:
            self._waits.clear()
        for key, button in self._buttons.items():
            button.setVisible(key in wanted)
            button.set_busy(key in self._waits)

    def button(self, key: str) -> Button | None:
        """Return one button; None for a request that has none."""
        return self._buttons.get(key)

    def wait_for(self, key: str, waits: bool = True) -> None:
        """Turn a button's spinner until the worker has answered."""
        (self._waits.add if waits else self._waits.discard)(key)
        self._buttons[key].set_busy(waits)

    def waits(self, key: str) -> bool:
        """Say whether the worker has not answered yet."""
        return key in self._waits

    def can(self, key: str) -> bool:
        """Say whether a button is there and takes clicks."""
        return not self._buttons[key].isHidden() and key not in self._waits
