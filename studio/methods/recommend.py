"""Say which method to take for this model, data and machine, and why."""

from collections.abc import Mapping
from dataclasses import dataclass

from studio.methods.catalogue import Method, methods
from studio.words import mark


@dataclass(frozen=True)
class Reason:
    """Why, or why not: kind is good, warn or bad; text is a template with values."""

    kind: str
    text: str
    values: dict[str, object]


@dataclass(frozen=True)
class Recommendation:
    """A method with its reasons; the first of a list is the one to take."""

    method: Method
    fits: bool
    reasons: tuple[Reason, ...]


def recommend(
    task: str, rows: int, needs: Mapping[str, int], limit: int, four_bit: bool
) -> list[Recommendation]:
    """Rank the methods.

    `needs` are estimated bytes by method, `limit` the bytes there are, `rows` the rows of data.
    Order: what fits with room to spare, then what fits tightly, then the rest; among equals LoRA
    before QLoRA before 8-bit LoRA before the others, as the documents and PEFT's benchmark agree.
    """
    found = [
        Recommendation(m, *_judged(m, rows, needs.get(m.key, 0), limit, four_bit))
        for m in methods().values()
        if m.suits(task)
    ]
    tight = {key for key, need in needs.items() if need > 0.8 * limit}
    return sorted(found, key=lambda one: (not one.fits, one.method.key in tight, one.method.order))


def _judged(
    method: Method, rows: int, need: int, limit: int, four_bit: bool
) -> tuple[bool, tuple[Reason, ...]]:
    """Return whether the method fits, with the reasons."""
    missing = method.quantization != "none" and not four_bit
    fits = need <= 0.97 * limit and not missing
    reasons = [_memory(need, limit)]
    if missing:
        reasons.append(Reason("bad", mark("Needs bitsandbytes, which is not installed"), {}))
    reasons.append(_merging(method))
    reasons += _data(method, rows)
    return fits, tuple(reasons)


def _memory(need: int, limit: int) -> Reason:
    """Say how much of the memory the method takes."""
    values: dict[str, object] = {"need": f"{need / 2**30:.1f}", "share": f"{need / limit:.0%}"}
    if need > 0.97 * limit:
        return Reason("bad", mark("{need} GB, more than there is"), values)
    if need > 0.8 * limit:
        return Reason("warn", mark("{need} GB, tight"), values)
    return Reason("good", mark("{need} GB, {share} of the memory"), values)


def _merging(method: Method) -> Reason:
    """Say whether the result merges."""
    if not method.peft:
        return Reason("good", mark("Gives a whole model"), {})
    if method.merges:
        return Reason("good", mark("Merges into 16-bit"), {})
    return Reason("warn", mark("Cannot be merged"), {})


def _data(method: Method, rows: int) -> list[Reason]:
    """Say what the number of rows speaks for or against."""
    if not method.peft and rows < 10_000:
        return [Reason("warn", mark("May forget much with {rows} rows"), {"rows": f"{rows:,}"})]
    if method.family == "prompt" and rows > 1_000:
        return [Reason("warn", mark("Learns less than LoRA from many rows"), {})]
    if method.quantization != "none":
        return [Reason("warn", mark("A little slower than 16-bit"), {})]
    if method.family == "scaling":
        return [Reason("warn", mark("Learns less than LoRA"), {})]
    return [Reason("good", mark("Learns well from any number of rows"), {})]
