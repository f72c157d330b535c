"""Chats as text: the model's own template, and where the answers stand in it.

Most templates do not mark what the assistant says, so the answers are found by rendering the
conversation up to each of them; what is added by the next turn is the answer with its stop token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.rows import Message, Row, RowError
from studio.tasks.task import Question
from studio.words import mark


@dataclass(frozen=True)
class Rendered:
    """A conversation as text; `answers` are (start, end) of what the model is to say."""

    text: str
    answers: tuple[tuple[int, int], ...]
    whole: bool = True  # False: only the last answer could be told apart


def render(row: Row, tokenizer: Any) -> Rendered:
    """Render a row's conversation; raises RowError when the template refuses it."""
    if not getattr(tokenizer, "chat_template", None):
        return _plain(row, tokenizer)
    turns = _dicts(row.messages)
    text = _template(tokenizer, turns)
    places = [index for index, turn in enumerate(turns) if turn["role"] == "assistant"]
    spans = [_span(tokenizer, turns, index, text) for index in places]
    found = tuple(span for span in spans if span)
    if found and len(found) == len(places):
        return _with_stop(Rendered(text, found), tokenizer)
    upto = turns[: places[-1] + 1] if places else []
    text = _template(tokenizer, upto) if upto else ""
    final = _span(tokenizer, upto, len(upto) - 1, text) if upto else None
    if final is None:
        raise RowError(mark("The chat template rewrites the conversation, so no answer is found."))
    return _with_stop(Rendered(text, (final,), whole=False), tokenizer)


def needs_template(row: Row) -> bool:
    """Say whether a row is more than a question and its answer, which any model can learn."""
    roles = [turn.role for turn in row.messages]
    return bool(roles) and (roles[-1] != "assistant" or roles.count("assistant") > 1)


def last_question(row: Row) -> Question | None:
    """Return what comes before the last answer as a prompt, or None without such an answer."""
    turns = _dicts(row.messages)
    answers = [i for i, turn in enumerate(turns) if turn["role"] == "assistant" and i]
    if not answers:
        return None
    before = turns[: answers[-1]]
    return Question(before[-1]["content"], turns[answers[-1]]["content"], tuple(before))


def prompt_text(messages: list[dict[str, str]], tokenizer: Any) -> str:
    """Return the text after which the model answers, special tokens included."""
    if getattr(tokenizer, "chat_template", None):
        return _template(tokenizer, messages, answer_follows=True)
    return _start(tokenizer) + "\n\n".join(turn["content"] for turn in messages) + "\n\n"


def _start(tokenizer: Any) -> str:
    """Return the token that the tokenizer lays before a text of its own accord, or nothing."""
    first = tokenizer("a")["input_ids"][:1]
    return tokenizer.bos_token or "" if first == [tokenizer.bos_token_id] else ""


def _span(
    tokenizer: Any, turns: list[dict[str, str]], index: int, text: str
) -> tuple[int, int] | None:
    """Return where the turn at `index` stands in the text, or None when it cannot be told."""
    before = _template(tokenizer, turns[:index], answer_follows=True) if index else ""
    upto = _template(tokenizer, turns[: index + 1]).rstrip()
    if not before or not (text.startswith(before) and text.startswith(upto)):
        return None
    return (len(before), len(upto)) if len(upto) > len(before) else None


def _template(tokenizer: Any, turns: list[dict[str, str]], answer_follows: bool = False) -> str:
    """Apply the chat template; raises RowError with the template's own words."""
    from jinja2 import TemplateError

    try:
        return str(
            tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=answer_follows
            )
        )
    except (TemplateError, ValueError, TypeError) as reason:
        raise RowError(
            mark("The chat template refuses the conversation: {reason}."), reason=reason
        ) from reason


def _with_stop(rendered: Rendered, tokenizer: Any) -> Rendered:
    """Make sure that the last answer ends in a stop token, or answers would never end."""
    start, end = rendered.answers[-1]
    stops = [token for token in tokenizer.all_special_tokens if token]
    stops += [str(token) for token in tokenizer.added_tokens_encoder]
    if not tokenizer.eos_token or rendered.text[start:end].endswith(tuple(stops)):
        return rendered
    text = rendered.text[:end] + tokenizer.eos_token
    answers = (*rendered.answers[:-1], (start, len(text)))
    return Rendered(text, answers, rendered.whole)


def _plain(row: Row, tokenizer: Any) -> Rendered:
    """Join question and answer for a model without a chat template."""
    if needs_template(row) or len(row.messages) < 2:
        raise RowError(mark("The model has no chat template for a conversation."))
    *before, answer = row.messages
    head = prompt_text(_dicts(before), tokenizer)
    text = head + answer.content + (tokenizer.eos_token or "")
    return Rendered(text, ((len(head), len(text)),))


def _dicts(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return messages as templates want them."""
    return [{"role": message.role, "content": message.content} for message in messages]
