"""The wizard's recipe menu: open, save, copy the terminal command, export a script, start over."""

import shlex
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from studio import recipe as recipes
from studio.errors import DiskError, RecipeError, StudioError
from studio.flow import Draft
from studio.recipe import Recipe
from studio.settings import write_whole
from studio.ui import jobs
from studio.ui.context import Context
from studio.ui.icons import set_icon
from studio.ui.opening import look_at
from studio.words import mark, tr


def terminal_command(file: str | Path) -> str:
    """Return the command that runs a recipe's file."""
    return f"finetune-studio train {shlex.quote(str(file))}"


class RecipeMenu(QMenu):
    """What can be done with the recipe as a file.

    Signals:
        refused(problems): a file that was to be opened is no recipe.
        changed: another recipe is in the making now.
    """

    refused = Signal(list)
    changed = Signal()

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._store = context.store("new_run")
        self._add(tr("Open…"), "folder-open", self.ask_open)
        self._add(tr("Save as…"), "floppy-disk", self.save_as)
        self._add(tr("Copy terminal command"), "terminal-window", self.copy_command)
        self._add(tr("Export as Python script…"), "code", self.export_script)
        self.addSeparator()
        self._add(tr("Start over"), "arrow-counter-clockwise", self.start_over)

    def _add(self, text: str, icon: str, act: object) -> QAction:
        """Add an entry."""
        entry = self.addAction(text)
        set_icon(entry, icon, "text-muted", 16)
        entry.triggered.connect(act)
        return entry

    # Opening

    def ask_open(self) -> None:
        """Ask for a recipe's file and open it."""
        name, _kind = QFileDialog.getOpenFileName(
            self.parentWidget(), tr("Open a recipe"), "", tr("Recipes (*.toml)")
        )
        if name:
            self.open_file(Path(name))

    def open_file(self, file: Path) -> None:
        """Open a recipe; its model and data are looked at in the background."""
        try:
            recipe = recipes.load(file)
        except RecipeError as reason:
            self.refused.emit(reason.problems)
            return
        draft = Draft(recipe=recipe)

        def on_looked(found: Draft) -> None:
            self._store["file"] = str(file)
            self._context.draft = found
            self.changed.emit()
            self._context.open_page("new_run", "review")

        jobs.run(self, lambda: look_at(draft), on_looked, self._context.fail)

    # Writing

    def save_as(self) -> str:
        """Ask for a file and write the recipe; return its path, or nothing."""
        named = self._store.get("file") or f"{self._context.draft.recipe.output.name or 'run'}.toml"
        name, _kind = QFileDialog.getSaveFileName(
            self.parentWidget(), tr("Save the recipe"), named, tr("Recipes (*.toml)")
        )
        return self.save_to(Path(name)) if name else ""

    def save_to(self, file: Path) -> str:
        """Write the recipe's file; return its path, or nothing where the disk refused."""
        file = file if file.suffix else file.with_suffix(".toml")
        if not self._write(file, recipes.dumps(self._context.draft.recipe)):
            return ""
        self._store["file"] = str(file)
        self._context.say(tr("Saved as {file}.", file=file.name))
        return str(file)

    def _write(self, file: Path, text: str) -> bool:
        """Write a text; a disk that refuses is told."""
        try:
            write_whole(file, text)
        except OSError as reason:
            self._context.fail(
                DiskError(
                    mark("{file} cannot be written: {reason}."),
                    mark("Choose another folder."),
                    file=file.name,
                    reason=reason.strerror or reason,
                )
            )
            return False
        return True

    def copy_command(self) -> None:
        """Copy the command that runs this recipe; it needs a file, so it is saved before."""
        file = self._saved_file() or self.save_as()
        if file:
            QGuiApplication.clipboard().setText(terminal_command(file))
            self._context.say(tr("The terminal command is copied."))

    def _saved_file(self) -> str:
        """Return the recipe's file if it holds what the window shows, else nothing."""
        file = self._store.get("file", "")
        try:
            same = bool(file) and recipes.load(file) == self._context.draft.recipe
        except StudioError:
            return ""
        return file if same else ""

    def export_script(self) -> None:
        """Ask for a file and write the run as plain transformers and peft."""
        name, _kind = QFileDialog.getSaveFileName(
            self.parentWidget(), tr("Export as Python script"), "train.py", tr("Python (*.py)")
        )
        if name:
            self.write_script(Path(name))

    def write_script(self, file: Path) -> None:
        """Write the script, or tell why there is none."""
        draft = self._context.draft
        if draft.model is None or draft.data is None:
            text = mark("The script needs a base model and data.")
            self._context.fail(StudioError(text, mark("Choose both in the wizard.")))
            return
        from studio.script import script

        try:
            text = script(draft.recipe, draft.model, draft.data, self._context.machine)
        except StudioError as reason:
            self._context.fail(reason)
            return
        if self._write(file, text):
            self._context.say(tr("Written to {file}.", file=file.name))

    def start_over(self) -> None:
        """Begin with an empty draft; the old one can be had back."""
        before = self._context.draft

        def undo() -> None:
            self._context.draft = before

        self._store.update(step="model", reached=0, file="")
        self._context.draft = Draft(recipe=Recipe())
        self._context.open_page("new_run", "model")
        self._context.say(tr("The wizard is empty again."), "info", tr("Undo"), undo)
