"""What is told of rows that are cut: a next step that can be taken."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from studio.engine.examples import Encoded, nothing_left, setting_of, warnings
from studio.models.facts import ModelFacts
from studio.recipe import from_mapping
from studio.rows import Row, RowError
from studio.survey import DataSurvey, survey_data
from studio.tasks.shelf import task
from studio.tasks.task import Example
from tests.helpers.facts import BERT
from tests.helpers.tiny import label_rows

_FACTS = replace(BERT, context=64)
_CUT = Encoded([Example(np.zeros(64, np.int32), np.zeros(1), cut=True)])


def _data(folder: Path) -> DataSurvey:
    """Return a few rows."""
    file = label_rows(folder / "rows.jsonl", 8)
    return survey_data(from_mapping({"data": {"files": [str(file)]}}))


@pytest.mark.parametrize(
    ("training", "facts", "step"),
    [
        ({"max_length": 32}, _FACTS, "Make the longest row longer"),
        ({"max_length": 32}, replace(_FACTS, context=0), "Make the longest row longer"),
        ({"max_length": 64}, _FACTS, "Choose a model that reads more"),
        ({}, _FACTS, "Choose a model that reads more"),
    ],
)
def test_rows_are_cut_by_the_recipe_or_by_the_model(
    training: dict[str, int], facts: ModelFacts, step: str, tmp_path: Path
) -> None:
    """A longer row than the model reads is refused, so it is no next step."""
    data = _data(tmp_path)
    recipe = from_mapping({"training": training})
    setting = setting_of(recipe, facts, task("seq_cls"), data.rows)
    (told,) = warnings(_CUT, Encoded(), data, setting)
    assert told.step().startswith(step)
    assert str(setting.max_length) in told.sentence()
    none = Encoded(left_out=[(1, RowError("Nothing is left."))])
    assert nothing_left(none, data, setting).step().startswith(step)


def test_rows_that_are_whole(tmp_path: Path) -> None:
    """Nothing is told of them."""
    data = _data(tmp_path)
    setting = setting_of(from_mapping({}), _FACTS, task("seq_cls"), [Row(text="a", label="b")])
    assert warnings(Encoded([replace(_CUT.examples[0], cut=False)]), Encoded(), data, setting) == []
