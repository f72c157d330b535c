"""Sequence classification: which class a text belongs to, which of several, or what number."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from textwrap import shorten
from typing import Any

import numpy as np

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row, RowError
from studio.tasks.batch import lay_tokens, run
from studio.tasks.choices import accuracy_and_f1, class_problems, in_order, one_of, problem
from studio.tasks.task import IGNORED, Defaults, Example, Prediction, Question, Setting
from studio.words import mark

NOTHING = "–"  # said where none of the labels fits
_SURE = 0.5  # chance above which one of several labels is given
_FEW = 0.1  # fractions among labels below which they are taken for a mistake
_SHOWN = 60  # characters of a text in a sentence
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_TYPES = {
    "one": "single_label_classification",
    "several": "multi_label_classification",
    "number": "regression",
}


class SeqCls(Defaults):
    """One label a text, any number of labels, or a number."""

    name = "seq_cls"
    title = mark("Sort texts into classes")
    summary = mark("Learns which of your labels a text gets, or what number.")
    icon = "tag"
    needs = ("label",)
    needs_words = mark("a text and its label")
    model_class = "AutoModelForSequenceClassification"
    peft_type = "SEQ_CLS"
    shown_metric = "accuracy"

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether transformers has a classifier for the family."""
        return facts.reads_text and facts.has_head(self.model_class)

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Refuse rows without labels or with a single one, and models without a classifier."""
        if not self.fits_model(facts):
            return [_no_classifier(facts)]
        kind = self.kind(rows)
        if kind == "one":
            return _fraction_problems(rows) + class_problems(rows)
        if kind == "several":
            return _several_problems(rows)
        if len({row.label for row in rows}) > 1:
            return []
        return [problem(mark("Every row has the same label."), mark("Add rows of another class."))]

    def labels(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the classes, whole numbers by value and words by alphabet; a number has none."""
        kind = self.kind(rows)
        if kind == "several":
            return in_order(label for row in rows for label in _several(row))
        if kind == "number":
            return ()
        mistakes = _mistaken(rows)
        labels = (row.label for row in rows if row.label is not None)
        return in_order(label for label in labels if label not in mistakes)

    def kind(self, rows: Sequence[Row]) -> str:
        """Return "several" for rows with lists of labels, "number" for fractions, else "one"."""
        if any(row.labels is not None for row in rows):
            return "several"
        return "number" if _fractions(rows) and not _mistaken(rows) else "one"

    def head(self, setting: Setting) -> dict[str, Any]:
        """Return the classes, or one output for a number."""
        named = {"problem_type": _TYPES[setting.kind or "one"]}
        return named | (super().head(setting) or {"num_labels": 1})

    def encode(self, row: Row, processor: Any, setting: Setting) -> list[Example]:
        """Tokenise the text; its labels become a class, a 0 or 1 for each class, or a number."""
        labels = _encoded(row, setting)
        ids = processor(row.text)["input_ids"]
        cut = len(ids) > setting.max_length
        if cut:  # once more, so that the token which ends a text is kept
            ids = processor(row.text, truncation=True, max_length=setting.max_length)["input_ids"]
        return [Example(np.asarray(ids, dtype=np.int32), labels, cut, {"kind": setting.kind})]

    def question(self, row: Row) -> Question | None:
        """Ask for the labels of the text."""
        return Question(row.text, row.label or _in_words(_several(row)))

    def collator(self, processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Pad texts to the longest of the batch.

        Labels: (rows,) of classes, (rows, classes) of 0.0 and 1.0, or (rows,) of numbers.
        """
        import torch

        def lay(examples: list[Example]) -> dict[str, Any]:
            labels = torch.from_numpy(np.stack([example.labels for example in examples]))
            labels = labels if labels.is_floating_point() else labels.long()
            one = examples[0].extra.get("kind") != "several"
            tokens = lay_tokens([example.ids for example in examples], processor)
            return {**tokens, "labels": labels[:, 0] if one else labels}

        return lay

    def loss(self, outputs: Any, labels: Any, items: Any) -> Any:
        """Cross entropy, binary cross entropy of each class, or squared error, in float32."""
        from torch.nn import functional

        logits = outputs.logits.float()
        if not labels.is_floating_point():
            return functional.cross_entropy(logits, labels, reduction="sum") / items
        if labels.dim() == 2:
            sums = functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
        else:
            sums = functional.mse_loss(logits[:, 0], labels, reduction="sum")
        return sums / items

    def metrics(self, outputs: Any, labels: Any, examples: Sequence[Example]) -> dict[str, Any]:
        """Gather what was predicted and what is true."""
        logits = outputs.logits.float()
        if not labels.is_floating_point():
            predicted = logits.argmax(-1)
        else:
            predicted = (logits.sigmoid() > _SURE).int() if labels.dim() == 2 else logits[:, 0]
        return {"predicted": predicted.tolist(), "true": labels.tolist()}

    def summarise(self, gathered: dict[str, list[Any]], setting: Setting) -> dict[str, float]:
        """Return accuracy and macro F1; exact match and micro F1; or RMSE and Pearson's r."""
        if setting.kind == "number":
            return _number_figures(gathered)
        return (
            _several_figures(gathered) if setting.kind == "several" else accuracy_and_f1(gathered)
        )

    def predict(
        self, model: Any, processor: Any, question: Question, setting: Setting
    ) -> Prediction:
        """Return the likeliest class, the classes that are likely, or the number."""
        given = processor(question.prompt, truncation=True, max_length=setting.max_length)
        ids = np.asarray(given["input_ids"], dtype=np.int32)
        logits = run(model, lay_tokens([ids], processor)).logits[0].float()
        if setting.kind == "number":
            return Prediction(f"{float(logits[0]):.4g}")
        if setting.kind != "several":
            return one_of(logits, setting.labels, question.reference)
        chances = zip(setting.labels, logits.sigmoid().tolist(), strict=True)
        scores = tuple(sorted(chances, key=lambda one: -one[1]))
        words = _in_words([label for label, chance in scores if chance > _SURE])
        right = words == question.reference if question.reference else None
        return Prediction(words, scores, right=right)


def _several(row: Row) -> tuple[str, ...]:
    """Return a row's labels where it may have any number of them; one label is one of them."""
    return row.labels if row.labels is not None else (row.label,) if row.label is not None else ()


def _in_words(labels: Sequence[str]) -> str:
    """Return any number of labels in words, always in the same order."""
    return ", ".join(sorted(labels)) or NOTHING


def _number(label: str | None) -> float | None:
    """Return a label as a number, or None."""
    try:
        number = float(label or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _fractions(rows: Sequence[Row]) -> set[str]:
    """Return the labels that are fractions, where all are numbers."""
    labels = {row.label for row in rows if row.label is not None}
    numbers = {label: _number(label) for label in labels}
    if None in numbers.values():
        return set()
    return {label for label, number in numbers.items() if number and not number.is_integer()}


def _mistaken(rows: Sequence[Row]) -> set[str]:
    """Return the fractions where they are few and the rest is written as whole numbers."""
    counts = Counter(row.label for row in rows if row.label is not None)
    whole = sum(count for label, count in counts.items() if _WHOLE.fullmatch(label))
    few = counts.total() - whole < _FEW * counts.total()
    return _fractions(rows) if few else set()


def _fraction_problems(rows: Sequence[Row]) -> list[Problem]:
    """Refuse a few fractions among whole numbers: numbers would be learnt instead of classes."""
    mistakes = _mistaken(rows)
    found = [row for row in rows if row.label in mistakes]
    if not found:
        return []
    return [
        problem(
            mark("{count} of {rows} labels are fractions, such as {label} of “{row}”."),
            mark("Correct them; or write each label with a point, as in 3.0, to learn numbers."),
            count=len(found),
            rows=len(rows),
            label=found[0].label,
            row=shorten(found[0].text, _SHOWN, placeholder="…"),
        )
    ]


def _several_problems(rows: Sequence[Row]) -> list[Problem]:
    """Refuse rows that all have the same labels, as a 0 and a 1 for two classes reads."""
    if len({frozenset(_several(row)) for row in rows}) > 1:
        return []
    return [
        problem(
            mark("Every row has the same labels, {labels}."),
            mark("Name only those labels that the row has, not a 0 or 1 for every class."),
            labels=_in_words(_several(rows[0])),
        )
    ]


def _encoded(row: Row, setting: Setting) -> Any:
    """Return a row's labels as numbers; raises RowError for labels that are not known."""
    if not row.text:
        raise RowError(mark("The row has no text."))
    if setting.kind == "number":
        return _encoded_number(row)
    found = _several(row)
    unknown = [label for label in found if label not in setting.labels]
    if unknown or (setting.kind != "several" and not found):
        raise RowError(
            mark("The label {label} is in no trained row."), label=(*unknown, NOTHING)[0]
        )
    if setting.kind == "several":
        return np.asarray([label in found for label in setting.labels], dtype=np.float32)
    return np.asarray([setting.labels.index(found[0])], dtype=np.int32)


def _encoded_number(row: Row) -> Any:
    """Return a row's number; raises RowError for anything else."""
    number = _number(row.label)
    if number is None:
        raise RowError(mark("The label {label} is no number."), label=row.label or NOTHING)
    value = np.float32(number)
    if value == IGNORED:  # which stands for "not trained" wherever labels are counted
        value = np.nextafter(value, np.float32(0))
    return np.asarray([value], dtype=np.float32)


def _several_figures(gathered: dict[str, list[Any]]) -> dict[str, float]:
    """Return exact match and micro F1, as scikit-learn computes them."""
    from sklearn.metrics import f1_score

    true, predicted = np.asarray(gathered["true"]), np.asarray(gathered["predicted"])
    f1 = f1_score(true.ravel(), predicted.ravel(), average="binary", zero_division=0.0)
    return {"exact_match": float((true == predicted).all(1).mean()), "f1": float(f1)}


def _number_figures(gathered: dict[str, list[Any]]) -> dict[str, float]:
    """Return the root of the mean squared error and Pearson's r, 0 where nothing varies."""
    true, predicted = np.asarray(gathered["true"]), np.asarray(gathered["predicted"])
    varies = len(true) > 1 and true.std() > 0 and predicted.std() > 0
    pearson = float(np.corrcoef(true, predicted)[0, 1]) if varies else 0.0
    return {"rmse": float(np.sqrt(((true - predicted) ** 2).mean())), "pearson": pearson}


def _no_classifier(facts: ModelFacts) -> Problem:
    """Return the problem of a model that cannot be made a classifier."""
    return Problem(
        "task.name",
        mark("{model} ({architecture}) cannot be made to sort texts."),
        mark("Choose another model, such as an encoder."),
        {"model": facts.name, "architecture": facts.architecture or facts.model_type},
    )


TASK = SeqCls()
