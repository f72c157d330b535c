"""The measured figures in words: how a run did, what all of them show and contradict."""

from collections.abc import Sequence

from studio.methods import evidence
from studio.methods.catalogue import methods
from studio.methods.evidence import Point
from studio.ui.words import duration, file_size, gigabytes, parameters
from studio.words import tr


def accuracy(point: Point) -> str:
    """Return the share of right answers."""
    return f"{100 * point.accuracy:.1f}%"


def measured(point: Point) -> str:
    """Return how a score was measured, for the tool tip of a card."""
    return tr("{settings}; weights in 16-bit", settings=point.knobs)


def tip(point: Point) -> str:
    """Return everything that was measured of a run, one figure a line."""
    known = methods().get(point.method)
    lines = (
        known.name if known else point.method,
        point.knobs,
        tr("{accuracy} of the answers right", accuracy=accuracy(point)),
        tr("{memory} at the peak", memory=gigabytes(point.memory)),
        tr("{time} in all", time=duration(point.seconds)),
        tr("{size} on the disk", size=file_size(point.size)),
        tr("{trained} trained", trained=parameters(point.trainable)),
    )
    return "\n".join(lines)


def line(point: Point) -> str:
    """Return a run's main figures in one line, for a method's panel."""
    return tr(
        "Measured: {accuracy} right, {memory} at the peak, {time}.",
        accuracy=accuracy(point),
        memory=gigabytes(point.memory),
        time=duration(point.seconds),
    )


def in_words(points: Sequence[Point]) -> str:
    """Return what the scatter shows, for those who do not see it: the best and the worst."""
    if not points:
        return tr("No figures to show.")
    best, worst = max(points, key=_score), min(points, key=_score)
    return tr(
        "{count} measured runs. Best: {best} with {best_score}. Least: {worst} with {worst_score}.",
        count=len(points),
        best=name_of(best),
        best_score=accuracy(best),
        worst=name_of(worst),
        worst_score=accuracy(worst),
    )


def _score(point: Point) -> float:
    return point.accuracy


def name_of(point: Point) -> str:
    """Return the method's name for people."""
    known = methods().get(point.method)
    return known.name if known else point.method


def contradiction() -> str:
    """Return where what was measured contradicts what the documents advise."""
    return tr(
        "The documents advise prompt tuning, prefix tuning and P-tuning for few rows and for "
        "generation. Here they scored {low} to {high}, where LoRA scored {lora}. The guide names "
        "both and ranks by what was measured.",
        **_contradicted(),
    )


_PROMPTS = ("prompt_tuning", "prefix_tuning", "p_tuning")


def _contradicted() -> dict[str, str]:
    """Return the scores that the contradiction is about."""
    prompts = [one.accuracy for key in _PROMPTS for one in evidence.of(key)]
    lora = [one.accuracy for one in evidence.of("lora")]
    spans = {"low": min(prompts), "high": max(prompts)}
    between = f"{100 * min(lora):.0f}–{100 * max(lora):.0f}%"
    return {**{key: f"{100 * value:.0f}%" for key, value in spans.items()}, "lora": between}
