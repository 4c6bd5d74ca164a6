"""Choose one option for each part so that the summed error is least within a budget of bytes.

A multiple-choice knapsack, solved by the states that no other state beats (Nemhauser and Ullmann
1969): the parts of a network repeat the same few sizes, so few sums of bytes are different and the
solution is exact, which a greedy walk along convex hulls is only at the hulls' own budgets.
Shapes: P states, T options of one part.
"""

from collections.abc import Sequence

import numpy as np

LIMIT = 1 << 14  # states kept: beyond it the best of each of so many equal spans of bytes


def _unbeaten(bytes_P: np.ndarray, error_P: np.ndarray) -> np.ndarray:
    """Indices of the states with less error than every cheaper one, cheapest first."""
    order_P = np.lexsort((error_P, bytes_P))
    error_P = error_P[order_P]
    least_before_P = np.concatenate([[np.inf], np.minimum.accumulate(error_P)[:-1]])
    return order_P[error_P < least_before_P]


def _thinned(bytes_P: np.ndarray) -> np.ndarray:
    """Positions of at most LIMIT + 1 states: the cheapest, and the last of each span of bytes."""
    above_P = bytes_P - bytes_P[0]
    span_P = above_P * LIMIT // (above_P[-1] + 1)
    last_P = np.append(span_P[1:] != span_P[:-1], True)
    last_P[0] = True
    return np.flatnonzero(last_P)


def allocate(
    bytes_of: Sequence[Sequence[int]], errors_of: Sequence[Sequence[float]], budget: int
) -> list[int]:
    """Choose the option of each part; exact while no more than LIMIT states are unbeaten.

    A greater budget never gives a greater error.

    Args:
        bytes_of: for every part, its options' bytes.
        errors_of: for every part, its options' errors.
        budget: bytes of all parts together.

    Returns:
        The index of the option of each part.

    Raises:
        ValueError: if the budget is below the cheapest options.
    """
    bytes_P, error_P = np.zeros(1, np.int64), np.zeros(1)
    history = []
    for bytes_T, errors_T in zip(bytes_of, errors_of, strict=True):
        added_PT = bytes_P[:, None] + np.asarray(bytes_T, np.int64)
        erring_PT = error_P[:, None] + np.asarray(errors_T, np.float64)
        kept_P = _unbeaten(added_PT.ravel(), erring_PT.ravel())
        if len(kept_P) > LIMIT:
            kept_P = kept_P[_thinned(added_PT.ravel()[kept_P])]
        bytes_P, error_P = added_PT.ravel()[kept_P], erring_PT.ravel()[kept_P]
        history.append((kept_P, len(bytes_T)))
    state = int(np.searchsorted(bytes_P, budget, side="right")) - 1
    if state < 0:
        raise ValueError(
            f"a budget holds the cheapest option of every part, {bytes_P[0]} bytes, got {budget}: "
            "allow fewer bits or raise it"
        )
    chosen = []
    for kept_P, options in reversed(history):
        state, option = divmod(int(kept_P[state]), options)
        chosen.append(option)
    return chosen[::-1]
