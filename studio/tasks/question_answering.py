"""Extractive question answering: the words of a passage that answer a question, or that none do."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row, RowError
from studio.tasks.batch import lay_tokens, run
from studio.tasks.choices import problem
from studio.tasks.squad import NOTHING, Found, best, exact, f1, look
from studio.tasks.task import Defaults, Example, Prediction, Question, Setting
from studio.words import mark

_TOGETHER = 8  # windows that are read at once
_SHOWN = 5
_LEAST_ROOM = 8  # tokens of the passage in a window


class QuestionAnswering(Defaults):
    """Two scores a token: the answer begins here, it ends here."""

    name = "question_answering"
    title = mark("Find answers in a passage")
    summary = mark("Learns to point at the words of a text that answer a question.")
    icon = "quotes"
    needs = ("span",)
    needs_words = mark("questions, passages and where the answers stand")
    model_class = "AutoModelForQuestionAnswering"
    peft_type = "QUESTION_ANS"
    shown_metric = "f1"

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether transformers can point at answers with the family."""
        return facts.reads_text and facts.has_head(self.model_class)

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Refuse models that cannot point at answers, and rows of which none has one."""
        if not self.fits_model(facts):
            return [_cannot_point(facts)]
        if not any(row.answers for row in rows):
            return [
                problem(
                    mark("None of the rows has an answer."),
                    mark("Add rows whose answer stands in the passage."),
                )
            ]
        return []

    def kind(self, rows: Sequence[Row]) -> str:
        """Return "every" where each row has an answer, "some" where passages may not say."""
        return "every" if all(row.answers for row in rows) else "some"

    def encode(self, row: Row, processor: Any, setting: Setting) -> list[Example]:
        """Lay question and passage together, in overlapping windows where they are too long.

        Labels: the first and the last token of the first answer; where a window does not hold
        it whole, twice the token that stands for no answer.
        """
        if not row.text.strip() or not row.passage.strip():
            raise RowError(mark("The row has not both a question and a passage."))
        question, cut = _short(row.text, processor, setting.max_length // 2)
        windows = _windows(question, row.passage, processor, setting.max_length)
        return [
            _example(row, windows, number, processor, cut)
            for number in range(len(windows["input_ids"]))
        ]

    def question(self, row: Row) -> Question | None:
        """Ask the row's question of its passage; the reference has a line for each answer."""
        answers = dict.fromkeys(" ".join(text.split()) for text, _start in row.answers)
        return Question(row.text, "\n".join(answers) or NOTHING, passage=row.passage)

    def collator(self, processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Pad windows to the longest of the batch; labels have shape (windows, 2).

        Which half a token belongs to is not told to the model: PEFT does not hand that on.
        """
        import torch

        def lay(examples: list[Example]) -> dict[str, Any]:
            batch = lay_tokens([example.ids for example in examples], processor)
            labels = torch.from_numpy(np.stack([example.labels for example in examples]))
            return {**batch, "labels": labels.long()}

        return lay

    def loss(self, outputs: Any, labels: Any, items: Any) -> Any:
        """Cross entropy of both ends among the window's tokens, in float32."""
        from torch.nn.functional import cross_entropy

        sums = [
            cross_entropy(logits, labels[:, side], reduction="sum")
            for side, logits in enumerate(_ends(outputs))
        ]
        return sum(sums) / items

    def metrics(self, outputs: Any, labels: Any, examples: Sequence[Example]) -> dict[str, Any]:
        """Gather what each window says, with its row."""
        starts, ends = (logits.cpu().numpy() for logits in _ends(outputs))
        return {
            "windows": [
                look(starts[at, : len(example.ids)], ends[at, : len(example.ids)], example.extra)
                for at, example in enumerate(examples)
            ]
        }

    def summarise(self, gathered: dict[str, list[Any]], setting: Setting) -> dict[str, float]:
        """Return the mean of exact match and F1 over rows, against the best of their answers."""
        rows: dict[Any, list[Found]] = {}
        for found in gathered["windows"]:
            rows.setdefault(found.row, []).append(found)
        said = [(best(some, setting.kind != "every").words, some[0].answers)
                for some in rows.values()]  # fmt: skip
        return {
            "exact_match": sum(exact(words, answers) for words, answers in said) / len(said),
            "f1": sum(f1(words, answers) for words, answers in said) / len(said),
        }

    def predict(
        self, model: Any, processor: Any, question: Question, setting: Setting
    ) -> Prediction:
        """Return the likeliest answer and where it stands in the passage."""
        row = Row(text=question.prompt, passage=question.passage)
        examples = self.encode(row, processor, setting)
        lay, windows = self.collator(processor), []
        for start in range(0, len(examples), _TOGETHER):
            group = examples[start : start + _TOGETHER]
            batch = lay(group)
            windows += self.metrics(run(model, batch), batch["labels"], group)["windows"]
        found = best(windows, setting.kind != "every")
        answers = question.reference.split("\n") if question.reference else []
        known = tuple("" if answer == NOTHING else answer for answer in answers)
        right = bool(exact(found.words, known)) if known else None
        places = (found.place,) if found.words else ()
        return Prediction(found.words or NOTHING, found.scores[:_SHOWN], places, right)


def _short(text: str, tokenizer: Any, longest: int) -> tuple[str, bool]:
    """Return a question of at most so many tokens, and whether it was cut."""
    places = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)[
        "offset_mapping"
    ]
    cut = len(places) > longest
    return (text[: places[longest - 1][1]] if cut else text), cut


def _windows(question: str, passage: str, tokenizer: Any, longest: int) -> Any:
    """Tokenise question and passage; neighbouring windows share a quarter of the longest length."""
    asked = len(tokenizer(question, add_special_tokens=False)["input_ids"])
    longest -= 1  # for the token that is laid behind where there is no [CLS]
    room = longest - asked - tokenizer.num_special_tokens_to_add(pair=True)
    if room < _LEAST_ROOM:
        raise RowError(
            mark("Beside the question, {longest} tokens leave no room for the passage."),
            longest=longest,
        )
    return tokenizer(
        question,
        passage,
        truncation="only_second",
        max_length=longest,
        stride=min(longest // 4, room // 2),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )


def _example(row: Row, windows: Any, number: int, tokenizer: Any, cut: bool) -> Example:
    """Return one window, with what its answers need in `extra`."""
    ids = list(windows["input_ids"][number])
    places = [*windows["offset_mapping"][number]]
    inside = [side == 1 for side in windows.sequence_ids(number)]
    if tokenizer.cls_token_id not in ids:
        ids.append(_end(tokenizer, ids))
        places.append((0, 0))
        inside.append(False)
    nowhere = ids.index(tokenizer.cls_token_id) if tokenizer.cls_token_id in ids else len(ids) - 1
    extra = {
        "row": (row.text, row.passage),
        "passage": row.passage,
        "answers": tuple(text for text, _start in row.answers) or ("",),
        "places": np.asarray(places, dtype=np.int32),
        "inside": np.asarray(inside),
        "nowhere": nowhere,
    }
    return Example(np.asarray(ids, dtype=np.int32), _labels(row, extra), cut, extra)


def _end(tokenizer: Any, ids: list[int]) -> int:
    """Return a token to lay behind a window that has no [CLS]: "no answer" is said there.

    It is the last one, because a model that reads from left to right knows the passage only there.
    """
    found = tokenizer.eos_token_id
    return ids[-1] if found is None else int(found)


def _labels(row: Row, window: dict[str, Any]) -> Any:
    """Return (first, last) token of the first answer; where it is not all here, of no answer."""
    nowhere = window["nowhere"]
    if row.answers:
        text, start = row.answers[0]
        begin, end = start + len(text) - len(text.lstrip()), start + len(text.rstrip())
        starts, ends = window["places"][:, 0], window["places"][:, 1]
        found = (window["inside"] & (ends > begin) & (starts < end)).nonzero()[0]
        if len(found) and starts[found[0]] <= begin and ends[found[-1]] >= end:
            return np.asarray([found[0], found[-1]], dtype=np.int32)
    return np.asarray([nowhere, nowhere], dtype=np.int32)


def _ends(outputs: Any) -> list[Any]:
    """Return the scores of both ends in float32, padding and learnt tokens left out."""
    mask = outputs["attention_mask"].bool()
    both = (outputs.start_logits, outputs.end_logits)
    lowest = -1e30
    return [logits[:, -mask.shape[1] :].float().masked_fill(~mask, lowest) for logits in both]


def _cannot_point(facts: ModelFacts) -> Problem:
    """Return the problem of a model that cannot point at answers."""
    return Problem(
        "task.name",
        mark("{model} ({architecture}) cannot be made to find answers in passages."),
        mark("Choose another model, such as an encoder."),
        {"model": facts.name, "architecture": facts.architecture or facts.model_type},
    )


TASK = QuestionAnswering()
