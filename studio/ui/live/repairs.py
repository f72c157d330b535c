"""What could be changed after memory ran out, each with the memory that it would need."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from studio.errors import StudioError
from studio.estimate import Estimate, estimate, with_method
from studio.hardware import Machine, Use
from studio.methods.catalogue import method, quantization
from studio.models.facts import ModelFacts
from studio.models.inspect import inspect
from studio.recipe import Recipe
from studio.survey import DataSurvey, survey_data, tokens_of
from studio.ui.words import count, percent
from studio.words import tr, trn

_LENGTH_GRID = 64  # tokens to which a shorter length is rounded
_SHORTER = 0.75


@dataclass(frozen=True)
class Repair:
    """A changed recipe; `need` in bytes with other programs, `slower` as a share of the time."""

    key: str
    recipe: Recipe
    need: int
    limit: int
    slower: float = 0.0
    cut: int = 0

    @property
    def fits(self) -> bool:
        """Say whether there is room for it."""
        return self.need <= 0.97 * self.limit

    def title(self) -> str:
        """Return what is changed."""
        training = self.recipe.training
        titles: dict[str, Callable[[], str]] = {
            "rows": lambda: tr("1 row at a time, {n} together", n=count(training.accumulation)),
            "recompute": lambda: tr("Recompute activations"),
            "four_bit": lambda: tr("Load the model in 4-bit"),
            "shorter": lambda: tr("Rows of at most {n} tokens", n=count(training.max_length)),
        }
        return titles[self.key]()

    def note(self) -> str:
        """Return what it costs."""
        if self.key == "shorter":
            return trn("Cuts 1 row", "Cuts {n} rows", self.cut)
        if self.key == "four_bit":
            return tr("Small loss in quality")
        if self.slower > 0.01:
            return tr("Same result, about {share} slower", share=percent(self.slower))
        return tr("Same result, somewhat slower")


def find_repairs(recipe: Recipe, here: Machine, now: Use) -> list[Repair]:
    """Look at model and rows again and return the repairs; raises StudioError.

    Reads files: not for the GUI thread.
    """
    facts = inspect(recipe.model.source, recipe.model.revision)
    return repairs(recipe, facts, survey_data(recipe), here, now)


def repairs(
    recipe: Recipe, facts: ModelFacts, data: DataSurvey, here: Machine, now: Use
) -> list[Repair]:
    """Return the changes that need less than what ran out of memory.

    The run needed more than there is: where the estimate says less, activations and logits of
    every estimate are made larger until it does.
    """
    before = estimate(recipe, facts, data.facts, here, now)
    growing = before.parts["activations"] + before.parts["logits"]
    missing = max(0, before.limit - before.total)
    stretch = missing / growing if growing else 0.0
    found = []
    for key, changed in _changes(recipe, data, here):
        need = estimate(changed, facts, data.facts, here, now)
        total = need.total + round(stretch * (need.parts["activations"] + need.parts["logits"]))
        repair = Repair(key, changed, total, need.limit, _slower(before, need))
        found.append(replace(repair, cut=_cut(changed, data)) if key == "shorter" else repair)
    return [repair for repair in found if repair.need < before.total + missing]


def _slower(before: Estimate, after: Estimate) -> float:
    """Return by how much of its time a run gets longer."""
    return after.seconds / before.seconds - 1 if before.seconds else 0.0


def _cut(recipe: Recipe, data: DataSurvey) -> int:
    """Count the rows that are longer, as far as tokens are known without a tokenizer."""
    return sum(tokens_of(row) > recipe.training.max_length for row in data.rows)


def _changes(recipe: Recipe, data: DataSurvey, here: Machine) -> Iterator[tuple[str, Recipe]]:
    """Yield the changed recipes; the given one stays as it is."""
    training = recipe.training
    if training.batch_size > 1:
        together = training.batch_size * training.accumulation
        yield "rows", _with(recipe, batch_size=1, accumulation=together)
    if not training.gradient_checkpointing:
        yield "recompute", _with(recipe, gradient_checkpointing=True)
    four_bit = _in_four_bit(recipe) if here.four_bit else None
    if four_bit is not None:
        yield "four_bit", four_bit
    longest = min(training.max_length, data.facts.longest or training.max_length)
    shorter = int(longest * _SHORTER) // _LENGTH_GRID * _LENGTH_GRID
    if shorter >= _LENGTH_GRID:
        yield "shorter", _with(recipe, max_length=shorter)


def _with(recipe: Recipe, **changes: object) -> Recipe:
    """Return a copy with other training values."""
    changed = recipe.model_copy(deep=True)
    for name, value in changes.items():
        setattr(changed.training, name, value)
    return changed


def _in_four_bit(recipe: Recipe) -> Recipe | None:
    """Return the same as QLoRA, for plain LoRA that holds the weights wider."""
    try:
        chosen = method(recipe.method.name)
    except StudioError:
        return None  # a method of another version of the program
    plain = chosen.peft == "LORA" and not chosen.fixed and not chosen.optimizer
    if not plain or quantization(recipe) == "nf4":
        return None
    changed = with_method(recipe, "qlora")
    changed.training.learning_rate = recipe.training.learning_rate
    changed.model.quantization = "auto"
    known = method("qlora").knobs
    for name, value in recipe.method.knobs.items():
        if name in known:
            setattr(changed.method, name, value)
    return changed
