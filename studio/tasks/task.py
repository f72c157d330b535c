"""What a task type must offer, and the example that it makes of a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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

    `ids` and `labels` have shape (length,); a classification's label is (1,). `cut` says that
    the row was longer than the longest row.
    """

    ids: Ids
    labels: Ids
    cut: bool = False


@dataclass(frozen=True)
class Question:
    """A held-out row as a prompt: what to ask and what the data answers."""

    prompt: str
    reference: str
    messages: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Setting:
    """What encoding needs to know besides the row; `labels` is filled by classifications."""

    max_length: int
    train_on: str = "answers"
    labels: tuple[str, ...] = field(default=())


class Task(Protocol):
    """A task type."""

    name: str
    title: str
    summary: str
    needs: tuple[str, ...]  # parts of the canonical row, any of which will do
    needs_words: str
    model_class: str  # name of the class in transformers
    peft_type: str  # PEFT's name of the task
    next_token: bool  # trained to predict the next token: the engine packs rows and has the loss
    generates: bool  # the result is text, so prompts are answered while training
    shown_metric: str  # key of the metric that the pages show beside the loss, or ""

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether the model can do this."""

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Return what keeps these rows and this model from the task."""

    def labels(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the classes in the rows, in a fixed order, or nothing."""

    def encode(self, row: Row, tokenizer: Any, setting: Setting) -> list[Example]:
        """Turn a row into examples; raises RowError when nothing of it could be trained."""

    def question(self, row: Row) -> Question | None:
        """Return the row as a prompt, or None when there is nothing to ask."""

    def collator(self, tokenizer: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Return what lays examples together into the model's tensors (not for next_token)."""

    def loss(self, outputs: Any, labels: Any, rows: Any) -> Any:
        """Return the sum of the loss over `rows` rows divided by their number (not for next_token).

        `rows` is the number of rows of the whole step, so that batches add up to its mean.
        """

    def metrics(self, outputs: Any, labels: Any) -> dict[str, Any]:
        """Return what one batch adds to the metrics, as lists that are joined."""

    def summarise(self, gathered: dict[str, list[Any]]) -> dict[str, float]:
        """Turn the joined lists into figures between 0 and 1."""
