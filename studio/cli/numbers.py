"""Numbers as people read them: 2,223 · 58% · 0.958 · 2e-4 · 8.19B · 11.9 GB · 2 h 7 min."""

import math
import time

from studio.words import tr

NONE = "–"


def significant(value: float) -> str:
    """Return three significant figures without an exponent: 0.958, 11.9, 1,230."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}" if digits < 7 else f"{value:.2g}"


def figure(value: float | None) -> str:
    """Return a loss or a rate: 0.958, 2e-4, – for none; NaN shows as such."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else str(value)
    if value and abs(value) < 1e-3:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return significant(value)


def memory(size: float) -> str:
    """Return bytes of memory, which count 1,024s."""
    return _size(size, 1024)


def disk(size: float) -> str:
    """Return bytes of files, which count 1,000s."""
    return _size(size, 1000)


def _size(size: float, thousand: int) -> str:
    """Return bytes in the unit that leaves a number below a thousand."""
    units = ("B", "KB", "MB", "GB", "TB")
    power = 0
    while size >= 999.5 and power < len(units) - 1:
        size, power = size / thousand, power + 1
    return f"{size:,.0f} {units[power]}" if not power else f"{significant(size)} {units[power]}"


def count(value: int) -> str:
    """Return a large count short: 8.19B, 135M; small ones whole: 2,223."""
    for size, unit in ((1e9, "B"), (1e6, "M")):
        if value >= size:
            return f"{significant(value / size)}{unit}"
    return f"{value:,}"


def duration(seconds: float) -> str:
    """Return a time span: 2 h 7 min, 3 min 5 s, 40 s."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return tr("{hours} h {minutes} min", hours=f"{hours:,}", minutes=minutes)
    if minutes:
        return tr("{minutes} min {seconds} s", minutes=minutes, seconds=whole % 60)
    return tr("{seconds} s", seconds=whole)


def moment(seconds: float) -> str:
    """Return a point in time, given in seconds since 1970."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else NONE
