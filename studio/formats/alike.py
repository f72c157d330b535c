"""Two texts that belong together: how layouts of presets/layouts.toml that give pairs are read."""

from dataclasses import dataclass

from studio.formats import labelled
from studio.formats.layout import is_text, named, text_of
from studio.rows import Raw, Row, RowError
from studio.words import mark

# Columns that say how alike two texts are: SNLI, MNLI, STS-B, SICK, QQP and PAWS name them so.
_JUDGED = (
    "label",
    "labels",
    "gold_label",
    "score",
    "gold_score",
    "similarity",
    "similarity_score",
    "relatedness_score",
    "entailment_judgment",
    "is_duplicate",
    "is_paraphrase",
)


@dataclass(frozen=True)
class Alike:
    """Rows with a text and another that belongs to it, and maybe a third that does not."""

    name: str
    title: str
    anchor: str
    positive: str
    negative: str = ""
    gives: str = "pair"

    @property
    def columns(self) -> str:
        """The columns in words."""
        return ", ".join(part for part in (self.anchor, self.positive, self.negative) if part)

    def fits(self, raw: Raw) -> bool:
        """Say whether both are texts, and nothing beside them judges the pair or sorts it."""
        texts = all(isinstance(raw.get(name), str) for name in (self.anchor, self.positive))
        return texts and not named(raw, _JUDGED) and not labelled.FORMAT.fits(raw)

    def row(self, raw: Raw) -> Row:
        """Read the texts; a pair with a label may be of texts that differ, so it is refused."""
        anchor, positive = text_of(raw, self.anchor), text_of(raw, self.positive)
        judged = named(raw, _JUDGED)
        if judged:
            raise RowError(
                mark("The column {column} judges the pair, which may be of texts that differ."),
                column=judged,
            )
        if not anchor.strip() or not positive.strip():
            raise RowError(mark("A text of the pair is empty."))
        negative = raw.get(self.negative) if self.negative else None
        third = str(negative) if is_text(negative) else ""
        return Row(text=anchor, positive=positive, negative=third, raw=raw)
