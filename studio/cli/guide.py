"""The guide in the terminal: what it was told, what it advises, why, and where that is written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from studio.cli import numbers
from studio.cli.terminal import document, facts, note, result
from studio.errors import MethodError, suggest
from studio.estimate import DataFacts, by_method
from studio.hardware import Card, Machine, Use, machine, use
from studio.methods.guide import Advice, Reason, Situation, advise, questions
from studio.models.facts import ModelFacts
from studio.recipe import Recipe
from studio.words import mark, tr

_IN_FULL = 5  # methods whose reasons are printed; --json has all
_SIGNS = {"good": "+", "warn": "-", "bad": "x"}
_MOST = 10**15  # a thousand times the largest models of today
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}


@dataclass(frozen=True)
class Answers:
    """What a person tells the guide: size as in 7B, memory in GB."""

    goal: str
    task: str
    size: str
    rows: int
    memory: float | None


def recommend(told: Answers, family: str, as_json: bool) -> int:
    """Rank the methods and print the first ones with all that speaks for and against them.

    Only those of a family, "" for all.
    """
    asked = _situation(told)
    ranked = [one for one in advise(asked) if family in ("", one.method.family)]
    if as_json:
        document({"asked": _asked_values(asked), "ranked": [_values(one) for one in ranked]})
        return 0
    facts(_known(asked))
    fitting = [one for one in ranked if one.fits]
    if not fitting:
        result("\n" + tr("No method fits by the estimate. These come nearest:"))
    for place, one in enumerate((fitting or ranked)[:_IN_FULL], start=1):
        result(f"\n{place}. {one.method.name} ({one.method.key}) · {one.score:+g}")
        _tell((*one.reasons, *one.doubts))
    _tell_rest(fitting[_IN_FULL:], [one for one in ranked if not one.fits])
    return 0


def _situation(told: Answers) -> Situation:
    """Return what the guide is asked about; a text-writing task where none is named."""
    here, now = _machine(told.memory)
    size = _parameters(told.size)
    task = told.task or "causal_lm"
    needs = _needs(size, told.rows, here, now) if size else {}
    return Situation(
        goal=_goal(told.goal),
        task=task,
        parameters=size,
        rows=told.rows,
        limit=here.limit,
        on_card=here.card is not None,
        four_bit=here.four_bit,
        needs=needs,
    )


def _goal(name: str) -> str:
    """Return the key of a goal; raises MethodError for an unknown one."""
    known = questions()[0].choices
    if name not in known:
        step, values = suggest(name, known)
        raise MethodError(mark("There is no goal {name}."), step, name=name, **values)
    return name


def _parameters(size: str) -> int:
    """Return a number of parameters that is written like 7B, 135M or 7000000000; 0 for none."""
    if not size:
        return 0
    found = re.fullmatch(r"(\d*\.?\d+)\s*([kmbt]?)", size.strip().lower())
    number = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 1 <= number <= _MOST:
        text = mark("{size} is no number of parameters.")
        raise MethodError(text, mark("Write it like 7B or 135M."), size=size)
    return round(number)


def _machine(memory: float | None) -> tuple[Machine, Use]:
    """Return this computer, or one with an empty card of so many GB."""
    here, now = machine(), use()
    if memory is None:
        return here, now
    card = Card("", round(memory * 2**30), "", (8, 0))  # any card of today
    return replace(here, card=card), replace(now, card=None, memory_used=0)


def _needs(size: int, rows: int, here: Machine, now: Use) -> dict[str, int]:
    """Return the bytes that each method would need for a usual model, one row at a time."""
    recipe = Recipe()
    recipe.training.batch_size = 1
    found = by_method(recipe, _usual_model(size), DataFacts(rows=rows), here, now)
    return {key: need.total for key, need in found.items()}


def _usual_model(parameters: int) -> ModelFacts:
    """Return a model of this size in the usual proportions.

    12 parameters a layer and squared width (Kaplan et al. 2020, arXiv 2001.08361, table 1), 128
    times as wide as deep, as Llama 2 7B is (32 layers, 4,096 wide, 11,008 inside).
    """
    layers = max(1, round((parameters / (12 * 128**2)) ** (1 / 3)))
    width = 128 * layers
    return ModelFacts(
        source="",
        name="",
        kind="hub",
        architecture="LlamaForCausalLM",
        parameters=parameters,
        layers=layers,
        width=width,
        inner_width=round(2.7 * width),
        heads=layers,
        kv_heads=layers,
        head_width=128,
        vocabulary=128_000,
    )


def _known(asked: Situation) -> list[tuple[str, str]]:
    """Return the guide's questions with the answers that were given."""
    size, rows, limit = asked.parameters, asked.rows, asked.limit
    numbered = {
        "size": (size, numbers.count(size)),
        "rows": (rows, f"{rows:,}"),
        "machine": (limit / 2**30, numbers.memory(limit)),
    }
    goal, *others = questions()
    found = [(goal.title, goal.choices[asked.goal])]
    for one in others:
        value, exact = numbered[one.key]
        text = one.choices.get(one.answer(value), "")
        found.append((one.title, f"{text} ({exact})" if text else tr("not said")))
    if asked.needs:
        found.append((tr("Memory is counted for"), tr("one row of 1,024 tokens at a time")))
    return found


def _tell(reasons: Iterable[Reason]) -> None:
    """Print what speaks for and against a method, with the weight and the source."""
    for one in reasons:
        weight = f" [{one.weight:+g}]" if one.weight else ""
        source = f"\n      {one.source}" if one.source else ""
        result(f"   {_SIGNS[one.kind]} {tr(one.text, **one.values)}{weight}{source}")


def _tell_rest(fitting: list[Advice], others: list[Advice]) -> None:
    """Name the other methods in their order."""
    if fitting:
        names = ", ".join(one.method.key for one in fitting)
        result("\n" + tr("Then: {names}", names=names))
    if others:
        names = ", ".join(one.method.key for one in others)
        result("\n" + tr("Not here: {names}", names=names))
    note(tr("Why: finetune-studio methods --guide --json"))


def _asked_values(asked: Situation) -> dict[str, Any]:
    """Return what the guide was told, as JSON shows it."""
    names = ("goal", "task", "parameters", "rows", "limit", "on_card", "four_bit")
    return {name: getattr(asked, name) for name in names}


def _values(one: Advice) -> dict[str, Any]:
    """Return a piece of advice, as JSON shows it."""
    return {
        "method": one.method.key,
        "name": one.method.name,
        "fits": one.fits,
        "score": one.score,
        "reasons": [_reason_values(reason) for reason in one.reasons],
        "doubts": [_reason_values(reason) for reason in one.doubts],
    }


def _reason_values(one: Reason) -> dict[str, Any]:
    """Return a reason, as JSON shows it."""
    text = tr(one.text, **one.values)
    return {"kind": one.kind, "text": text, "weight": one.weight, "source": one.source}
