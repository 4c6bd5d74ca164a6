"""How much of the possible a front covers: the hypervolume indicator, for any number of objectives.

Legend: T trials, K objectives.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def hypervolume(costs_TK: Floats) -> float:
    """Compute the volume of the unit box that some points dominate.

    By slices of the last objective (While et al. 2006, "A faster algorithm for calculating
    hypervolume", HSO). Zitzler & Thiele 1998 define it.

    Args:
        costs_TK: [T, K], lower is better: 0 the best possible, 1 the reference point. Points
            beyond the reference cover nothing.

    Returns:
        A share in 0..1.
    """
    costs_TK = np.maximum(costs_TK[(costs_TK < 1.0).all(axis=1)], 0.0)
    if not len(costs_TK):
        return 0.0
    if costs_TK.shape[1] == 1:
        return 1.0 - float(costs_TK.min())
    costs_TK = costs_TK[np.argsort(costs_TK[:, -1], kind="stable")]
    ends = np.append(costs_TK[1:, -1], 1.0)
    heights = ends - costs_TK[:, -1]
    return sum(
        float(height) * hypervolume(costs_TK[: t + 1, :-1])
        for t, height in enumerate(heights)
        if height > 0.0
    )


def unit_costs(values_TK: Floats, gains_K: NDArray[np.bool_]) -> Floats:
    """Scale every objective to 0 for its best value of all trials and 1 for its worst.

    Args:
        values_TK: [T, K] as measured; NaN where a trial has none.
        gains_K: whether higher is better.

    Returns:
        [T, K]; 0 throughout for an objective whose values are all the same.
    """
    costs_TK = np.where(gains_K, -values_TK, values_TK)
    best_K, worst_K = np.nanmin(costs_TK, axis=0), np.nanmax(costs_TK, axis=0)
    span_K = np.where(worst_K > best_K, worst_K - best_K, 1.0)
    scaled: Floats = (costs_TK - best_K) / span_K
    return scaled


def hypervolumes_so_far(costs_TK: Floats) -> Floats:
    """The hypervolume after each trial.

    Args:
        costs_TK: [T, K] in 0..1 as `unit_costs` gives them; NaN in a trial that does not count.

    Returns:
        [T], never falling.
    """
    front_FK, volume, volumes_T = costs_TK[:0], 0.0, np.zeros(len(costs_TK))
    for t, cost_K in enumerate(costs_TK):
        if not np.isnan(cost_K).any() and not (front_FK <= cost_K).all(axis=1).any():
            front_FK = np.vstack([front_FK[~(front_FK >= cost_K).all(axis=1)], cost_K])
            volume = hypervolume(front_FK)
        volumes_T[t] = volume
    return volumes_T
