"""Classes as figures and as predictions: what sorting texts and sorting pictures share."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from studio.errors import Problem
from studio.rows import Row
from studio.tasks.task import Prediction
from studio.words import mark

_MOST_CLASSES = 1000


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Return each label once, whole numbers by value and words by alphabet."""
    found = set(labels)
    if all(re.fullmatch(r"-?\d+", label, re.ASCII) for label in found):
        return tuple(sorted(found, key=int))
    return tuple(sorted(found))


def class_problems(rows: Sequence[Row]) -> list[Problem]:
    """Refuse rows without labels, with a single class, or with a class a row."""
    counts = Counter(row.label for row in rows if row.label is not None)
    if not counts:
        return [problem(mark("The rows have no labels."), mark("Add a column named label."))]
    if len(counts) == 1:
        return [
            problem(
                mark("Every row has the same label, {label}."),
                mark("Add rows of another class."),
                label=next(iter(counts)),
            )
        ]
    if len(counts) > _MOST_CLASSES or (len(rows) > 20 and len(counts) > len(rows) / 2):
        return [
            problem(
                mark("There are {classes} different labels in {rows} rows."),
                mark("Check that the label column holds classes and not texts."),
                classes=len(counts),
                rows=len(rows),
            )
        ]
    return []


def problem(text: str, next_step: str, **values: object) -> Problem:
    """Return a problem of the data."""
    return Problem("data.files", text, next_step, values)


def one_of(logits: Any, labels: Sequence[str], reference: str) -> Prediction:
    """Return the likeliest class of logits of shape (classes,), with the chance of each."""
    chances = logits.float().softmax(-1).tolist()
    scores = tuple(sorted(zip(labels, chances, strict=True), key=lambda one: -one[1]))
    words = scores[0][0]
    return Prediction(words, scores, right=words == reference if reference else None)


def accuracy_and_f1(gathered: dict[str, list[Any]]) -> dict[str, float]:
    """Return accuracy and macro F1, as scikit-learn computes them."""
    from sklearn.metrics import accuracy_score, f1_score

    true, predicted = gathered["true"], gathered["predicted"]
    f1 = f1_score(true, predicted, average="macro", zero_division=0.0)
    return {"accuracy": float(accuracy_score(true, predicted)), "f1": float(f1)}
