"""From a mapping to a recipe: every problem at once, each naming the field and a next step."""

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from studio.errors import Problem, RecipeError, suggest
from studio.recipe.model import FORMAT, Recipe
from studio.words import mark

_WORDS = {
    "greater_than_equal": mark("{field} is {given}, but must be at least {ge}."),
    "greater_than": mark("{field} is {given}, but must be more than {gt}."),
    "less_than_equal": mark("{field} is {given}, but must be at most {le}."),
    "less_than": mark("{field} is {given}, but must be less than {lt}."),
    "literal_error": mark("{field} is {given}, but must be one of {expected}."),
}
_LONGEST = 80


def from_mapping(values: dict[str, Any]) -> Recipe:
    """Build a recipe from plain values.

    Raises RecipeError with every problem: unknown fields, wrong types, values out of range,
    a format that is newer than this program.
    """
    recipe, problems = checked(values)
    if recipe is None:
        raise RecipeError(problems)
    return recipe


def checked(values: dict[str, Any]) -> tuple[Recipe | None, list[Problem]]:
    """Return the recipe, or every problem that keeps it from being one."""
    newer = _newer_format(values)
    if newer:
        return None, [newer]
    try:
        return Recipe.model_validate(values), []
    except ValidationError as found:
        return None, problems_of(found)


def problems_of(found: ValidationError) -> list[Problem]:
    """Turn pydantic's errors into sentences with a next step."""
    return [_problem(dict(error)) for error in found.errors()]


def _newer_format(values: dict[str, Any]) -> Problem | None:
    """Refuse a file that a newer version wrote, before its fields look like mistakes."""
    given = values.get("format", FORMAT)
    if isinstance(given, int) and given > FORMAT:
        return Problem(
            "format",
            mark("The recipe has format {given}; this version reads up to {known}."),
            mark("Update Finetune Studio."),
            {"given": given, "known": FORMAT},
        )
    return None


def _problem(error: dict[str, Any]) -> Problem:
    """Word one of pydantic's errors."""
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return _unknown(path, error["loc"])
    values = {"field": path, "given": _shown(error.get("input"))}
    text = _WORDS.get(error["type"], mark("{field} is {given}, which is not a value it can have."))
    bounds = {key: str(rule).replace(" or ", ", ") for key, rule in error.get("ctx", {}).items()}
    return Problem(path, text, mark("Change it in the recipe."), {**bounds, **values})


def _shown(value: Any) -> str:
    """Return a value as the file has it, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _unknown(path: str, place: tuple[str | int, ...]) -> Problem:
    """Word an unknown field, with the nearest known one."""
    step, values = suggest(str(place[-1]), known_fields(place[:-1]))
    return Problem(path, mark("The recipe has no field {field}."), step, {"field": path, **values})


def known_fields(place: tuple[str | int, ...]) -> list[str]:
    """Return the names of the fields at a place of the recipe, such as ("training",)."""
    model: type[BaseModel] = Recipe
    for part in place:
        annotation = model.model_fields[str(part)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
