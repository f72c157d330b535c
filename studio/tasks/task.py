"""What a task type must offer, and the example that it makes of a row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row

IGNORED = -100  # the label of a token that is read but not trained, as torch's losses know it

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Example:
    """The very tokens that are trained on.

    `ids` has shape (length,); `labels` too where each token has one, otherwise what the task's
    collator lays together. `cut` says that the row was longer than the longest row. `extra` is
    the task's own: what its collator, its metrics and its predictions need besides.
    """

    ids: Ids
    labels: NDArray[Any]
    cut: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Question:
    """A held-out row as a prompt: what to ask and what the data answers.

    `passage` is where an extractive answer is looked for, `image` the path of a picture,
    `candidates` are the texts among which the nearest are looked for.
    """

    prompt: str
    reference: str
    messages: tuple[dict[str, str], ...] = ()
    passage: str = ""
    image: str = ""
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """What a model says to a question, in words and in what a page needs to draw it.

    `words` is one line for tables and terminals. `scores` are (label or text, chance or likeness)
    in falling order. `spans` are (first character, one past the last, label) in the question's
    prompt, or in its passage where it has one. `right` says whether it is the reference's answer,
    None where that cannot be told.
    """

    words: str
    scores: tuple[tuple[str, float], ...] = ()
    spans: tuple[tuple[int, int, str], ...] = ()
    right: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as the wire and the event file carry it."""
        return asdict(self)


@dataclass(frozen=True)
class Setting:
    """What encoding needs to know besides the row.

    `labels`: the classes, in the order of the model's outputs. `kind`: how a task reads them
    where there is more than one way ("one", "several" or "number" for seq_cls, "every" or "some"
    rows with an answer for question_answering), "" otherwise. `most`: the tokens of a row that the
    model can read, 0 where that is not known.
    """

    max_length: int
    train_on: str = "answers"
    labels: tuple[str, ...] = field(default=())
    kind: str = ""
    most: int = 0


class Task(Protocol):
    """A task type. torch is imported inside the functions that the engine calls.

    `Defaults` below answers what most tasks answer alike.
    """

    name: str
    title: str
    summary: str
    icon: str  # Phosphor's name
    needs: tuple[str, ...]  # parts of the canonical row (rows.PARTS), any of which will do
    needs_words: str
    model_class: str  # name of the class in transformers
    peft_type: str  # PEFT's name of the task; "" where PEFT has none, as for pictures
    next_token: bool  # trained to predict the next token: the engine packs rows and has the loss
    generates: bool  # the result is text, so prompts are answered by generating
    processor: str  # "tokenizer" or "image": what turns a row into tensors
    judged: int  # held-out rows that are answered for the figures of `judge`, 0 for none
    base_answers: bool  # the base model, which was never trained for it, can be asked too
    least_batch: int  # rows that a batch must have for anything to be learnt
    shown_metric: str  # key of the metric that the pages show beside the loss, or ""
    unread: tuple[str, ...]  # layers of base models that the loss never reads: no gradient there

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether the model can do this."""

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Return what keeps these rows and this model from the task."""

    def labels(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the classes in the rows, in a fixed order, or nothing."""

    def kind(self, rows: Sequence[Row]) -> str:
        """Return how the rows' labels are read, see Setting.kind, or ""."""

    def head(self, setting: Setting) -> dict[str, Any]:
        """Return what config.json must say for this task: num_labels, id2label, problem_type."""

    def encode(self, row: Row, processor: Any, setting: Setting) -> list[Example]:
        """Turn a row into examples; raises RowError when nothing of it could be trained."""

    def question(self, row: Row) -> Question | None:
        """Return the row as a prompt, or None when there is nothing to ask."""

    def candidates(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the texts among which a question's nearest are looked for, or nothing."""

    def collator(self, processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Return what lays examples together into the model's tensors (not for next_token).

        What an encoder-decoder's decoder reads is made of the labels by the engine.
        """

    def loss(self, outputs: Any, labels: Any, items: Any) -> Any:
        """Return the summed loss divided by `items` (not for next_token).

        `items` is the number of labels that are not IGNORED in the whole step, so that batches
        add up to its mean. `outputs` also holds the batch's "attention_mask".
        """

    def metrics(self, outputs: Any, labels: Any, examples: Sequence[Example]) -> dict[str, Any]:
        """Return what one batch adds to the metrics, as lists that are joined."""

    def summarise(self, gathered: dict[str, list[Any]], setting: Setting) -> dict[str, float]:
        """Turn the joined lists into figures, most of them between 0 and 1."""

    def judge(self, answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
        """Hold answers that were generated against the data's (only where `judged` says so)."""

    def predict(
        self, model: Any, processor: Any, question: Question, setting: Setting
    ) -> Prediction:
        """Ask a model that is in its answering state (not for tasks that generate)."""


class Defaults:
    """What most tasks answer alike."""

    next_token = False
    generates = False
    processor = "tokenizer"
    judged = 0
    base_answers = False
    least_batch = 1
    shown_metric = ""
    unread: tuple[str, ...] = ()

    def labels(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return nothing: there are no classes."""
        return ()

    def kind(self, rows: Sequence[Row]) -> str:
        """Return nothing: there is one way to read a row."""
        return ""

    def head(self, setting: Setting) -> dict[str, Any]:
        """Return what config.json says of the classes, or nothing."""
        if not setting.labels:
            return {}
        return {
            "num_labels": len(setting.labels),
            "id2label": dict(enumerate(setting.labels)),
            "label2id": {label: index for index, label in enumerate(setting.labels)},
        }

    def candidates(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return nothing: answers are not looked for among texts."""
        return ()

    def metrics(self, outputs: Any, labels: Any, examples: Sequence[Example]) -> dict[str, Any]:
        """Gather nothing: the loss says it."""
        return {}

    def summarise(self, gathered: dict[str, list[Any]], setting: Setting) -> dict[str, float]:
        """Return nothing."""
        return {}

    def judge(self, answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
        """Return nothing: answers are not judged."""
        return {}

    def predict(
        self, model: Any, processor: Any, question: Question, setting: Setting
    ) -> Prediction:
        """Leave it to the engine, which generates."""
        raise TypeError("tasks that generate are answered by the engine")
