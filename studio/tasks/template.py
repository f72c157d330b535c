"""Chats as text: the model's own template, and where the answers stand in it.

Most templates do not mark what the assistant says, so the answers are found by rendering the
conversation up to each of them; what is added by the next turn is the answer with its stop token.
"""

from dataclasses import dataclass
from typing import Any

from studio.rows import Message, Row, RowError
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
    turns = [{"role": turn.role, "content": turn.content} for turn in row.messages]
    text = _template(tokenizer, turns)
    last = max(index for index, turn in enumerate(turns) if turn["role"] == "assistant")
    places = [index for index, turn in enumerate(turns) if turn["role"] == "assistant"]
    spans = [_span(tokenizer, turns, index, text) for index in places]
    if all(spans):
        return _with_stop(Rendered(text, tuple(s for s in spans if s)), tokenizer)
    text = _template(tokenizer, turns[: last + 1])
    final = _span(tokenizer, turns[: last + 1], last, text)
    if final is None:
        raise RowError(mark("The chat template rewrites the conversation, so no answer is found."))
    return _with_stop(Rendered(text, (final,), whole=False), tokenizer)


def prompt_text(messages: list[dict[str, str]], tokenizer: Any) -> str:
    """Return the text after which the model answers."""
    if not getattr(tokenizer, "chat_template", None):
        return "\n\n".join(turn["content"] for turn in messages) + "\n\n"
    return _template(tokenizer, messages, answer_follows=True)


def _span(
    tokenizer: Any, turns: list[dict[str, str]], index: int, text: str
) -> tuple[int, int] | None:
    """Return where the turn at `index` stands in the text, or None when it cannot be told."""
    before = _template(tokenizer, turns[:index], answer_follows=True) if index else ""
    upto = _template(tokenizer, turns[: index + 1]).rstrip()
    if not before or not (text.startswith(before) and text.startswith(upto)):
        return None
    return len(before), len(upto)


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
    *before, answer = row.messages
    if not before or answer.role != "assistant" or any(t.role == "assistant" for t in before):
        raise RowError(mark("The model has no chat template for a conversation."))
    head = prompt_text(_dicts(before), tokenizer)
    text = head + answer.content + (tokenizer.eos_token or "")
    return Rendered(text, ((len(head), len(text)),))


def _dicts(messages: list[Message]) -> list[dict[str, str]]:
    """Return messages as templates want them."""
    return [{"role": message.role, "content": message.content} for message in messages]
