"""From a recipe's rows to the very tokens that are trained on, and what was left out on the way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.errors import DataError, Problem
from studio.models.facts import ModelFacts
from studio.recipe import Recipe
from studio.rows import Row, RowError
from studio.survey import DataSurvey, longest_row, most_read
from studio.tasks.task import IGNORED, Example, Setting, Task
from studio.words import mark, tr


@dataclass
class Encoded:
    """Examples, and the rows that gave none with the reason."""

    examples: list[Example] = field(default_factory=list)
    left_out: list[tuple[int, RowError]] = field(default_factory=list)

    @property
    def cut(self) -> int:
        """How many examples were cut at the longest length."""
        return sum(example.cut for example in self.examples)

    @property
    def tokens(self) -> int:
        """Tokens that are read."""
        return sum(len(example.ids) for example in self.examples)

    @property
    def trained(self) -> int:
        """Tokens, or labels, that are trained on."""
        return sum(int((example.labels != IGNORED).sum()) for example in self.examples)


def setting_of(recipe: Recipe, facts: ModelFacts, task: Task, rows: Sequence[Row]) -> Setting:
    """Return how a recipe's rows are encoded: the longest, and the classes of all of them."""
    return Setting(
        longest_row(recipe, facts),
        recipe.task.train_on,
        task.labels(rows),
        task.kind(rows),
        most_read(recipe, facts),
    )


def encode(rows: Sequence[Row], task: Task, tokenizer: Any, setting: Setting) -> Encoded:
    """Encode every row, noting those of which nothing is left to train on."""
    found = Encoded()
    for number, row in enumerate(rows, 1):
        try:
            found.examples += task.encode(row, tokenizer, setting)
        except RowError as reason:
            found.left_out.append((number, reason))
    return found


def encode_trained(data: DataSurvey, task: Task, tokenizer: Any, setting: Setting) -> Encoded:
    """Encode the rows that are trained on; raises DataError when nothing is left of them."""
    found = encode(data.rows, task, tokenizer, setting)
    if not found.examples:
        raise nothing_left(found, data, setting)
    return found


def nothing_left(found: Encoded, data: DataSurvey, setting: Setting) -> DataError:
    """Return the error for rows of which none can be trained on."""
    _number, reason = found.left_out[0]
    return DataError(
        mark("None of the {rows} rows can be trained on; the first one: {reason}"),
        mark("Choose a model that reads more, or look at the rows on the data page.")
        if _is_the_models(setting)
        else mark("Make the longest row longer, or look at the rows on the data page."),
        rows=len(data.rows),
        reason=tr(reason.text, **reason.values),
    )


def _is_the_models(setting: Setting) -> bool:
    """Say whether rows are cut where the model reads no more, whatever the recipe says."""
    return 0 < setting.most <= setting.max_length


def warnings(
    found: Encoded, held_out: Encoded, data: DataSurvey, setting: Setting
) -> list[Problem]:
    """Return what the person should know of the rows: left out, cut, not fitting the layout."""
    return [
        *_unfit(data),
        *_left_out(found, mark("{count} rows are left out: {reason}")),
        *_left_out(held_out, mark("{count} held-out rows are left out: {reason}")),
        *_cut(found, setting),
    ]


def _unfit(data: DataSurvey) -> list[Problem]:
    """Tell of rows that have not the layout."""
    if not data.bad:
        return []
    first = data.bad[0]
    return [
        Problem(
            "data.files",
            mark("{count} rows do not fit the layout and are left out; row {number}: {reason}"),
            mark("Correct them, or leave them out."),
            {
                "count": len(data.bad),
                "number": first.number,
                "reason": tr(first.text, **first.values),
            },
        )
    ]


def _left_out(found: Encoded, text: str) -> list[Problem]:
    """Tell of rows that gave no example, with the reason that most of them have."""
    if not found.left_out:
        return []
    reasons = Counter(tr(why.text, **why.values) for _number, why in found.left_out)
    reason, _count = reasons.most_common(1)[0]
    values = {"count": len(found.left_out), "reason": reason}
    return [Problem("data.files", text, mark("Look at them on the data page."), values)]


def _cut(found: Encoded, setting: Setting) -> list[Problem]:
    """Tell of rows that are longer than the longest."""
    if not found.cut:
        return []
    return [
        Problem(
            "training.max_length",
            mark("{count} rows are longer than {longest} tokens and are cut."),
            mark("Choose a model that reads more, or shorten these rows, if their ends matter.")
            if _is_the_models(setting)
            else mark("Make the longest row longer if their ends matter."),
            {"count": found.cut, "longest": setting.max_length},
        )
    ]
