"""Answer prompts, streamed, and judge a reference answer."""

import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteria, TextIteratorStreamer

from studio.engine.loss import token_loss
from studio.rows import Message, Row, RowError
from studio.tasks.task import Question, Setting, Task
from studio.tasks.template import prompt_text


class _Until(StoppingCriteria):
    """End generation as soon as somebody asks for it."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self.stopped = stopped

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_kwargs: Any) -> torch.Tensor:
        """Say for each row whether it is done."""
        return torch.full((len(input_ids),), self.stopped(), device=input_ids.device)


class _Pieces(TextIteratorStreamer):
    """Hand on each piece of text as soon as whole words are known."""

    def __init__(self, tokenizer: Any, told: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self.told = told

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Hand on a piece."""
        if text:
            self.told(text)


def answer(
    model: Any,
    tokenizer: Any,
    question: Question,
    *,
    longest: int = 256,
    told: Callable[[str], None] = lambda _piece: None,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[str, int, float]:
    """Answer greedily; return the text, its tokens and the seconds."""
    turns = list(question.messages) or [{"role": "user", "content": question.prompt}]
    given = tokenizer(
        prompt_text(turns, tokenizer), return_tensors="pt", add_special_tokens=False
    ).to(model.device)
    began = time.perf_counter()
    with generating(model):
        out = model.generate(
            **given,
            generation_config=greedy(model, tokenizer, longest),
            streamer=_Pieces(tokenizer, told),
            stopping_criteria=[_Until(stopped)],
        )
    new = out[0, given["input_ids"].shape[1] :]
    return tokenizer.decode(new, skip_special_tokens=True), len(new), time.perf_counter() - began


def answers(
    model: Any,
    tokenizer: Any,
    questions: Sequence[Question],
    longest: int = 64,
    stopped: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Answer several prompts at once, greedily."""
    texts = [
        prompt_text(list(q.messages) or [{"role": "user", "content": q.prompt}], tokenizer)
        for q in questions
    ]
    given = tokenizer(
        texts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False
    ).to(model.device)
    with generating(model):
        out = model.generate(
            **given,
            generation_config=greedy(model, tokenizer, longest),
            stopping_criteria=[_Until(stopped)],
        )
    return tokenizer.batch_decode(out[:, given["input_ids"].shape[1] :], skip_special_tokens=True)


def greedy(model: Any, tokenizer: Any, longest: int) -> GenerationConfig:
    """Return settings that give the same answer each time, ending where the model's turn ends."""
    known = model.generation_config.eos_token_id
    ends = set(known if isinstance(known, list) else [known]) | {tokenizer.eos_token_id}
    return GenerationConfig(
        max_new_tokens=longest,
        do_sample=False,
        eos_token_id=sorted(end for end in ends if end is not None) or None,
        pad_token_id=tokenizer.pad_token_id,
        use_cache=True,
    )


@contextmanager
def generating(model: Any) -> Any:
    """Put the model into its answering state and back into the one it was in."""
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(training)


def classify(model: Any, tokenizer: Any, text: str) -> list[tuple[str, float]]:
    """Return (label, probability) of a text, likeliest first."""
    given = tokenizer(text, return_tensors="pt", truncation=True).to(model.device)
    with generating(model):
        chances = model(**given).logits[0].float().softmax(-1)
    labels = model.config.id2label
    found = [(labels[index], float(chance)) for index, chance in enumerate(chances)]
    return sorted(found, key=lambda one: -one[1])


def reference_loss(
    model: Any, tokenizer: Any, question: Question, reference: str, task: Task, longest: int
) -> float | None:
    """Return the mean loss of the reference answer, or None when it cannot be told."""
    turns = [Message(turn["role"], turn["content"]) for turn in question.messages]
    row = Row((*turns, Message("assistant", reference)))
    try:
        example = task.encode(row, tokenizer, Setting(longest))[0]
    except RowError:
        return None
    ids = torch.tensor(example.ids[None], dtype=torch.long, device=model.device)
    labels = torch.tensor(example.labels[None], dtype=torch.long, device=model.device)
    with generating(model):
        return float(token_loss(model(input_ids=ids), labels))
