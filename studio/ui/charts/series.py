"""A series of numbers that grows while it is drawn, and is drawn in a few points per pixel."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.ui.charts.smoothing import Floats, Smoother

_BLOCK = 64  # raw values behind one entry of the pyramid
_SAMPLE = 4096  # values looked at, up to twice, for percentiles: enough for an axis, never slow


class Points(NamedTuple):
    """What a curve draws: x and y of the same length, NaN where the line is broken."""

    x: Floats
    y: Floats


class Column:
    """A growable array with the extremes of each block of 64, so that zooming out is cheap."""

    def __init__(self) -> None:
        self._data: Floats = np.empty(256)
        self._count = 0
        self._low: NDArray[np.int64] = np.empty(0, np.int64)
        self._high: NDArray[np.int64] = np.empty(0, np.int64)
        self._done = 0  # values whose block is final

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> Floats:
        """Return the values so far; a view, not a copy."""
        return self._data[: self._count]

    def extend(self, values: Floats) -> None:
        """Add values at the end."""
        need = self._count + len(values)
        if need > len(self._data):
            grown = np.empty(max(need, 2 * len(self._data)))
            grown[: self._count] = self.values
            self._data = grown
        self._data[self._count : need] = values
        self._count = need

    def truncate(self, count: int) -> None:
        """Forget everything from index `count` on."""
        self._count = count
        self._done = min(self._done, count // _BLOCK * _BLOCK)

    def extremes(self, first: int, last: int, buckets: int) -> NDArray[np.int64]:
        """Return sorted indices in [first, last) that keep every bucket's least and greatest.

        There are between `buckets` and twice as many buckets, aligned to powers of two, so that
        the drawn points stay the same while the series grows. A bucket without any finite value
        gives one index of a NaN, which breaks the line there.
        """
        size = 1
        while (last - first) > 2 * size * buckets:
            size *= 2
        if size <= 2:
            return np.arange(first, last)
        begin, end = first // size * size, min(-(-last // size) * size, self._count)
        low, high = self._buckets(begin, end, size)
        picked = np.concatenate([low, high, [first, last - 1]])
        picked.sort()
        return picked

    def _buckets(self, begin: int, end: int, size: int) -> tuple[NDArray, NDArray]:
        if size <= _BLOCK:
            return _bucket_extremes(self._data[begin:end], begin, size)
        self._update_pyramid()
        part = slice(begin // _BLOCK, -(-end // _BLOCK))
        low, high = self._low[part], self._high[part]
        rows = size // _BLOCK
        low = _best(low, _clean(self._data[low], np.inf), rows, np.argmin)
        return low, _best(high, _clean(self._data[high], -np.inf), rows, np.argmax)

    def _update_pyramid(self) -> None:
        start = self._done
        low, high = _bucket_extremes(self._data[start : self._count], start, _BLOCK)
        keep = start // _BLOCK
        self._low = np.concatenate([self._low[:keep], low])
        self._high = np.concatenate([self._high[:keep], high])
        self._done = self._count // _BLOCK * _BLOCK


def _clean(values: Floats, instead: float) -> Floats:
    return np.where(np.isfinite(values), values, instead)


def _bucket_extremes(values: Floats, offset: int, size: int) -> tuple[NDArray, NDArray]:
    """Return the indices of the least and the greatest value of each bucket."""
    own = np.arange(offset, offset + len(values))
    low = _best(own, _clean(values, np.inf), size, np.argmin)
    return low, _best(own, _clean(values, -np.inf), size, np.argmax)


def _best(indices: NDArray, keys: Floats, rows: int, pick: object) -> NDArray[np.int64]:
    """Return of each group of `rows` the index whose key is picked; the last may be short."""
    whole = len(keys) // rows * rows
    groups = keys[:whole].reshape(-1, rows)
    best = indices[pick(groups, axis=1) + np.arange(0, whole, rows)]  # type: ignore[operator]
    if whole < len(keys):
        rest = indices[whole + int(pick(keys[whole:]))]  # type: ignore[operator]
        best = np.append(best, rest)
    return best.astype(np.int64)


class Series:
    """One measured quantity over steps and over time.

    Steps never fall: a step lower than the last one means that the run went back to a
    checkpoint, and everything from there on is forgotten.
    """

    def __init__(self, smoothing: float | None = None) -> None:
        self.x = Column()
        self.t = Column()
        self.y = Column()
        self.smooth = Column()
        self._smoother = None if smoothing is None else Smoother(smoothing)

    def __len__(self) -> int:
        return len(self.y)

    def append(self, x: float, y: float, t: float | None = None) -> None:
        """Add one value at step `x`, taken `t` seconds after the start."""
        times = None if t is None else np.array([t])
        self.extend(np.array([x]), np.array([y]), times)

    def extend(self, x: Floats, y: Floats, t: Floats | None = None) -> None:
        """Add values in order of their steps."""
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if len(x) != len(y):
            raise ValueError(f"{len(x)} steps but {len(y)} values")
        if len(x) == 0:
            return
        if len(self) and x[0] < self.x.values[-1]:
            self._go_back(float(x[0]))
        self.x.extend(x)
        self.t.extend(x if t is None else np.asarray(t, dtype=np.float64))
        self.y.extend(y)
        if self._smoother is not None:
            self.smooth.extend(self._smoother.extend(y))

    def set_smoothing(self, factor: float) -> None:
        """Smooth everything again with another factor; nothing to do without smoothing."""
        if self._smoother is None or self._smoother.factor == factor:
            return
        self._smoother = Smoother(factor)
        self.smooth = Column()
        self.smooth.extend(self._smoother.extend(self.y.values))

    def _go_back(self, x: float) -> None:
        count = int(np.searchsorted(self.x.values, x, "left"))
        for column in (self.x, self.t, self.y):
            column.truncate(count)
        if self._smoother is not None:
            factor, self._smoother = self._smoother.factor, None
            self._smoother = Smoother(factor)
            self.smooth = Column()
            self.smooth.extend(self._smoother.extend(self.y.values))

    def points(
        self, low: float, high: float, pixels: int, time: bool = False, smooth: bool = False
    ) -> Points:
        """Return what is seen of [low, high] on a plot `pixels` wide, one point beyond each side.

        The least and the greatest value of every pixel are kept.
        """
        xs = (self.t if time else self.x).values
        column = self.smooth if smooth else self.y
        first, last = self._seen(xs, low, high)
        if first >= last:
            return Points(np.empty(0), np.empty(0))
        index = column.extremes(first, last, max(pixels, 2))
        return Points(xs[index], column.values[index])

    def sample(self, low: float, high: float, time: bool = False, smooth: bool = False) -> Floats:
        """Return finite values inside [low, high], evenly picked where they are many.

        Where none lies inside, those beside it are returned: the line between them is seen.
        """
        xs = (self.t if time else self.x).values
        first = int(np.searchsorted(xs, low, "left"))
        last = int(np.searchsorted(xs, high, "right"))
        if first == last and 0 < first < len(xs):
            first, last = first - 1, last + 1
        stride = max(1, (last - first) // _SAMPLE)
        values = (self.smooth if smooth else self.y).values[first:last:stride]
        return values[np.isfinite(values)]

    def value_at(
        self, x: float, time: bool = False, smooth: bool = False
    ) -> tuple[float, float] | None:
        """Return (x, y) of the last value at or before `x`, None before the first.

        A gap stands at the place of the value before it, which is meant then.
        """
        xs = (self.t if time else self.x).values
        index = int(np.searchsorted(xs, x, "right")) - 1
        if index < 0:
            return None
        if index and np.isnan(self.y.values[index]) and xs[index] == xs[index - 1]:
            index -= 1
        return float(xs[index]), float((self.smooth if smooth else self.y).values[index])

    def clear(self) -> None:
        """Forget everything."""
        if len(self):
            self._go_back(-np.inf)

    def last_finite(self, smooth: bool = False) -> tuple[float, float] | None:
        """Return (x, y) of the last finite value; None without one."""
        values = (self.smooth if smooth else self.y).values
        for end in range(len(values), 0, -_SAMPLE):
            found = np.flatnonzero(np.isfinite(values[max(0, end - _SAMPLE) : end]))
            if len(found):
                index = max(0, end - _SAMPLE) + int(found[-1])
                return float(self.x.values[index]), float(values[index])
        return None

    def best(self, lower: bool, smooth: bool = False) -> tuple[float, float] | None:
        """Return (x, y) of the least value, or of the greatest; None without a finite one."""
        column = self.smooth if smooth else self.y
        if len(column) == 0:
            return None
        index = column.extremes(0, len(column), 1)
        values = column.values[index]
        index, values = index[np.isfinite(values)], values[np.isfinite(values)]
        if len(index) == 0:
            return None
        chosen = int(values.argmin() if lower else values.argmax())
        return float(self.x.values[index[chosen]]), float(values[chosen])

    def _seen(self, xs: Floats, low: float, high: float) -> tuple[int, int]:
        first = max(0, int(np.searchsorted(xs, low, "left")) - 1)
        last = min(len(xs), int(np.searchsorted(xs, high, "right")) + 1)
        return first, last
