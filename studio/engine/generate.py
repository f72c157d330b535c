"""Answer prompts, streamed, and judge a reference answer."""

import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import GenerationConfig, StoppingCriteria, TextIteratorStreamer

from studio.engine.inputs import laid, plain
from studio.engine.loss import token_loss
from studio.models.facts import lost_positions
from studio.rows import Message, Row, RowError
from studio.tasks.seq2seq_lm import ends_with, source
from studio.tasks.task import IGNORED, Question, Setting, Task
from studio.tasks.template import prompt_text

_GIVEN = ("input_ids", "attention_mask")


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
    longest = _answerable(model, longest)
    given = _given(model, tokenizer, [question], longest)
    began = time.perf_counter()
    with generating(model):
        out = model.generate(
            **given,
            generation_config=greedy(model, tokenizer, longest),
            streamer=_Pieces(tokenizer, told),
            stopping_criteria=[_Until(stopped)],
        )
    new = out[0, _prompt_length(model, given) :]
    return tokenizer.decode(new, skip_special_tokens=True), len(new), time.perf_counter() - began


def answers(
    model: Any,
    tokenizer: Any,
    questions: Sequence[Question],
    longest: int = 64,
    stopped: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Answer several prompts, greedily: at once where a shorter one may be filled up in front.

    With learnt tokens in front the filling would come between them and the prompt.
    """
    config = getattr(model, "active_peft_config", None)
    if getattr(config, "is_prompt_learning", False) and len(questions) > 1:
        each = (answers(model, tokenizer, [one], longest, stopped) for one in questions)
        return [text for some in each for text in some]
    longest = _answerable(model, longest)
    given = _given(model, tokenizer, questions, longest)
    with generating(model):
        out = model.generate(
            **given,
            generation_config=greedy(model, tokenizer, longest),
            stopping_criteria=[_Until(stopped)],
        )
    new = out[:, _prompt_length(model, given) :]
    return list(tokenizer.batch_decode(new, skip_special_tokens=True))


def _given(
    model: Any, tokenizer: Any, questions: Sequence[Question], answer_length: int
) -> dict[str, Any]:
    """Return the tokens of prompts: a chat that an answer follows, or what an encoder reads.

    A chat keeps its end where it and the answer are longer than the model reads.
    """
    turns = [list(q.messages) or [{"role": "user", "content": q.prompt}] for q in questions]
    longest = _reads(model)
    if model.config.is_encoder_decoder:
        texts = [source(some) for some in turns]
        found = tokenizer(texts, padding=True, truncation=longest is not None, max_length=longest)
    else:
        texts = [prompt_text(some, tokenizer) for some in turns]
        found = tokenizer(texts, padding=True, padding_side="left", add_special_tokens=False)
    given = {name: torch.tensor(found[name], device=model.device) for name in _GIVEN}
    if longest is None or model.config.is_encoder_decoder:
        return given
    return {name: one[:, -(longest - answer_length) :] for name, one in given.items()}


def _answerable(model: Any, longest: int) -> int:
    """Return how long an answer may be: half of what the model reads is left to the prompt."""
    reads = None if model.config.is_encoder_decoder else _reads(model)
    return longest if reads is None else min(longest, reads // 2)


def _reads(model: Any) -> int | None:
    """Return the tokens that a prompt can have at most, None where nothing limits it."""
    config = plain(model).config
    reader = getattr(config, "encoder", config)
    found = getattr(reader, "max_position_embeddings", None)
    if not found:
        return None
    lost = lost_positions(reader.model_type, getattr(reader, "pad_token_id", None))
    return max(2, int(found) - lost - _learnt_in_front(model))


def _learnt_in_front(model: Any) -> int:
    """Return the learnt tokens that a method puts in front of every prompt."""
    config = getattr(model, "active_peft_config", None)
    front = getattr(config, "is_prompt_learning", False)
    return int(getattr(config, "num_virtual_tokens", 0) or 0) if front else 0


def _prompt_length(model: Any, given: dict[str, Any]) -> int:
    """Return how many tokens come before an answer; a decoder begins with one of its own."""
    return 1 if model.config.is_encoder_decoder else int(given["input_ids"].shape[1])


def greedy(model: Any, tokenizer: Any, longest: int) -> GenerationConfig:
    """Return settings that give the same answer each time, ending where the model's turn ends."""
    known = model.generation_config.eos_token_id
    ends = set(known if isinstance(known, list) else [known]) | {tokenizer.eos_token_id}
    settings = {
        "max_new_tokens": longest,
        "do_sample": False,
        "eos_token_id": sorted(end for end in ends if end is not None) or None,
        "pad_token_id": tokenizer.pad_token_id,
        "use_cache": True,
    }
    if model.config.is_encoder_decoder:
        settings |= _decoding(model, tokenizer, settings["eos_token_id"])
    return GenerationConfig(**settings)


def _decoding(model: Any, tokenizer: Any, ends: list[int] | None) -> dict[str, Any]:
    """Return how a decoder begins and ends."""
    known, config = model.generation_config, plain(model).config
    begins = known.decoder_start_token_id
    end = ends_with(tokenizer)
    return {
        "decoder_start_token_id": config.decoder_start_token_id if begins is None else begins,
        "forced_bos_token_id": known.forced_bos_token_id,
        "eos_token_id": ends or (None if end is None else [end]),
    }


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
    batch = laid(task, tokenizer, model)([example])
    given = {name: one.to(model.device) for name, one in batch.items()}
    labels = given.pop("labels")
    with generating(model):
        outputs = model(**given)
        if task.next_token:
            return float(token_loss(outputs, labels))
        return float(task.loss(outputs, labels, (labels != IGNORED).sum()))
