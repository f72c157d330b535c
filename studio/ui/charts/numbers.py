"""Where ticks lie on an axis, and how the numbers on a chart are written."""

import math
from itertools import pairwise

from studio.words import tr

PLAIN = (1.0, 2.0, 5.0)
VALUES = (1.0, 2.0, 4.0, 5.0)
# Memory comes in powers of two.
BINARY = (1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0)
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
_DAY = 86400
_SMALL = 1e-3


def ticks(low: float, high: float, most: int, steps: tuple[float, ...] = VALUES) -> list[float]:
    """Return at most `most` round values inside [low, high], evenly spaced."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    found: list[float] = []
    for step in (power * step * scale for scale in (1.0, 10.0, 100.0) for step in steps):
        values = _multiples(low, high, step)
        if len(values) <= most:
            return values if len(values) > 1 or not found else _thinned(found, most)
        found = values
    return found[:most]


def _multiples(low: float, high: float, step: float) -> list[float]:
    slack = 1e-9 * (high - low) / step
    first, last = math.ceil(low / step - slack), math.floor(high / step + slack)
    if last - first > 1000:
        return [step * i for i in range(first, first + 1000)]
    return [step * i for i in range(first, last + 1)]


def _thinned(values: list[float], most: int) -> list[float]:
    return values[:: math.ceil(len(values) / most)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values whose log10 lies inside [low, high], at most `most`."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    for digits in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        values = [digit * 10.0**power for power in powers for digit in digits]
        values = [value for value in values if low <= math.log10(value) <= high]
        if 2 <= len(values) <= most:
            return values
    if len(values) > most:
        return _thinned(values, most)
    return ticks(10.0**low, 10.0**high, most)


def time_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round times in seconds inside [low, high]."""
    for step in (*_SECONDS, *(_DAY * days for days in (1, 2, 5, 10, 20, 50, 100))):
        values = _multiples(low, high, step)
        if len(values) <= most:
            return values
    return ticks(low, high, most)


def log10(value: float) -> float:
    """Return the place of a value on a logarithmic axis."""
    return math.log10(value)


def tick_texts(values: list[float]) -> list[str]:
    """Return the numbers of an axis with as many digits as their distance needs."""
    if not values:
        return []
    gaps = [abs(b - a) for a, b in pairwise(values) if b != a]
    spacing = min(gaps, default=abs(values[0]) or 1.0)
    return [_tick_text(value, spacing) for value in values]


def _tick_text(value: float, spacing: float) -> str:
    if abs(value) < spacing * 1e-6:
        return "0"
    if spacing < _SMALL * 0.999:
        digits = math.floor(math.log10(abs(value)) + 1e-9) - math.floor(math.log10(spacing) + 1e-9)
        return exponent_text(f"{value:.{max(0, digits)}e}")
    if spacing >= 1:
        return f"{value:,.0f}"
    return f"{value:,.{max(1, math.ceil(-math.log10(spacing) - 1e-9))}f}"


def exponent_text(text: str) -> str:
    """Return 2e-4 for 2.00e-04."""
    if "e" not in text:
        return text
    mantissa, _, power = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(power)}"


def value_text(value: float, form: str) -> str:
    """Return one value as `form` writes it: "loss", "count", "small" or "memory"; "–" if missing.

    A value that is no number says so: a diverged loss must be seen.
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞"
    if form == "count":
        return f"{value:,.0f}"
    if form == "memory":
        return f"{value:,.1f}"
    if 0 < abs(value) < _SMALL:
        return exponent_text(f"{value:.2e}")
    if form == "small":
        return f"{value:.3g}"
    return f"{value:,.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def step_text(step: float) -> str:
    """Return a step number with separators."""
    return f"{step:,.0f}"


def time_text(seconds: float) -> str:
    """Return a length of time as short as its size allows."""
    total = round(seconds)
    minutes, rest = divmod(total, 60)
    hours, left = divmod(minutes, 60)
    if total < 60:
        return tr("{seconds} s", seconds=total)
    if hours == 0 and rest:
        return tr("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    if hours == 0:
        return tr("{minutes} min", minutes=minutes)
    if left == 0:
        return tr("{hours} h", hours=f"{hours:,}")
    return tr("{hours} h {minutes} min", hours=f"{hours:,}", minutes=left)
