"""Refuse what cannot work, before anything is loaded: each refusal with a reason and a way out."""

import math
from typing import Any

from studio.errors import MethodError, Problem, suggest
from studio.hardware import Machine
from studio.methods.capabilities import refusal
from studio.methods.catalogue import Knob, Method, method, methods, quantization
from studio.methods.mixture import adapter_problems, needs_adapters
from studio.models.facts import ModelFacts
from studio.recipe import Recipe
from studio.words import mark, tr

_INT8_CAPABILITY = (7, 5)  # Turing, for LLM.int8()
_BITS = {"nf4": "4-bit", "int8": "8-bit"}


def problems(
    recipe: Recipe, task: str, machine: Machine, model: ModelFacts | None = None
) -> list[Problem]:
    """Return all that keeps the recipe's method from the task, the model and the machine.

    Without a task, and for a model that is not known, only what never works is refused.
    """
    try:
        chosen = method(recipe.method.name)
    except MethodError as unknown:
        found = unknown.problem
        return [Problem("method.name", found.text, found.next_step, found.values)]
    measured = _measured_problems(recipe, chosen, task, model.model_type if model else "")
    mixed = needs_adapters(chosen) and not measured  # no adapters help a method that is refused
    return [
        *measured,
        *_knob_problems(chosen, recipe.method.knobs),
        *(adapter_problems(recipe, chosen, model) if mixed else []),
        *_quantization_problems(recipe, chosen, machine),
    ]


def _measured_problems(recipe: Recipe, chosen: Method, task: str, family: str) -> list[Problem]:
    """Refuse what was seen not to work, with the reason and the nearest method that can."""
    bits = quantization(recipe)
    reason = refusal(chosen.key, task, bits, family) if task else ""
    if not reason or (bits != "none" and not chosen.peft):  # the latter has a sentence of its own
        return []
    other = nearest(recipe, chosen, task, family)
    in_16 = bits != "none" and not refusal(chosen.key, task, "none", family)
    text = mark("{method} does not work here. {reason}")
    values: dict[str, object] = {"method": chosen.name, "reason": tr(reason), "other": other.name}
    if in_16:
        step = mark("Load the model in 16-bit, or choose {other}.")
        return [Problem("model.quantization", text, step, values)]
    return [Problem("method.name", text, mark("Choose {other}."), values)]


def nearest(recipe: Recipe, chosen: Method, task: str, family: str) -> Method:
    """Return a method that can, of the same family first, in the order of the gallery."""
    named = recipe.model.quantization
    able = [
        one
        for one in methods().values()
        if not refusal(one.key, task, one.quantization if named == "auto" else named, family)
        and not needs_adapters(one)
        and (one.peft or named in ("auto", "none"))
    ]
    near = [one for one in able if one.family == chosen.family]
    return next(iter([*near, *able]), chosen)


def _knob_problems(chosen: Method, given: dict[str, Any]) -> list[Problem]:
    """Refuse unknown settings and values out of range."""
    found: list[Problem] = []
    for key, value in given.items():
        knob = chosen.knobs.get(key)
        found += [_unknown(chosen, key)] if knob is None else _value_problems(knob, value)
    return found


def _unknown(chosen: Method, key: str) -> Problem:
    """Word an unknown setting."""
    step, values = suggest(key, chosen.knobs)
    return Problem(
        f"method.{key}",
        mark("{method} has no setting {key}."),
        step,
        {"method": chosen.name, "key": key, **values},
    )


def _value_problems(knob: Knob, value: Any) -> list[Problem]:
    """Hold one value against its knob."""
    values = {"key": knob.key, "given": value, "low": knob.low, "high": knob.high}
    field = f"method.{knob.key}"
    if knob.kind == "choice":
        return _choice_problems(knob, value)
    if knob.kind == "bool":
        fits = isinstance(value, bool)
        return [] if fits else [_wrong(field, mark("{key} must be true or false."), values)]
    if knob.kind == "text":
        fits = isinstance(value, str)
        return [] if fits else [_wrong(field, mark("{key} must be a text."), values)]
    number = isinstance(value, int if knob.kind == "int" else int | float)
    if isinstance(value, bool) or not number or not math.isfinite(value):
        return [_wrong(field, mark("{key} is {given}, which is no number it can have."), values)]
    if knob.low is not None and value < knob.low:
        return [_wrong(field, mark("{key} is {given}, but must be at least {low}."), values)]
    if knob.high is not None and value > knob.high:
        return [_wrong(field, mark("{key} is {given}, but must be at most {high}."), values)]
    return []


def _choice_problems(knob: Knob, value: Any) -> list[Problem]:
    """Accept a known choice, or a list of layer names."""
    known = [choice[0] for choice in knob.choices]
    names = isinstance(value, list) and all(isinstance(name, str) for name in value)
    if value in known or (names and knob.key == "target_modules"):
        return []
    values = {"key": knob.key, "given": value, "known": ", ".join(known)}
    return [_wrong(f"method.{knob.key}", mark("{key} is {given}; known: {known}."), values)]


def _wrong(field: str, text: str, values: dict[str, object]) -> Problem:
    """Return the problem of a value."""
    return Problem(field, text, mark("Change it in the recipe."), values)


def _quantization_problems(recipe: Recipe, chosen: Method, machine: Machine) -> list[Problem]:
    """Refuse 4-bit and 8-bit where they cannot be: no bitsandbytes, an old card, full weights."""
    bits, paged = quantization(recipe), recipe.training.optimizer != "adamw"
    field = "method.name" if bits != "none" else "training.optimizer"
    found: list[Problem] = []
    if bits != "none" and not chosen.peft:
        found.append(
            Problem(
                "model.quantization",
                mark("{method} cannot train weights that are held in {bits}."),
                mark("Load the model in 16-bit, or choose QLoRA."),
                {"method": chosen.name, "bits": _BITS[bits]},
            )
        )
    if (bits != "none" or paged) and not machine.four_bit:
        found.append(
            Problem(
                field,
                mark("bitsandbytes is not installed, which 4-bit, 8-bit and 8-bit AdamW need."),
                mark("Install it with: pip install bitsandbytes"),
            )
        )
    return found + _card_problems(recipe, bits, machine)


def _card_problems(recipe: Recipe, bits: str, machine: Machine) -> list[Problem]:
    """Refuse 8-bit on a card that is too old for it (bitsandbytes' table of requirements)."""
    card = machine.card if recipe.hardware.device != "cpu" else None
    if bits != "int8" or card is None or card.capability >= _INT8_CAPABILITY:
        return []
    return [
        Problem(
            "method.name",
            mark("{card} cannot compute in 8-bit, which needs a card of 2018 or later."),
            mark("Choose QLoRA, or LoRA in 16-bit."),
            {"card": card.name},
        )
    ]
