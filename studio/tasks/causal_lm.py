"""Causal language modelling: learn answers in chats, or running text."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.errors import Problem
from studio.models.facts import ModelFacts
from studio.rows import Row, RowError
from studio.tasks.task import IGNORED, Defaults, Example, Ids, Question, Setting
from studio.tasks.template import last_question, needs_template, render
from studio.words import mark


class CausalLM(Defaults):
    """Predict the next token; by default only the answers' tokens count."""

    name = "causal_lm"
    title = mark("Answer and write")
    summary = mark("Learns to answer as your examples do, or to go on with your texts.")
    icon = "chat-text"
    needs = ("messages", "text")
    needs_words = mark("chats, questions with answers, or plain text")
    model_class = "AutoModelForCausalLM"
    peft_type = "CAUSAL_LM"
    next_token = True
    generates = True
    base_answers = True

    def fits_model(self, facts: ModelFacts) -> bool:
        """Say whether the model generates text."""
        return facts.generates

    def problems(self, rows: Sequence[Row], facts: ModelFacts) -> list[Problem]:
        """Refuse models that do not generate, and long chats without a chat template."""
        if not self.fits_model(facts):
            return [_cannot_generate(facts)]
        if not facts.chat_template and any(needs_template(row) for row in rows):
            return [
                Problem(
                    "model.source",
                    mark("{model} has no chat template, and the data holds conversations."),
                    mark("Choose a model that was tuned for chat, such as an Instruct one."),
                    {"model": facts.name},
                )
            ]
        return []

    def encode(self, row: Row, processor: Any, setting: Setting) -> list[Example]:
        """Turn a chat into one example, or a text into as many as it fills."""
        if row.messages:
            return [_encode_chat(row, processor, setting)]
        if row.text:
            return _encode_text(row.text, processor, setting)
        raise RowError(mark("The row holds neither a conversation nor a text."))

    def question(self, row: Row) -> Question | None:
        """Ask what comes before the last answer."""
        return last_question(row)

    def collator(self, processor: Any) -> Callable[[list[Example]], dict[str, Any]]:
        """Leave it to the engine, which packs rows."""
        raise TypeError("next-token tasks are laid together by the engine")

    def loss(self, outputs: Any, labels: Any, items: Any) -> Any:
        """Leave it to the engine, which computes logits only where they are trained."""
        raise TypeError("next-token tasks have the engine's loss")


def _encode_chat(row: Row, tokenizer: Any, setting: Setting) -> Example:
    """Tokenise a conversation; only tokens inside an answer keep their label."""
    rendered = render(row, tokenizer)
    found = tokenizer(rendered.text, add_special_tokens=False, return_offsets_mapping=True)
    ids = np.asarray(found["input_ids"], dtype=np.int32)
    labels = ids.copy()
    if setting.train_on == "answers":
        places = np.asarray(found["offset_mapping"], dtype=np.int64)
        labels[~_inside(places, rendered.answers)] = IGNORED
    return _cut(ids, labels, setting.max_length)


def _inside(places: NDArray[np.int64], answers: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Say for each token's (start, end) whether it begins inside an answer."""
    inside = np.zeros(len(places), dtype=bool)
    for start, end in answers:
        inside |= (places[:, 0] >= start) & (places[:, 0] < end)
    return inside & (places[:, 1] > places[:, 0])


def _cut(ids: Ids, labels: Ids, longest: int) -> Example:
    """Cut a row at the longest length; raises RowError when nothing trained is left."""
    cut = len(ids) > longest
    if not (labels[1:longest] != IGNORED).any():
        raise RowError(
            mark("Nothing is left to train on: the answer begins after {longest} tokens.")
            if cut
            else mark("Nothing in the row is trained on: no answer was found."),
            longest=longest,
        )
    return Example(ids[:longest], labels[:longest], cut)


def _encode_text(text: str, tokenizer: Any, setting: Setting) -> list[Example]:
    """Tokenise running text and part it into pieces of at most the longest length."""
    ids = list(tokenizer(text)["input_ids"])
    if tokenizer.eos_token_id is not None and ids[-1:] != [tokenizer.eos_token_id]:
        ids.append(tokenizer.eos_token_id)
    whole = np.asarray(ids, dtype=np.int32)
    parts = [whole[i : i + setting.max_length] for i in range(0, len(whole), setting.max_length)]
    examples = [Example(part, part.copy()) for part in parts if len(part) > 1]
    if not examples:
        raise RowError(mark("The text is too short to learn from."))
    return examples


def _cannot_generate(facts: ModelFacts) -> Problem:
    """Return the problem of a model that does not write text."""
    return Problem(
        "task.name",
        mark("{model} ({architecture}) does not generate text."),
        mark("Choose another model, or another task."),
        {"model": facts.name, "architecture": facts.architecture or facts.model_type},
    )


TASK = CausalLM()
