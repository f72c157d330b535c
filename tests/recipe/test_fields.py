"""Fields: each says all that a form needs."""

import pytest

from studio.recipe import Recipe
from studio.recipe.fields import Section, describe
from studio.recipe.model import TrainingSection

_SECTIONS = {
    name: info.annotation
    for name, info in Recipe.model_fields.items()
    if isinstance(info.annotation, type) and issubclass(info.annotation, Section)
}
_FIELDS = [(section, key) for section, kind in _SECTIONS.items() for key in kind.model_fields]


@pytest.mark.parametrize(("section", "key"), _FIELDS)
def test_every_field_is_described(section: str, key: str) -> None:
    """Title and help, a tier, captions for all choices, a default within the range."""
    found = describe(_SECTIONS[section], key)
    assert found.title[0].isupper()
    assert found.help.endswith(".")
    assert found.tier in ("basic", "advanced")
    assert found.low is None or found.default >= found.low
    assert found.high is None or found.default <= found.high
    annotation = str(_SECTIONS[section].model_fields[key].annotation)
    assert all(f"'{choice}'" in annotation for choice in found.choices)
    assert ("Literal" in annotation) == bool(found.choices)


def test_sections_are_seven() -> None:
    """A page of the wizard each, more or less."""
    assert list(_SECTIONS) == ["model", "data", "task", "method", "training", "hardware", "output"]


def test_bounds_and_unit() -> None:
    """Both ends, also where only one is inclusive."""
    found = describe(TrainingSection, "max_length")
    assert (found.low, found.high, found.unit, found.default) == (8, 1_048_576, "tokens", 1024)
    assert describe(TrainingSection, "epochs").low == 0


def test_defaults_are_not_shared() -> None:
    """Two recipes have two lists."""
    one, other = Recipe(), Recipe()
    one.data.files.append("x")
    assert other.data.files == []
