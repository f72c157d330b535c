"""The canonical row that every dataset layout ends in and every task begins with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.errors import plain

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; role is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class Row:
    """One example in the one form that tasks know; which parts are set depends on the layout.

    `messages`: a conversation, or a question and its answer. `text`: running text, or the text
    that `label` sorts into a class. `raw`: the row as the file has it.
    """

    messages: tuple[Message, ...] = ()
    text: str = ""
    label: str | None = None
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


class RowError(ValueError):
    """A row that does not fit; the text is a template, marked for translation."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.text = text
        self.values = plain(values)
