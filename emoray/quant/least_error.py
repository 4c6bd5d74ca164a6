"""Clipping ranges of least squared error: a grid over clip ratios, refined around the best.

S slices, M values in each.
"""

import numpy as np

from emoray.quant.levels import code_range, scale_and_zero_point

_COARSE = np.geomspace(1.0, 0.02, 26)  # neighbours differ by 17 %
_ENDS = np.geomspace(1.0, 0.02, 16)
_REFINE = (np.linspace(0.84, 1.19, 8), np.linspace(0.96, 1.04, 9))
_CHUNK = 1 << 16  # values searched at a time: four float32 buffers stay in the cache


def squared_error(
    values_SM: np.ndarray,
    alpha_S: np.ndarray,
    beta_S: np.ndarray,
    bits: int,
    symmetric: bool,
    roots_SM: np.ndarray | None = None,
) -> np.ndarray:
    """Sum the squared quantization errors of each slice over its range.

    Args:
        values_SM: finite.
        alpha_S: lower ends of the ranges.
        beta_S: upper ends.
        bits: of a code.
        symmetric: whether codes are signed.
        roots_SM: factors of the errors, the square roots of their weights in the sum.

    Returns:
        error_S, float64.
    """
    low, high = code_range(bits, symmetric)
    scale_S, zero_S = scale_and_zero_point(alpha_S, beta_S, bits, symmetric)
    scale_S1, zero_S1 = scale_S[:, None], zero_S[:, None].astype(np.float32)
    error_SM = values_SM / scale_S1
    np.rint(error_SM, out=error_SM)
    if symmetric:  # two numbers for all slices clip faster than two columns
        np.clip(error_SM, low, high, out=error_SM)
    else:
        np.maximum(error_SM, low - zero_S1, out=error_SM)
        np.minimum(error_SM, high - zero_S1, out=error_SM)
    error_SM *= scale_S1
    error_SM -= values_SM
    if roots_SM is not None:
        error_SM *= roots_SM
    return np.einsum("sm,sm->s", error_SM, error_SM, dtype=np.float64)


class _Search:
    """The best range so far of each slice; another replaces it only where it lowers the error."""

    def __init__(
        self, values_SM: np.ndarray, bits: int, symmetric: bool, roots_SM: np.ndarray | None
    ) -> None:
        self.values_SM, self.bits, self.symmetric = values_SM, bits, symmetric
        self.roots_SM = roots_SM
        self.lowest_S = np.minimum(values_SM.min(axis=1), 0.0).astype(np.float64)
        self.highest_S = np.maximum(values_SM.max(axis=1), 0.0).astype(np.float64)
        if symmetric:
            self.highest_S = np.maximum(-self.lowest_S, self.highest_S)
            self.lowest_S = -self.highest_S
        self.alpha_S, self.beta_S = self.lowest_S.copy(), self.highest_S.copy()
        self.error_S = self._error(self.alpha_S, self.beta_S)

    def _error(self, alpha_S: np.ndarray, beta_S: np.ndarray) -> np.ndarray:
        return squared_error(
            self.values_SM, alpha_S, beta_S, self.bits, self.symmetric, self.roots_SM
        )

    def attempt(self, alpha_S: np.ndarray, beta_S: np.ndarray) -> None:
        """Try a range for every slice."""
        alpha_S = np.maximum(alpha_S, self.lowest_S)
        beta_S = np.minimum(beta_S, self.highest_S)
        error_S = self._error(alpha_S, beta_S)
        better_S = error_S < self.error_S
        np.copyto(self.alpha_S, alpha_S, where=better_S)
        np.copyto(self.beta_S, beta_S, where=better_S)
        np.copyto(self.error_S, error_S, where=better_S)


def _search(
    values_SM: np.ndarray, bits: int, symmetric: bool, roots_SM: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    search = _Search(values_SM, bits, symmetric, roots_SM)
    for ratio in _COARSE[1:]:
        search.attempt(ratio * search.lowest_S, ratio * search.highest_S)
    if not symmetric:
        for ratio in _ENDS:
            search.attempt(search.alpha_S, ratio * search.highest_S)
        for ratio in _ENDS:
            search.attempt(ratio * search.lowest_S, search.beta_S)
    for factors in _REFINE:
        alpha_S, beta_S = search.alpha_S.copy(), search.beta_S.copy()
        for factor in factors:
            if symmetric:
                search.attempt(factor * alpha_S, factor * beta_S)
            else:
                search.attempt(search.alpha_S, factor * beta_S)
        for factor in () if symmetric else factors:
            search.attempt(factor * alpha_S, search.beta_S)
    return search.alpha_S, search.beta_S


def least_error_range(
    values_SM: np.ndarray, bits: int, symmetric: bool, weights_SM: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the range of each slice with the least squared error of its quantized values.

    Never worse than min/max, the first range tried. Symmetric ranges search one clip ratio in
    [0.02, 1]; affine ones then move each end alone. (Optimal clipping by squared error:
    Banner et al. 2019; here the error is measured, not modelled.)

    Args:
        values_SM: finite.
        bits: of a code.
        symmetric: whether codes are signed.
        weights_SM: factors of the squared errors, not negative; equal ones by default.

    Returns:
        (alpha_S, beta_S), float64.
    """
    rows = max(1, _CHUNK // values_SM.shape[1])
    roots_SM = None if weights_SM is None else np.sqrt(weights_SM, dtype=np.float32)
    ends = []
    for start in range(0, len(values_SM), rows):
        part = slice(start, start + rows)
        roots = None if roots_SM is None else roots_SM[part]
        ends.append(_search(values_SM[part], bits, symmetric, roots))
    return np.concatenate([a for a, _ in ends]), np.concatenate([b for _, b in ends])
