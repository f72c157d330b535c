"""Token classification: a tag for each word of a sentence."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row, RowError
from studio.tasks.batch import labels_loss, lay_tokens, lay_with_labels, run
from studio.tasks.choices import in_order, problem
from studio.tasks.task import IGNORED, Defaults, Example, Prediction, Question, Setting
from studio.tasks.text_words import word_places, written
from studio.words import mark

NOTHING = "–"  # said where no word has a tag
OUTSIDE = "O"
_PLACES = ("B-", "I-", "E-", "S-", "L-", "U-")
_MOST_TAGS = 500

Span = tuple[int, int, str]


class TokenCls(Defaults):
    """One tag a word; names, places and the like are runs of tagged words."""

    name = "token_cls"
    title = mark("Mark words in texts")
    summary = mark("Learns to find names, places or anything else that your tags mark.")
    icon = "highlighter-circle"
    needs = ("tags",)
    needs_words = mark("words and a tag for each")
    model_class = "AutoModelForTokenClassification"
    peft_type = "TOKEN_CLS"
    shown_metric = "f1"

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether transformers can tag words with the family."""
        return facts.reads_text and facts.has_head(self.model_class)

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Refuse models that cannot tag, and rows with one tag or with a tag a word."""
        if not self.fits_model(facts):
            return [_cannot_tag(facts)]
        counts = Counter(tag for row in rows for tag in row.tags)
        if not counts:
            return [problem(mark("The rows have no tags."), mark("Add a column named tags."))]
        if len(counts) == 1:
            return [
                problem(
                    mark("Every word has the same tag, {tag}."),
                    mark("Add rows in which something is marked."),
                    tag=next(iter(counts)),
                )
            ]
        if len(counts) > _MOST_TAGS:
            return [
                problem(
                    mark("There are {tags} different tags."),
                    mark("Check that the column of tags does not hold words."),
                    tags=len(counts),
                )
            ]
        return []

    def labels(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the tags, "O" first."""
        found = in_order(tag for row in rows for tag in row.tags)
        return tuple(sorted(found, key=lambda tag: tag != OUTSIDE))

    def encode(self, row: Row, processor: Any, setting: Setting) -> list[Example]:
        """Tokenise the words; the first token of each has its tag."""
        unknown = next((tag for tag in row.tags if tag not in setting.labels), None)
        if unknown is not None:
            raise RowError(mark("The tag {tag} is in no trained row."), tag=unknown)
        if len(row.tags) != len(row.tokens):
            raise RowError(mark("The row has another number of words than of tags."))
        example = _encode(row.tokens, processor, setting.max_length)
        words = example.extra["words"]
        labels = np.full(len(example.ids), IGNORED, dtype=np.int32)
        for place, word in words:
            labels[place] = setting.labels.index(row.tags[word])
        if not words:
            raise RowError(mark("The row holds no words."))
        return [Example(example.ids, labels, example.cut)]

    def question(self, row: Row) -> Question | None:
        """Ask for what is marked in the sentence."""
        places = spaced_places(row.tokens)
        text = " ".join(row.tokens)
        return Question(text, _in_words(text, spans(places, named(row.tags))))

    def collator(self, processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Pad sentences and tags to the longest of the batch."""
        return lay_with_labels(processor)

    def loss(self, outputs: Any, labels: Any, items: Any) -> Any:
        """Cross entropy of the tagged tokens in float32; learnt tokens in front do not count."""
        return labels_loss(outputs, labels, items)

    def metrics(self, outputs: Any, labels: Any, examples: Sequence[Example]) -> dict[str, Any]:
        """Gather the predicted and the true tags of each sentence."""
        chosen = outputs.logits[:, -labels.shape[1] :].argmax(-1)
        tagged = labels != IGNORED
        return {
            "predicted": [row[kept].tolist() for row, kept in zip(chosen, tagged, strict=True)],
            "true": [row[kept].tolist() for row, kept in zip(labels, tagged, strict=True)],
        }

    def summarise(self, gathered: dict[str, list[Any]], setting: Setting) -> dict[str, float]:
        """Return seqeval's precision, recall and F1 of what is marked, and accuracy a word."""
        from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score

        placed = [_placed(tag) for tag in named(setting.labels)]
        both = [[[placed[tag] for tag in row] for row in gathered[side]]
                for side in ("true", "predicted")]  # fmt: skip
        scores = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
        found = {key: float(score(*both, zero_division=0)) for key, score in scores.items()}
        return {**found, "accuracy": float(accuracy_score(*both))}

    def predict(
        self, model: Any, processor: Any, question: Question, setting: Setting
    ) -> Prediction:
        """Return what is marked in the text, with the characters it stands at."""
        text = question.prompt
        # a held-out row is parted as it was given, anything else as it reads
        own = bool(question.reference)
        places = spaced_places(text.split(" ")) if own else word_places(text)
        words = [text[start:end] for start, end in places]
        example = _encode(words, processor, setting.max_length)
        logits = run(model, lay_tokens([example.ids], processor)).logits[0, -len(example.ids) :]
        chosen = logits.argmax(-1).tolist()
        tags, labels = [OUTSIDE] * len(words), named(setting.labels)
        for place, word in example.extra["words"]:
            tags[word] = labels[chosen[place]]
        found = spans(places, tags)
        said = _in_words(text, found)
        right = said == question.reference if question.reference else None
        return Prediction(said, spans=tuple(found), right=right)


def _encode(words: Sequence[str], tokenizer: Any, longest: int) -> Example:
    """Tokenise words as they are written; extra["words"] has (token, word) for their beginnings.

    Where a token would run over two words, as in Chinese, each is tokenised by itself.
    """
    pieces = written(words)
    given, cut = _cut_at(longest, tokenizer, "".join(pieces), return_offsets_mapping=True)
    firsts = _firsts(_by_offset(given["offset_mapping"], pieces))
    if len(set(firsts.values())) < len(firsts):
        given, cut = _cut_at(longest, tokenizer, pieces, is_split_into_words=True)
        firsts = _firsts(enumerate(given.word_ids()))
    ids = np.asarray(given["input_ids"], dtype=np.int32)
    told = [(place, word) for word, place in firsts.items()]
    return Example(ids, np.zeros(0, dtype=np.int32), cut, {"words": told})


def _cut_at(longest: int, tokenizer: Any, text: str | list[str], **asked: bool) -> tuple[Any, bool]:
    """Return what a tokenizer gives, and whether the text was cut."""
    given = tokenizer(text, **asked)
    cut = len(given["input_ids"]) > longest
    if cut:  # once more, so that the token which ends a text is kept
        given = tokenizer(text, truncation=True, max_length=longest, **asked)
    return given, cut


def _by_offset(
    offsets: Sequence[tuple[int, int]], pieces: Sequence[str]
) -> Iterator[tuple[int, int]]:
    """Yield each token with the words that it has letters of; a blank is of no word."""
    owners = [(word, letter) for word, piece in enumerate(pieces) for letter in piece]
    for place, (start, end) in enumerate(offsets):
        for word, letter in owners[start:end]:
            if not letter.isspace():
                yield place, word


def _firsts(found: Iterable[tuple[int, int | None]]) -> dict[int, int]:
    """Return the first token of each word, of (token, word)."""
    firsts: dict[int, int] = {}
    for place, word in found:
        if word is not None:
            firsts.setdefault(word, place)
    return firsts


def spaced_places(words: Sequence[str]) -> list[tuple[int, int]]:
    """Return (start, end) of each word in the words joined by spaces."""
    places: list[tuple[int, int]] = []
    start = 0
    for word in words:
        places.append((start, start + len(word)))
        start += len(word) + 1
    return places


def spans(places: Sequence[tuple[int, int]], tags: Sequence[str]) -> list[Span]:
    """Return (start, end, label) of each run of words that are marked alike.

    "B-", "S-" and "U-" begin another run, other prefixes go on with one of the same label.
    """
    found: list[Span] = []
    before = OUTSIDE
    for (start, end), tag in zip(places, tags, strict=True):
        label = _label(tag)
        goes_on = label == before and not tag.startswith(("B-", "S-", "U-"))
        if label != OUTSIDE and goes_on:
            found[-1] = (found[-1][0], end, label)
        elif label != OUTSIDE:
            found.append((start, end, label))
        before = label
    return found


def named(tags: Sequence[str]) -> Sequence[str]:
    """Return tags with what marks nothing as "O": among whole numbers that is 0."""
    numbers = all(tag.isdecimal() for tag in tags)
    return [OUTSIDE if tag == "0" else tag for tag in tags] if numbers else tags


def _label(tag: str) -> str:
    """Return a tag without what says where in a run it stands."""
    return tag[2:] if tag.startswith(_PLACES) else tag


def _placed(tag: str) -> str:
    """Return a tag as seqeval reads it: one without a place in a run goes on with the run."""
    return tag if tag == OUTSIDE or tag.startswith(_PLACES) else f"I-{tag}"


def _in_words(text: str, found: Sequence[Span]) -> str:
    """Return what is marked in words."""
    return "; ".join(f"{label}: {text[start:end]}" for start, end, label in found) or NOTHING


def _cannot_tag(facts: ModelFacts) -> Problem:
    """Return the problem of a model that cannot tag words."""
    return Problem(
        "task.name",
        mark("{model} ({architecture}) cannot be made to mark words."),
        mark("Choose another model, such as an encoder."),
        {"model": facts.name, "architecture": facts.architecture or facts.model_type},
    )


TASK = TokenCls()
