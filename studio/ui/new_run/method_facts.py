"""What every method does and needs here, worked out from the draft and the machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio.errors import Problem
from studio.estimate import Estimate, by_method, with_method
from studio.flow import Draft
from studio.hardware import Machine, Use
from studio.methods import capabilities, check, evidence
from studio.methods.catalogue import FAMILIES, Method, method, methods
from studio.ui.new_run.evidence_words import measured
from studio.ui.new_run.method_rows import Entry, search_words
from studio.words import tr

_SEARCHED = ("name", "summary", "documents")


@dataclass
class Needs:
    """The estimates by method, kept while nothing changes that they depend on."""

    found: dict[str, Estimate] = field(default_factory=dict)
    _sign: tuple[object, ...] = ()

    def of(self, draft: Draft, machine: Machine, now: Use) -> dict[str, Estimate]:
        """Return them; the chosen method's with its own settings."""
        if draft.model is None or not draft.model.parameters:
            return {}
        sign = (draft.recipe.model_dump_json(), draft.model, draft.data_facts(), machine, now)
        if sign != self._sign:
            self._sign = sign
            needs = by_method(draft.recipe, draft.model, draft.data_facts(), machine, now)
            mine = draft.estimate(machine, now)
            self.found = {**needs, draft.recipe.method.name: mine} if mine else needs
        return self.found


def refused(draft: Draft, key: str, machine: Machine) -> list[Problem]:
    """Return what keeps a method from the model, the task and this machine."""
    task = draft.task.name if draft.task else ""
    recipe = draft.recipe if key == draft.recipe.method.name else with_method(draft.recipe, key)
    found = check.problems(recipe, task, machine, draft.model)
    return [one for one in found if one.field.removeprefix("method.") not in method(key).knobs]


def entries(
    draft: Draft, machine: Machine, needs: Mapping[str, Estimate], ranked: Sequence[str]
) -> list[Entry]:
    """Return every method as its card shows it: what can be taken first, then by rank."""
    place = {key: number for number, key in enumerate(ranked)}
    found = [_entry(draft, one, machine, needs.get(one.key)) for one in methods().values()]
    return sorted(found, key=lambda one: (one.dim, place.get(one.key, len(place))))


def _entry(draft: Draft, one: Method, machine: Machine, need: Estimate | None) -> Entry:
    """Return one method with what it is, does and needs here."""
    problems = refused(draft, one.key, machine)
    best = evidence.best(one.key)
    task = draft.task.name if draft.task else ""
    family = draft.model.model_type if draft.model else ""
    return Entry(
        key=one.key,
        name=one.name,
        family=one.family,
        family_name=tr(FAMILIES[one.family]),
        summary=one.text("summary"),
        words=_words(one),
        need=need.total if need else None,
        limit=need.limit if need else 0,
        size=need.adapter_bytes if need else None,
        score=best.accuracy if best else None,
        measured=measured(best) if best else "",
        refused=problems[0].sentence() if problems else "",
        suits=not (task and capabilities.refusal(one.key, task, one.quantization, family)),
        merges=capabilities.merges(one.key, task, family),
        four_bit=_in_four_bit(one, task, family),
        chosen=one.key == draft.recipe.method.name,
    )


def _words(one: Method) -> str:
    """Return what a search for the method may hit: names, family and what it does."""
    told = (one.texts.get(name + end, "") for name in _SEARCHED for end in ("", "_zh"))
    return search_words((one.key, one.peft, tr(FAMILIES[one.family]), *told))


def _in_four_bit(one: Method, task: str, family: str) -> bool:
    """Say whether it was seen to train on 4-bit weights, by the model's family where tried."""
    seen = capabilities.cells(one.key, task or "causal_lm", "nf4")
    if family in seen:
        return seen[family].trains
    return one.quantization == "nf4" or any(cell.trains for cell in seen.values())
