"""Rank the methods for a model, data, task and machine, with what speaks for and against each.

Pure arithmetic over presets/guide.toml, presets/evidence.csv and presets/capabilities.json: a
method's score is the sum of its reasons' weights, so that every place in the list can be explained.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from studio.methods import capabilities, evidence
from studio.methods.catalogue import Method, methods
from studio.methods.evidence import Point
from studio.methods.rules import Asked, Measure, Rule, Situation, book, spoken, works
from studio.words import mark

__all__ = ["Advice", "Reason", "Situation", "advise", "questions"]

# What outweighs all advice: a tight fit comes after those with room, then what does not fit, and
# last what cannot be. The bounds are those of Estimate.verdict.
_TIGHT, _LACKS, _REFUSED = -100.0, -1_000.0, -10_000.0
_TIGHT_SHARE, _FULL_SHARE = 0.8, 0.97
_ELSEWHERE = 0.5  # what a figure for written answers counts for another kind of task


@dataclass(frozen=True)
class Reason:
    """Why, or why not: kind is good, warn or bad; text is a template with values.

    `source` says where it is written, in the person's language, "" for what this program knows
    itself. `weight` is what it adds to the method's score.
    """

    kind: str
    text: str
    values: dict[str, object] = field(default_factory=dict)
    source: str = ""
    weight: float = 0.0


@dataclass(frozen=True)
class Advice:
    """A method with what speaks for it and against it; the first of a list is the one to take."""

    method: Method
    fits: bool
    reasons: tuple[Reason, ...]
    doubts: tuple[Reason, ...]

    @property
    def score(self) -> float:
        """The sum of all weights."""
        return round(sum(one.weight for one in (*self.reasons, *self.doubts)), 2)


def questions() -> list[Asked]:
    """Return what the guide asks: aim, model, data, machine."""
    return list(book().questions)


def advise(asked: Situation) -> list[Advice]:
    """Rank every method.

    Order: what fits with room to spare, then what fits tightly, then what does not fit, then what
    cannot do the task; among equals by the documents' rules and what was measured.
    """
    rules = [rule for rule in book().rules if rule.applies(asked)]
    found = [_advice(one, asked, rules) for one in methods().values()]
    return sorted(found, key=lambda one: (-one.score, one.method.order))


def _advice(one: Method, asked: Situation, rules: list[Rule]) -> Advice:
    """Gather what speaks for and against a method; the memory stands first."""
    told = [*_ruled(one, asked, rules), *_measured(one, asked)]
    told = _once([*told, *_by_family(one, told), *_merging(one, asked)])
    told.sort(key=lambda reason: -abs(reason.weight))
    told = [*_refused(one, asked), *_missing(one, asked), *_memory(one, asked), *told]
    good = tuple(reason for reason in told if reason.kind == "good")
    against = tuple(reason for reason in told if reason.kind != "good")
    return Advice(one, not any(reason.kind == "bad" for reason in told), good, against)


def _once(told: list[Reason]) -> list[Reason]:
    """Say what several rules say in the same words only once, with all its weight."""
    found: dict[tuple[str, str], Reason] = {}
    for one in told:
        before = found.get((one.kind, one.text))
        weight = one.weight + (before.weight if before else 0.0)
        found[one.kind, one.text] = replace(before or one, weight=weight)
    return list(found.values())


# This machine and what the method can do


def _bits(one: Method, asked: Situation) -> str:
    """Return how the model would be held."""
    return one.quantization if asked.bits == "auto" else asked.bits


def _refused(one: Method, asked: Situation) -> list[Reason]:
    """Say why the method was seen not to do the task."""
    if not asked.task:
        return []
    why = capabilities.refusal(one.key, asked.task, _bits(one, asked), asked.family)
    return [Reason("bad", why, weight=_REFUSED)] if why else []


def _missing(one: Method, asked: Situation) -> list[Reason]:
    """Say that the library is missing that holds a model in few bits."""
    if _bits(one, asked) == "none" or asked.four_bit:
        return []
    text = mark("Needs bitsandbytes, which is not installed")
    return [Reason("bad", text, weight=_LACKS)]


def _memory(one: Method, asked: Situation) -> list[Reason]:
    """Say how much of the memory the method takes."""
    need, limit = asked.needs.get(one.key, 0), asked.limit
    if not need or not limit:
        return []
    values: dict[str, object] = {"need": f"{need / 2**30:.1f}", "share": f"{need / limit:.0%}"}
    if need > _FULL_SHARE * limit:
        return [Reason("bad", mark("{need} GB, more than there is"), values, weight=_LACKS)]
    if need > _TIGHT_SHARE * limit:
        return [Reason("warn", mark("{need} GB, tight"), values, weight=_TIGHT)]
    return [Reason("good", mark("{need} GB, {share} of the memory"), values)]


def _merging(one: Method, asked: Situation) -> list[Reason]:
    """Say whether the result merges, where that was tried."""
    if not one.peft:
        return [Reason("good", mark("Gives a whole model"))]
    if not capabilities.cells(one.key, asked.task or "causal_lm"):
        return []
    if capabilities.merges(one.key, asked.task, asked.family):
        return [Reason("good", mark("Merges into 16-bit"))]
    return [Reason("warn", mark("Cannot be merged"), weight=-1.0)]


# The documents


def _ruled(one: Method, asked: Situation, rules: list[Rule]) -> list[Reason]:
    """Return what the rules say of a method."""
    values = {**_figures(one.key), "rows": f"{asked.rows:,}"}
    found = []
    for rule in rules:
        if one.key in rule.favours:
            text, source = spoken(rule.texts, "text"), _cited(rule.source, one)
            found.append(_reason("good", text, values, source, rule.favours[one.key]))
        if one.key in rule.doubts:
            text, source = spoken(rule.texts, "doubt"), _cited(rule.doubt_source, one)
            found.append(_reason("warn", text, values, source, rule.doubts[one.key]))
    return found


def _cited(source: tuple[str, str], one: Method) -> str:
    """Return where it is written; "paper" is the method's own."""
    return one.paper if source[0] == "paper" else book().cite(source)


def _reason(kind: str, text: str, values: dict[str, str], source: str, weight: float) -> Reason:
    """Make a reason with those of the values that its text shows."""
    shown: dict[str, object] = {k: v for k, v in values.items() if f"{{{k}}}" in text}
    return Reason(kind, text, shown, source, float(weight))


# The evidence


def _measured(one: Method, asked: Situation) -> list[Reason]:
    """Hold a method's figures against LoRA's."""
    found = []
    for measure in book().measures:
        ahead = _ahead(one.key, measure.of)
        if ahead is None or _unsaid(measure, ahead, asked.goal):
            continue
        weight = _weight(measure, ahead, asked)
        kind = "good" if weight >= 0 else "warn"
        text = spoken(measure.texts, "own" if one.key == "lora" else kind)
        source = book().cite(("benchmark", ""))
        found.append(_reason(kind, text, _figures(one.key), source, weight))
    return found


def _ahead(key: str, of: str) -> float | None:
    """Return how far a figure is ahead of LoRA's, in points or factors of ten; None: unknown."""
    if of == "accuracy":
        best, lora = evidence.best(key), evidence.best("lora")
        return 100 * (best.accuracy - lora.accuracy) if best and lora else None
    point, other = evidence.thrifty(key), evidence.thrifty("lora")
    return math.log10(getattr(other, of) / getattr(point, of)) if point and other else None


def _unsaid(measure: Measure, ahead: float, goal: str) -> bool:
    """Say whether a figure does not matter to the goal, or is no worse than others."""
    if not measure.weight(goal):
        return True
    usual = goal not in measure.weights and bool(measure.beyond)
    return usual and ahead > -math.log10(measure.beyond)


def _weight(measure: Measure, ahead: float, asked: Situation) -> float:
    """Return what being so far ahead of LoRA, or behind, is worth to the goal."""
    if measure.scale == "points" and abs(ahead) <= 100 * evidence.NOISE:
        return measure.near
    bounded = min(max(ahead * measure.weight(asked.goal), measure.least), measure.most)
    told = measure.of != "accuracy" or not asked.task or "generation" in works(asked)
    return round(bounded if told else bounded * _ELSEWHERE, 1)


def _figures(key: str) -> dict[str, str]:
    """Return a method's measured figures and LoRA's, as texts name them."""
    points, best, lora = evidence.of(key), evidence.thrifty(key), evidence.thrifty("lora")
    if not points or not best or not lora:
        return {}
    return {
        "range": _range(points),
        "score": f"{points[0].accuracy:.0%}",
        "lora_range": _range(evidence.of("lora")),
        "times": f"{best.seconds / lora.seconds:.1f}",
        **_shown(best, ""),
        **_shown(lora, "lora_"),
    }


def _shown(point: Point, prefix: str) -> dict[str, str]:
    """Return a run's costs in words' units: GB, minutes, MB."""
    return {
        f"{prefix}memory": f"{point.memory / 2**30:.1f}",
        f"{prefix}minutes": f"{point.seconds / 60:.0f}",
        f"{prefix}size": _megabytes(point.size),
        f"{prefix}forgetting": f"{point.forgetting:.2g}",
    }


def _megabytes(size: float) -> str:
    """Return bytes as MB in three figures, or as whole ones."""
    size /= 1e6
    return f"{size:,.0f}" if size >= 100 else f"{size:.3g}"


def _range(points: Iterable[Point]) -> str:
    """Return the shares of right answers that runs had, from the least to the most."""
    least, most = (100 * f([one.accuracy for one in points]) for f in (min, max))
    return f"{least:.0f}–{most:.0f}%" if round(least) != round(most) else f"{most:.0f}%"


def _by_family(one: Method, told: list[Reason]) -> list[Reason]:
    """Say what is thought of a method that nobody favours and nobody measured."""
    if evidence.of(one.key) or any(reason.kind == "good" for reason in told):
        return []
    entry = book().families[one.family]
    kind = "good" if entry["weight"] > 0 else "warn"
    return [Reason(kind, spoken(entry, "text"), weight=float(entry["weight"]))]
