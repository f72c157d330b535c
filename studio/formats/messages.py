"""Chats: a list of messages with role and content, or ShareGPT's from and value."""

from typing import Any

from studio.rows import Message, Raw, Row, RowError
from studio.words import mark

_COLUMNS = ("messages", "conversations", "conversation", "chat")
_ROLES = {
    "human": "user",
    "user": "user",
    "prompter": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "system",
}


class Messages:
    """Rows that hold a conversation."""

    name = "messages"
    title = mark("Chat messages")
    columns = "messages: [{role, content}]"
    gives = "messages"

    def fits(self, raw: Raw) -> bool:
        """Say whether some column holds a list of turns."""
        turns = raw.get(_column(raw) or "")
        return isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict)

    def row(self, raw: Raw) -> Row:
        """Read the turns; a `system` column goes before them."""
        column = _column(raw)
        if column is None or not isinstance(raw[column], list):
            raise RowError(mark("The column {column} is missing."), column="messages")
        turns = tuple(_message(turn) for turn in raw[column])
        if not any(turn.role == "assistant" for turn in turns):
            raise RowError(mark("The conversation has no answer."))
        if all(turn.role == "assistant" for turn in turns):
            raise RowError(mark("The conversation has no question."))
        system = raw.get("system")
        if isinstance(system, str) and system.strip() and turns[0].role != "system":
            turns = (Message("system", system), *turns)
        return Row(messages=turns, raw=raw)


def _column(raw: Raw) -> str | None:
    """Return the column that holds the turns."""
    return next((name for name in _COLUMNS if name in raw), None)


def _message(turn: Any) -> Message:
    """Read one turn under either pair of names."""
    if not isinstance(turn, dict):
        raise RowError(mark("A turn of the conversation is not an object."))
    role = turn.get("role", turn.get("from"))
    content = _content(turn.get("content", turn.get("value")))
    if _ROLES.get(str(role)) is None:
        raise RowError(mark("A turn has the unknown role {role}."), role=role)
    if not isinstance(content, str):
        raise RowError(mark("A turn of the conversation holds no text."))
    return Message(_ROLES[str(role)], content)


def _content(value: Any) -> Any:
    """Join a turn that comes in parts, as long as all of them are text."""
    if not isinstance(value, list):
        return value
    parts = [part.get("text", part.get("value")) for part in value if isinstance(part, dict)]
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(value) else None


FORMAT = Messages()
