"""The canonical row that every dataset layout ends in and every task begins with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.errors import plain

Raw = Mapping[str, Any]

# The parts of a row that a layout can fill, in the order in which layouts are tried: what needs
# more columns stands before what needs fewer. A task names those that it can learn from.
PARTS = ("span", "tags", "image", "messages", "pair", "label", "text")


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; role is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class Row:
    """One example in the one form that tasks know; which parts are set depends on the layout.

    `messages`: a conversation, or a question and its answer. `text`: running text, or the text
    that `label` (one class, or a number) or `labels` (any number of classes) belong to. `tokens`
    and `tags`: words, and the tag of each. `text`, `passage` and `answers`: a question, where to
    look, and the verbatim answers with the character each begins at; no answers means that the
    passage does not say. `text` and `positive`: two texts that mean the same, `negative` one that
    does not. `image`: the path of a picture. `raw`: the row as the file has it.
    """

    messages: tuple[Message, ...] = ()
    text: str = ""
    label: str | None = None
    labels: tuple[str, ...] | None = None
    tokens: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    passage: str = ""
    answers: tuple[tuple[str, int], ...] = ()
    positive: str = ""
    negative: str = ""
    image: str = ""
    raw: Raw = field(default_factory=dict, compare=False, repr=False)


class RowError(ValueError):
    """A row that does not fit; the text is a template, marked for translation."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.text = text
        self.values = plain(values)
