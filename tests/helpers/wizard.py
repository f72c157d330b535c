"""The wizard in a window, and how a test waits for what it reads in the background."""

from pathlib import Path
from typing import Any

from pytestqt.qtbot import QtBot

from studio.flow import Draft
from studio.models.inspect import inspect
from studio.recipe import Recipe
from studio.survey import survey_data
from studio.ui.context import Context
from studio.ui.pages.new_run import NewRunPage
from studio.ui.window import MainWindow


def open_step(window: MainWindow, qtbot: QtBot, step: str) -> Any:
    """Show a step of the wizard and return it."""
    window.context.open_page("new_run", step)
    page: NewRunPage = window.pages["new_run"]  # type: ignore[assignment]
    qtbot.waitUntil(lambda: page.current() == step)
    return page.step(step)


def page_of(window: MainWindow) -> NewRunPage:
    """Return the wizard of a window that has shown it."""
    return window.pages["new_run"]  # type: ignore[return-value]


def draft_of(model: Path | None = None, *files: Path) -> Draft:
    """Return a draft with a model and data that were looked at."""
    draft = Draft(recipe=Recipe())
    if model is not None:
        draft.recipe.model.source = str(model)
        draft.model = inspect(str(model))
    if files:
        draft.recipe.data.files = [str(file) for file in files]
        draft.data = survey_data(draft.recipe)
    return draft


def texts(widget: Any) -> str:
    """Return all words that a widget shows, one after the other."""
    from studio.ui.widgets.labels import Label

    return "\n".join(one.text() for one in widget.findChildren(Label) if one.isVisible())


def settle(context: Context, qtbot: QtBot) -> None:
    """Wait until pages have followed the last change of the draft."""
    qtbot.wait(120)
