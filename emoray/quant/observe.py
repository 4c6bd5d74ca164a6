"""Static activation ranges: observe batches, then choose a range as for weights."""

import numpy as np

from emoray.quant.affine import AffineMap, affine_between, checked_values
from emoray.quant.ranges import ActivationRanges


class Observer:
    """Collects one activation's values over batches of any shape, padding removed by the caller.

    Keeps every value up to `limit`, beyond that a uniform sample of so many (a seeded random key
    for each value, the smallest keys stay: batch borders make no difference). The least and
    the greatest value are always kept.
    """

    def __init__(self, *, limit: int = 1 << 20, seed: int = 0) -> None:
        if limit < 1:
            raise ValueError(f"an observer keeps at least one value, got limit={limit}")
        self._limit = limit
        self._random = np.random.default_rng(seed)
        self._values = np.empty(0, np.float32)
        self._keys = np.empty(0)
        self._largest_key = np.inf
        self._extremes = np.empty(0, np.float32)
        self.seen = 0

    def watch(self, batch: np.ndarray) -> None:
        """Add one batch; refuse an empty one, NaN and Inf."""
        values = checked_values(batch).ravel()
        self.seen += values.size
        ends = np.concatenate([self._extremes, values])
        self._extremes = np.array([ends.min(), ends.max()])
        keys = self._random.random(values.size)
        chosen = keys < self._largest_key
        self._values = np.concatenate([self._values, values[chosen]])
        self._keys = np.concatenate([self._keys, keys[chosen]])
        if self._values.size > 2 * self._limit:
            self._thin()

    def _thin(self) -> None:
        """Keep the values of the `limit` smallest keys."""
        if self._values.size > self._limit:
            kept = np.argpartition(self._keys, self._limit - 1)[: self._limit]
            self._values, self._keys = self._values[kept], self._keys[kept]
            self._largest_key = self._keys.max()

    def values(self) -> np.ndarray:
        """The values that were kept, in arbitrary order; float32, one axis."""
        if self.seen == 0:
            raise ValueError("a static range needs calibration data, got none: watch a batch first")
        self._thin()
        if self.seen > self._limit:
            return np.concatenate([self._values, self._extremes])
        return self._values

    def range(
        self, ranges: ActivationRanges, *, symmetric: bool = False, bits: int = 8
    ) -> tuple[float, float]:
        """The clip range (alpha, beta) that `ranges` chooses for the observed values."""
        alpha_S, beta_S = ranges.of(self.values()[None, :], symmetric, bits)
        return float(alpha_S[0]), float(beta_S[0])

    def affine(
        self, ranges: ActivationRanges, *, symmetric: bool = False, bits: int = 8
    ) -> AffineMap:
        """The activation's map over the range that `ranges` chooses."""
        alpha, beta = self.range(ranges, symmetric=symmetric, bits=bits)
        return affine_between(alpha, beta, bits=bits, symmetric=symmetric)
