"""Sequence classification: which class a text belongs to."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row, RowError
from studio.tasks.task import Example, Question, Setting
from studio.words import mark

_MOST_CLASSES = 1000


class SeqCls:
    """One label a text."""

    name = "seq_cls"
    title = mark("Sort texts into classes")
    summary = mark("Learns which of your labels a text gets.")
    needs = ("label",)
    needs_words = mark("a text and its label")
    model_class = "AutoModelForSequenceClassification"
    peft_type = "SEQ_CLS"
    next_token = False
    generates = False
    shown_metric = "accuracy"

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether transformers has a classifier for the family."""
        return bool(facts.model_type) and not facts.config.get("is_encoder_decoder", False)

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Refuse rows without labels, with a single class, or with a class a row."""
        if not self.fits_model(facts):
            return [_no_classifier(facts)]
        counts = Counter(row.label for row in rows if row.label is not None)
        if not counts:
            return [_problem(mark("The rows have no labels."), mark("Add a column named label."))]
        if len(counts) == 1:
            return [
                _problem(
                    mark("Every row has the same label, {label}."),
                    mark("Add rows of another class."),
                    label=next(iter(counts)),
                )
            ]
        if len(counts) > _MOST_CLASSES or (len(rows) > 20 and len(counts) > len(rows) / 2):
            return [
                _problem(
                    mark("There are {classes} different labels in {rows} rows."),
                    mark("Check that the label column holds classes and not texts."),
                    classes=len(counts),
                    rows=len(rows),
                )
            ]
        return []

    def labels(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the classes, numbers by value and words by alphabet."""
        found = {row.label for row in rows if row.label is not None}
        if all(re.fullmatch(r"-?\d+", label, re.ASCII) for label in found):
            return tuple(sorted(found, key=int))
        return tuple(sorted(found))

    def encode(self, row: Row, tokenizer: Any, setting: Setting) -> list[Example]:
        """Tokenise the text and number its label."""
        if row.label not in setting.labels:
            raise RowError(mark("The label {label} is in no trained row."), label=row.label or "–")
        ids = tokenizer(row.text)["input_ids"]
        cut = len(ids) > setting.max_length
        if cut:  # once more, so that the token which ends a text is kept
            ids = tokenizer(row.text, truncation=True, max_length=setting.max_length)["input_ids"]
        label = np.asarray([setting.labels.index(row.label)], dtype=np.int32)
        return [Example(np.asarray(ids, dtype=np.int32), label, cut)]

    def question(self, row: Row) -> Question | None:
        """Ask for the label of the text."""
        return Question(row.text, row.label or "")

    def collator(self, tokenizer: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Pad texts to the longest of the batch; labels have shape (rows,)."""
        import torch

        filler = (
            tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        )

        def lay(examples: list[Example]) -> dict[str, Any]:
            shape = (len(examples), max(len(example.ids) for example in examples))
            ids, mask = torch.full(shape, filler), torch.zeros(shape, dtype=torch.long)
            for index, example in enumerate(examples):
                ids[index, : len(example.ids)] = torch.from_numpy(example.ids)
                mask[index, : len(example.ids)] = 1
            labels = torch.tensor([int(example.labels[0]) for example in examples])
            return {"input_ids": ids, "attention_mask": mask, "labels": labels}

        return lay

    def loss(self, outputs: Any, labels: Any, rows: Any) -> Any:
        """Cross entropy in float32."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs.logits.float(), labels, reduction="sum") / rows

    def metrics(self, outputs: Any, labels: Any) -> dict[str, Any]:
        """Gather the predicted and the true classes."""
        return {
            "predicted": outputs.logits.argmax(-1).tolist(),
            "true": labels.tolist(),
        }

    def summarise(self, gathered: dict[str, list[Any]]) -> dict[str, float]:
        """Return accuracy and macro F1, as scikit-learn computes them."""
        from sklearn.metrics import accuracy_score, f1_score

        true, predicted = gathered["true"], gathered["predicted"]
        f1 = f1_score(true, predicted, average="macro", zero_division=0.0)
        return {"accuracy": float(accuracy_score(true, predicted)), "f1": float(f1)}


def _no_classifier(facts: ModelFacts) -> Problem:
    """Return the problem of a model that cannot be made a classifier."""
    return Problem(
        "task.name",
        mark("{model} ({architecture}) cannot be made to sort texts."),
        mark("Choose another model, such as an encoder."),
        {"model": facts.name, "architecture": facts.architecture or facts.model_type},
    )


def _problem(text: str, next_step: str, **values: object) -> Problem:
    """Return a problem of the data."""
    return Problem("data.files", text, next_step, values)


TASK = SeqCls()
