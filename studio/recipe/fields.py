"""How a field of the recipe is declared: once, with all that a form, file and help text need."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo


class Section(BaseModel):
    """A section of the recipe: unknown fields are problems, assignments are checked."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


def knob(
    default: Any,
    title: str,
    help: str,
    *,
    unit: str = "",
    tier: str = "basic",
    choices: dict[str, str] | None = None,
    **bounds: Any,
) -> Any:
    """Declare a field: default, title, help, unit, tier (basic or advanced), captions of choices.

    Title, help, unit and captions are texts marked for translation; bounds are pydantic's
    (ge, gt, le, lt).
    """
    extra = {"unit": unit, "tier": tier, "choices": choices or {}}
    shared: dict[str, Any] = {"title": title, "description": help, "json_schema_extra": extra}
    if callable(default):
        return Field(default_factory=default, **shared, **bounds)
    return Field(default, **shared, **bounds)


@dataclass(frozen=True)
class Described:
    """What a form needs to know of one field."""

    key: str
    title: str
    help: str
    unit: str
    tier: str
    choices: dict[str, str]
    default: Any
    low: float | None
    high: float | None


def describe(section: type[BaseModel], name: str) -> Described:
    """Return what was declared of a section's field."""
    info = section.model_fields[name]
    extra: dict[str, Any] = info.json_schema_extra or {}  # type: ignore[assignment]
    low, high = _bounds(info)
    return Described(
        name,
        info.title or name,
        info.description or "",
        extra.get("unit", ""),
        extra.get("tier", "basic"),
        extra.get("choices", {}),
        info.get_default(call_default_factory=True),
        low,
        high,
    )


def _bounds(info: FieldInfo) -> tuple[float | None, float | None]:
    """Return the smallest and largest value that pydantic's constraints name."""
    low: float | None = None
    high: float | None = None
    for rule in info.metadata:
        low = getattr(rule, "ge", getattr(rule, "gt", low))
        high = getattr(rule, "le", getattr(rule, "lt", high))
    return low, high
