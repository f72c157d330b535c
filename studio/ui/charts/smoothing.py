"""Exponential mean with bias correction, for display only; a value that is no number is a gap."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BLOCK = 64  # values mixed by one matrix product; more would waste work, fewer would loop more


class Smoother:
    """Smooths a growing series without looking back: the cost is that of the new values."""

    def __init__(self, factor: float = 0.96) -> None:
        self._factor = min(max(factor, 0.0), 0.9999)
        self._mean = 0.0
        self._weight = 0.0  # 1 - factor ** count: what the mean still lacks
        self._mix, self._decay = _kernel(self._factor)

    @property
    def factor(self) -> float:
        """Return the weight of the past, between 0 and 1."""
        return self._factor

    def extend(self, values: Floats) -> Floats:
        """Return the smoothed values of the next stretch, shape as given."""
        out = np.full(len(values), np.nan)
        finite = np.isfinite(values)
        count = int(finite.sum())
        if count <= _BLOCK:
            for index in np.flatnonzero(finite):
                out[index] = self._step(float(values[index]))
        else:
            out[finite] = self._blocks(values[finite])
        return out

    def _step(self, value: float) -> float:
        share = 1.0 - self._factor
        self._mean = self._factor * self._mean + share * value
        self._weight = self._factor * self._weight + share
        return self._mean / self._weight

    def _blocks(self, values: Floats) -> Floats:
        """Smooth many finite values: one product inside all blocks, then carry between them."""
        whole = len(values) // _BLOCK * _BLOCK
        local = values[:whole].reshape(-1, _BLOCK) @ self._mix
        before = np.empty(len(local))
        mean = self._mean
        last = float(self._decay[-1])
        for index, end in enumerate(local[:, -1].tolist()):
            before[index] = mean
            mean = last * mean + end
        local += before[:, None] * self._decay
        lack = 1.0 - self._weight
        powers = last ** np.arange(len(local), dtype=np.float64)
        local /= 1.0 - lack * powers[:, None] * self._decay
        self._mean, self._weight = mean, 1.0 - lack * last ** len(local)
        tail = [self._step(float(value)) for value in values[whole:]]
        return np.concatenate([local.ravel(), np.asarray(tail, dtype=np.float64)])


def _kernel(factor: float) -> tuple[Floats, Floats]:
    """Return the mixing matrix of one block and what is left of the past after each value."""
    powers = np.arange(_BLOCK, dtype=np.float64)
    lag = powers[None, :] - powers[:, None]
    mix = np.where(lag >= 0, (1.0 - factor) * factor ** np.maximum(lag, 0.0), 0.0)
    return mix, factor ** (powers + 1.0)
