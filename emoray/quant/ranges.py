"""Ways to choose a clip range [alpha, beta] for every slice of a tensor.

Each type's ``of(values_SM, symmetric, bits)`` returns (alpha_S, beta_S), float64, with
alpha <= 0 <= beta, and alpha = -beta when symmetric. S slices, M values in each.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoray.quant.entropy import entropy_threshold
from emoray.quant.least_error import least_error_range, squared_error

Ends = tuple[np.ndarray, np.ndarray]


def _around_zero(low_S: np.ndarray, high_S: np.ndarray) -> Ends:
    return np.minimum(low_S, 0.0).astype(np.float64), np.maximum(high_S, 0.0).astype(np.float64)


@dataclass(frozen=True, slots=True)
class MinMax:
    """From the least to the greatest value: nothing is clipped."""

    tag: ClassVar[str] = "MinMax"

    def of(self, values_SM: np.ndarray, symmetric: bool, bits: int) -> Ends:
        """Return (alpha_S, beta_S), float64, of each slice."""
        alpha_S, beta_S = _around_zero(values_SM.min(axis=1), values_SM.max(axis=1))
        if symmetric:
            beta_S = np.maximum(-alpha_S, beta_S)
            alpha_S = -beta_S
        return alpha_S, beta_S

    def __str__(self) -> str:
        return "minmax"


@dataclass(frozen=True, slots=True)
class Percentile:
    """Clip at a percentile, interpolated linearly as ``np.percentile`` does.

    Symmetric: beta is |w| at `p`. Affine: each tail loses (100 - p) %, so alpha is w at 100 - p and
    beta is w at p, widened to hold 0. A slice whose percentile is 0 although it holds other
    values falls back to min/max rather than lose them all.
    """

    tag: ClassVar[str] = "Percentile"

    p: float = 99.9

    def __post_init__(self) -> None:
        if not 50 < self.p <= 100:
            raise ValueError(f"a clip percentile lies in (50, 100], got {self.p!r}")
        object.__setattr__(self, "p", float(self.p))  # 99 and 99.0 are one key in the store

    def of(self, values_SM: np.ndarray, symmetric: bool, bits: int) -> Ends:
        """Return (alpha_S, beta_S), float64, of each slice."""
        if symmetric:
            beta_S = np.percentile(np.abs(values_SM), self.p, axis=1).astype(np.float64)
            alpha_S = -beta_S
        else:
            alpha_S, beta_S = _around_zero(
                *np.percentile(values_SM, [100 - self.p, self.p], axis=1)
            )
        empty_S = alpha_S == beta_S
        if empty_S.any():
            alpha_S[empty_S], beta_S[empty_S] = MinMax().of(values_SM[empty_S], symmetric, bits)
        return alpha_S, beta_S

    def __str__(self) -> str:
        return f"p{self.p:.10g}"


@dataclass(frozen=True, slots=True)
class LeastError:
    """Clip where the summed squared error of the quantized values is least."""

    tag: ClassVar[str] = "LeastError"

    def of(
        self,
        values_SM: np.ndarray,
        symmetric: bool,
        bits: int,
        weights_SM: np.ndarray | None = None,
    ) -> Ends:
        """Return (alpha_S, beta_S), float64; `weights_SM`: factors of the squared errors."""
        return least_error_range(values_SM, bits, symmetric, weights_SM)

    def __str__(self) -> str:
        return "mse"


@dataclass(frozen=True, slots=True)
class Entropy:
    """Clip where relative entropy (KL) to the unclipped distribution is least.

    The threshold is fitted on |w|; an affine range is min/max cut at that threshold, and a slice of
    one sign has all its levels on that side.
    """

    tag: ClassVar[str] = "Entropy"

    def of(self, values_SM: np.ndarray, symmetric: bool, bits: int) -> Ends:
        """Return (alpha_S, beta_S), float64, of each slice."""
        alpha_S, beta_S = MinMax().of(values_SM, symmetric, bits)
        one_sided_S = (alpha_S == 0) | (beta_S == 0)
        limit_S = np.empty_like(beta_S)
        for side_S, levels in ((one_sided_S, 2**bits), (~one_sided_S, 2 ** (bits - 1))):
            if side_S.any():
                limit_S[side_S] = entropy_threshold(np.abs(values_SM[side_S]), levels)
        return np.maximum(alpha_S, -limit_S), np.minimum(beta_S, limit_S)

    def __str__(self) -> str:
        return "entropy"


Ranges = MinMax | Percentile | LeastError | Entropy


SLACK = 1.05  # a range that clips more must lower the squared error by at least 5 %


@dataclass(frozen=True, slots=True)
class BestOf:
    """The candidate range with the least squared error, slice by slice.

    Outliers may carry the signal, so of the ranges within 5 % of the least squared error the widest
    is taken.
    """

    tag: ClassVar[str] = "BestOf"

    candidates: tuple[Ranges, ...] = (
        MinMax(),
        Percentile(99.99),
        Percentile(99.9),
        Percentile(99),
        LeastError(),
        Entropy(),
    )

    def __post_init__(self) -> None:
        if not isinstance(self.candidates, tuple) or not self.candidates:
            raise ValueError(
                f"candidates is a tuple of ranges, got {self.candidates!r}: name at least one"
            )
        if not all(isinstance(candidate, Ranges) for candidate in self.candidates):
            raise ValueError(
                f"candidates are MinMax, Percentile, LeastError or Entropy, got "
                f"{self.candidates!r}: give instances"
            )

    def tried(
        self, values_SM: np.ndarray, symmetric: bool, bits: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Every candidate's (alpha_CS, beta_CS, squared error_CS), and the best index: best_S."""
        ends = [candidate.of(values_SM, symmetric, bits) for candidate in self.candidates]
        errors = [squared_error(values_SM, *found, bits, symmetric) for found in ends]
        alpha_CS, beta_CS = (np.stack(side) for side in zip(*ends, strict=True))
        error_CS = np.stack(errors)
        width_CS = np.where(error_CS <= SLACK * error_CS.min(axis=0), beta_CS - alpha_CS, -1.0)
        return alpha_CS, beta_CS, error_CS, width_CS.argmax(axis=0)

    def of(self, values_SM: np.ndarray, symmetric: bool, bits: int) -> Ends:
        """Return (alpha_S, beta_S), float64, of each slice."""
        alpha_CS, beta_CS, _, best_S = self.tried(values_SM, symmetric, bits)
        slices_S = np.arange(len(best_S))
        return alpha_CS[best_S, slices_S], beta_CS[best_S, slices_S]

    def __str__(self) -> str:
        if self == BestOf():
            return "best"
        return f"best({','.join(map(str, self.candidates))})"


ActivationRanges = Ranges | BestOf
