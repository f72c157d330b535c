"""Embeddings: texts that mean the same come to lie near each other."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row, RowError
from studio.tasks.batch import lay_tokens, run
from studio.tasks.choices import problem
from studio.tasks.task import Defaults, Example, Ids, Prediction, Question, Setting
from studio.words import mark

# The sharper the scale, the more the nearest of the others count. 20 is what the authors of
# sentence-transformers chose for cosines.
SCALE = 20.0
_MOST_CANDIDATES = 128
_TOGETHER = 32  # texts that are embedded at once
_RANKED = 512  # rows whose likeness to all others is held at once
_SHOWN = 10


class FeatureExtraction(Defaults):
    """Multiple negatives ranking (arXiv 1705.00652) on mean-pooled outputs."""

    name = "feature_extraction"
    title = mark("Find texts that mean the same")
    summary = mark("Learns embeddings from pairs, for search, matching and grouping.")
    icon = "intersect"
    needs = ("pair",)
    needs_words = mark("pairs of texts that belong together")
    model_class = "AutoModel"
    peft_type = "FEATURE_EXTRACTION"
    base_answers = True
    least_batch = 2
    shown_metric = "recall_1"
    unread = ("pooler.dense",)  # the mean of all tokens is read instead

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether the model gives one output a token."""
        return facts.reads_text

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Refuse models that do not read text in one piece, and rows that are all alike."""
        if not self.fits_model(facts):
            return [_cannot_embed(facts)]
        if len({row.positive for row in rows}) < 2:
            return [
                problem(
                    mark("All rows have the same second text."),
                    mark("Add pairs of other texts: each is told from those of the other rows."),
                )
            ]
        return []

    def encode(self, row: Row, processor: Any, setting: Setting) -> list[Example]:
        """Tokenise the texts of a pair; they lie one after the other in the example's ids."""
        texts = [row.text, row.positive, *([row.negative] if row.negative else [])]
        if not row.text.strip() or not row.positive.strip():
            raise RowError(mark("The row has not both texts of a pair."))
        found = [_tokens(text, processor, setting.max_length) for text in texts]
        ids = np.concatenate([tokens for tokens, _cut in found])
        lengths = tuple(len(tokens) for tokens, _cut in found)
        cut = any(was_cut for _tokens, was_cut in found)
        return [Example(ids, np.zeros(1, dtype=np.int32), cut, {"lengths": lengths})]

    def question(self, row: Row) -> Question | None:
        """Ask for the text that belongs to the first one."""
        return Question(row.text, row.positive)

    def candidates(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the second texts of the rows, each once."""
        return tuple(dict.fromkeys(row.positive for row in rows))[:_MOST_CANDIDATES]

    def collator(self, processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Lay first texts, second texts and then counter-examples below each other.

        Of the latter two each text is laid once: the same text would count as a wrong answer.
        Labels: (pairs,), the number of the second text that belongs to each first one.
        """
        import torch

        def lay(examples: list[Example]) -> dict[str, Any]:
            parts = [_parts(example) for example in examples]
            others = [some[at] for at in (1, 2) for some in parts if len(some) > at]
            once = {text.tobytes(): text for text in others}
            numbers = {text: number for number, text in enumerate(once)}
            labels = torch.tensor([numbers[some[1].tobytes()] for some in parts])
            texts = [*(some[0] for some in parts), *once.values()]
            return {**lay_tokens(texts, processor), "labels": labels}

        return lay

    def loss(self, outputs: Any, labels: Any, items: Any) -> Any:
        """Cross entropy of each first text's own second text among all others of the batch."""
        from torch.nn.functional import cross_entropy

        vectors = pooled(outputs)
        likeness = vectors[: len(labels)] @ vectors[len(labels) :].T
        return cross_entropy(likeness * SCALE, labels, reduction="sum") / items

    def metrics(self, outputs: Any, labels: Any, examples: Sequence[Example]) -> dict[str, Any]:
        """Gather the vectors of both texts."""
        vectors = pooled(outputs).cpu()
        first, others = vectors[: len(labels)], vectors[len(labels) :]
        return {"first": list(first.numpy()), "second": list(others[labels.cpu()].numpy())}

    def summarise(self, gathered: dict[str, list[Any]], setting: Setting) -> dict[str, float]:
        """Return how often the right text is the nearest, or among five; and the mean 1 / rank."""
        first, second = np.stack(gathered["first"]), np.stack(gathered["second"])
        starts = range(0, len(first), _RANKED)
        ranks = np.concatenate([_ranks(first, second, start) for start in starts])
        return {
            "recall_1": float((ranks <= 1).mean()),
            "recall_5": float((ranks <= 5).mean()),
            "mrr": float((1 / ranks).mean()),
        }

    def predict(
        self, model: Any, processor: Any, question: Question, setting: Setting
    ) -> Prediction:
        """Return the nearest of the candidates, with the cosine of each."""
        texts = dict.fromkeys((*question.candidates, question.reference))
        others = [text for text in texts if text]
        if not others:
            return Prediction("")
        vectors = _embed(model, [question.prompt, *others], processor, setting)
        likeness = (vectors[0] @ vectors[1:].T).tolist()
        scores = sorted(zip(others, likeness, strict=True), key=lambda one: -one[1])
        nearest = scores[0][0]
        right = nearest == question.reference if question.reference else None
        return Prediction(nearest, tuple(scores[:_SHOWN]), right=right)


def pooled(outputs: Any) -> Any:
    """Return the mean of each row's outputs at its own tokens, scaled to length 1, in float32.

    Learnt tokens in front of the row are left out, as padding is. Shape (rows, width).
    """
    from torch.nn.functional import normalize

    mask = outputs["attention_mask"][:, :, None].float()
    hidden = outputs.last_hidden_state[:, -mask.shape[1] :].float()
    return normalize((hidden * mask).sum(1) / mask.sum(1).clamp(min=1), dim=-1)


def _ranks(first: Any, second: Any, start: int) -> Any:
    """Return the ranks of the own second texts among all, for some rows from `start` on."""
    likeness = first[start : start + _RANKED] @ second.T
    own = likeness.diagonal(start)[:, None]
    # the same text twice gives the same likeness but for rounding, and is not before itself
    return 1 + (likeness > own + 1e-6).sum(1)


def _embed(model: Any, texts: Sequence[str], processor: Any, setting: Setting) -> Any:
    """Return the vectors of texts, shape (texts, width)."""
    import torch

    rows = [_tokens(text, processor, setting.max_length)[0] for text in texts]
    groups = [rows[start : start + _TOGETHER] for start in range(0, len(rows), _TOGETHER)]
    return torch.cat([pooled(run(model, lay_tokens(group, processor))) for group in groups])


def _tokens(text: str, tokenizer: Any, longest: int) -> tuple[Ids, bool]:
    """Return a text's tokens and whether it was cut."""
    ids = tokenizer(text)["input_ids"]
    cut = len(ids) > longest
    if cut:  # once more, so that the token which ends a text is kept
        ids = tokenizer(text, truncation=True, max_length=longest)["input_ids"]
    return np.asarray(ids, dtype=np.int32), cut


def _parts(example: Example) -> list[Ids]:
    """Return the texts of an example."""
    ends = np.cumsum(example.extra["lengths"])
    return np.split(example.ids, ends[:-1])


def _cannot_embed(facts: ModelFacts) -> Problem:
    """Return the problem of a model that gives no embeddings."""
    return Problem(
        "task.name",
        mark("{model} ({architecture}) cannot be trained for embeddings."),
        mark("Choose an encoder, or a model that writes text."),
        {"model": facts.name, "architecture": facts.architecture or facts.model_type},
    )


TASK = FeatureExtraction()
