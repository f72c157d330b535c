"""How numbers, sizes, times and dates are written in the window."""

import time
from datetime import datetime, timedelta

from PySide6.QtCore import QDate, QLocale

from studio.words import language, tr

MISSING = "–"
_DAY = 86_400


def gigabytes(size: float) -> str:
    """Return bytes of memory as "11.9 GB"; memory counts 1,024s."""
    return tr("{number} GB", number=gigabytes_number(size))


def gigabytes_number(size: float) -> str:
    """Return bytes of memory in GB without the unit, in three significant figures at most."""
    value = size / 2**30
    return f"{value:,.0f}" if value >= 99.95 or abs(value - round(value)) < 0.05 else f"{value:.1f}"


def whole_gigabytes(size: float) -> str:
    """Return the memory of a card or a machine as it is sold: "24" for 23.5 GB."""
    return f"{round(size / 2**30):,}"


def file_size(size: float) -> str:
    """Return bytes on a disk as "93 MB"; files count 1,000s."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{_short(value)} {unit}"
        value /= 1000
    return f"{_short(value)} TB"


def _short(value: float) -> str:
    """Return a number below 1,000 in two or three significant figures."""
    return f"{value:.1f}" if value < 9.95 and value != int(value) else f"{value:.0f}"


def duration(seconds: float) -> str:
    """Return a span of time as "39 s", "3 min 41 s", "2 h 7 min", "3 d 4 h"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return tr("{seconds} s", seconds=whole)
    if whole < 600 and whole % 60:
        minutes, rest = divmod(whole, 60)
        return tr("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
    if whole < 3570:
        return tr("{minutes} min", minutes=round(whole / 60))
    minutes = round(whole / 60)
    if minutes < 1440:
        return tr("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)
    return tr("{days} d {hours} h", days=minutes // 1440, hours=minutes % 1440 // 60)


def clock(t: float) -> str:
    """Return the time of day of seconds since 1970 as "16:55"."""
    return time.strftime("%H:%M", time.localtime(t))


def when(t: float, brief: bool = False) -> str:
    """Return a moment as "today 14:48", "yesterday", "Thu 19 Nov" or "18 Nov 2025".

    Brief leaves out "today" and the day of the week.
    """
    moment, now = datetime.fromtimestamp(t), datetime.now()
    days = (now.date() - moment.date()).days
    if days == 0:
        return clock(t) if brief else tr("today {time}", time=clock(t))
    if days == 1:
        return tr("yesterday")
    if moment.year != now.year and days > 180:
        return _date(moment, "year")
    return _date(moment, "day" if brief or days >= 7 else "weekday")


def exactly(t: float) -> str:
    """Return a moment with its date and its time, for tool tips."""
    moment = datetime.fromtimestamp(t)
    return f"{_date(moment, 'year')}, {moment:%H:%M:%S}"


def done_at(seconds_left: float) -> str:
    """Return the time of day at which something ends, with the day when that is not today."""
    end = datetime.now() + timedelta(seconds=seconds_left)
    if end.date() == datetime.now().date():
        return f"{end:%H:%M}"
    return f"{_date(end, 'day')} {end:%H:%M}"


_PATTERNS = {
    "en": {"day": "d MMM", "weekday": "ddd d MMM", "year": "d MMM yyyy"},
    "zh_CN": {"day": "M月d日", "weekday": "M月d日", "year": "yyyy年M月d日"},
}


def _date(moment: datetime, form: str) -> str:
    """Return a date in the order and with the names of the person's language."""
    locale = QLocale("zh_CN" if language() == "zh_CN" else "en_GB")
    pattern = _PATTERNS.get(language(), _PATTERNS["en"])[form]
    return str(locale.toString(QDate(moment.year, moment.month, moment.day), pattern))


def count(n: float) -> str:
    """Return a whole number as "2,223"."""
    return f"{round(n):,}"


def parameters(n: float) -> str:
    """Return a number of parameters as "8.19B" or "135M"."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if n >= size * 0.9995:
            return f"{n / size:.3g}{unit}"
    return f"{n:.0f}"


def percent(share: float) -> str:
    """Return a share of 1 as "58%"."""
    return f"{share * 100:.0f}%"


def loss(value: float | None) -> str:
    """Return a loss as "0.958", or a dash where there is none."""
    return MISSING if value is None else f"{value:.3f}"


def preview(text: str, most: int = 160) -> str:
    """Return the beginning of a text on one line, `most` characters of it."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most].rstrip()}…"
