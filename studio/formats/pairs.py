"""A question and its answer in columns: how layouts of presets/layouts.toml are read."""

from dataclasses import dataclass

from studio.formats.layout import is_text, text_of
from studio.rows import Message, Raw, Row, RowError
from studio.words import mark


@dataclass(frozen=True)
class Pairs:
    """Rows whose prompt is in one or two columns and whose answer is in another."""

    name: str
    title: str
    prompt: str
    completion: str
    extra: str = ""
    system: str = ""
    gives: str = "messages"

    @property
    def columns(self) -> str:
        """The columns in words."""
        return ", ".join(part for part in (self.prompt, self.extra, self.completion) if part)

    def fits(self, raw: Raw) -> bool:
        """Say whether both columns are there and hold text."""
        return all(is_text(raw.get(name)) for name in (self.prompt, self.completion))

    def row(self, raw: Raw) -> Row:
        """Join prompt columns to a question, the completion being the answer."""
        question = text_of(raw, self.prompt)
        extra = raw.get(self.extra) if self.extra else None
        if isinstance(extra, str) and extra.strip():
            question = f"{question}\n\n{extra}"
        answer = text_of(raw, self.completion)
        if not answer.strip():
            raise RowError(mark("The answer in {column} is empty."), column=self.completion)
        turns = [Message("user", question), Message("assistant", answer)]
        system = raw.get(self.system) if self.system else None
        if isinstance(system, str) and system.strip():
            turns.insert(0, Message("system", system))
        return Row(messages=tuple(turns), raw=raw)
