"""What can be begun with a path: a recipe, a run, a model, data."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from studio import recipe as recipes
from studio.errors import Problem, RecipeError, StudioError
from studio.flow import Draft
from studio.formats.read import ENDINGS
from studio.models.inspect import inspect
from studio.recipe import Recipe
from studio.survey import survey_data
from studio.ui import jobs
from studio.ui.context import Context
from studio.words import tr


@dataclass(frozen=True)
class Offer:
    """One thing that can be done with a path."""

    text: str
    act: Callable[[], None]


def offers(context: Context, path: Path) -> list[Offer]:
    """Return what can be done with a file or folder, the likeliest first; nothing: unknown."""
    if path.is_dir():
        return _folder_offers(context, path)
    ending = path.suffix.lower()
    if ending == ".toml":
        return [Offer(tr("Open this recipe"), lambda: open_recipe(context, path))]
    if ending == ".gguf":
        return _model_offers(context, path)
    return _data_offers(context, path) if may_be_data(path) else []


def may_be_data(path: Path) -> bool:
    """Say whether a path may be data: a file that is read, or a folder with a folder a class."""
    if not path.is_dir():
        return path.suffix.lower() in ENDINGS
    known = any((path / name).exists() for name in ("config.json", "recipe.toml"))
    return not known and any(entry.is_dir() for entry in path.iterdir())


def _folder_offers(context: Context, path: Path) -> list[Offer]:
    """A run folder (or a folder in one), a model folder, data, or nothing."""
    run = next((one for one in (path, path.parent) if is_run(one)), None)
    if run is not None:
        return [
            Offer(tr("Open this run"), lambda: context.open_page("live", str(run))),
            Offer(
                tr("Open its recipe as a new run"),
                lambda: open_recipe(context, run / "recipe.toml"),
            ),
        ]
    if (path / "config.json").is_file():
        return _model_offers(context, path)
    return _data_offers(context, path) if may_be_data(path) else []


def _model_offers(context: Context, path: Path) -> list[Offer]:
    """Use it as the base model, of a new run or of the one in the making."""
    fresh = Recipe()
    fresh.model.source = str(path)
    made = [Offer(tr("New run with this model"), lambda: open_draft(context, fresh, "data"))]
    if context.draft.data is not None:
        changed = context.draft.recipe.model_copy(deep=True)
        changed.model.source = str(path)
        made.append(
            Offer(
                tr("Use this model in the run in the making"),
                lambda: open_draft(context, changed, "model"),
            )
        )
    return made


def _data_offers(context: Context, path: Path) -> list[Offer]:
    """Use it as data, of a new run or of the one in the making."""
    fresh = Recipe()
    fresh.data.files = [str(path)]
    made = [Offer(tr("New run with this data"), lambda: open_draft(context, fresh, "model"))]
    if context.draft.model is not None:
        changed = context.draft.recipe.model_copy(deep=True)
        changed.data.files = [str(path)]
        made.append(
            Offer(
                tr("Use this data in the run in the making"),
                lambda: open_draft(context, changed, "data"),
            )
        )
    return made


def is_run(path: Path) -> bool:
    """Say whether a folder is a run's."""
    return (path / "recipe.toml").is_file() and (path / "events.jsonl").is_file()


def open_recipe(context: Context, file: Path) -> None:
    """Open a recipe in the wizard; one that cannot be read is said in a sentence."""
    try:
        recipe = recipes.load(file)
    except RecipeError as reason:
        context.fail(reason)
        return
    recipe.output.name = recipe.output.name if file.name != "recipe.toml" else ""
    open_draft(context, recipe, "review")


def open_draft(context: Context, recipe: Recipe, step: str) -> None:
    """Make a draft of a recipe, look at its model and data in the background, then show a step."""
    draft = Draft(recipe=recipe)

    def on_looked(found: Draft) -> None:
        context.draft = found
        context.open_page("new_run", step)

    jobs.run(context, lambda: look_at(draft), on_looked, context.fail)


def look_at(draft: Draft) -> Draft:
    """Fill in what a draft's model and data are; what is wrong is noted at its step."""
    recipe = draft.recipe
    if recipe.model.source:
        try:
            draft.model = inspect(recipe.model.source, recipe.model.revision)
        except StudioError as reason:
            draft.wrong["model"] = _at("model.source", reason)
    if recipe.data.files:
        try:
            draft.data = survey_data(recipe)
        except StudioError as reason:
            draft.wrong["data"] = _at("data.files", reason)
    return draft


def _at(field: str, reason: StudioError) -> Problem:
    """Return the error as a problem of a field."""
    return replace(reason.problem, field=field)
