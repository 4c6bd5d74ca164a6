"""The clip range of one activation, chosen by what its quantized values err, with the reason."""

from dataclasses import dataclass

import numpy as np

from emoray.quant.distribution import distribution
from emoray.quant.observe import Observer
from emoray.quant.ranges import BestOf, Ranges
from emoray.quant.reasons import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeChoice:
    """alpha, beta: the clip range. error: share of the activation's energy that is error, over the
    values that were seen. reason: a line for people."""

    ranges: Ranges
    alpha: float
    beta: float
    error: float
    reason: str


def choose_range(
    observer: Observer,
    best: BestOf | None = None,
    *,
    symmetric: bool = False,
    bits: int = 8,
) -> RangeChoice:
    """The range that `Static(ranges=best)` gives an activation, and why.

    Of the candidates within 5 % of the least squared error the widest is taken: outliers may carry
    the signal, so clipping them must earn its keep.
    """
    best = best or BestOf()
    values_1M = observer.values()[None, :]
    alpha_C1, beta_C1, error_C1, best_1 = best.tried(values_1M, symmetric, bits)
    taken = int(best_1[0])
    energy = float(np.square(values_1M, dtype=np.float64).sum())
    share_C = error_C1[:, 0] / energy if energy > 0 else np.zeros(len(error_C1))
    plain = float(np.abs(values_1M).max())
    clip = max(-float(alpha_C1[taken, 0]), float(beta_C1[taken, 0]))
    others = ", ".join(
        f"{name} {percent(float(share))}"
        for i, (name, share) in enumerate(zip(best.candidates, share_C, strict=True))
        if i != taken
    )
    return RangeChoice(
        ranges=best.candidates[taken],
        alpha=float(alpha_C1[taken, 0]),
        beta=float(beta_C1[taken, 0]),
        error=float(share_C[taken]),
        reason=(
            f"{distribution(values_1M[0])}: {best.candidates[taken]} clips at "
            f"{clip / plain if plain else 1:.2f} of max (error {percent(float(share_C[taken]))}"
            f"{'; ' + others if others else ''})"
        ),
    )
