"""Whether a model's outputs tell other labels than they are named after.

Shapes: N texts, K labels.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

SUPPORT = 10  # texts of a label, in each half, below which it says nothing
GAIN = 0.1  # of mean average precision: less is not taken for another order


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherOrder:
    """An order in which outputs tell their labels far better than under their own names.

    Attributes:
        columns_K: for each label the output that tells it.
        own: mean average precision by the model's own names.
        other: the same in this order.
    """

    columns_K: np.ndarray
    own: float
    other: float


def average_precisions(logits_NK: np.ndarray, labels_NK: np.ndarray) -> np.ndarray:
    """Return precisions_KK: that of each output (rows) for each label; NaN for one without texts.

    The mean precision at each text of the label, texts sorted by the output.
    """
    ranks_N1 = np.arange(1, len(labels_NK) + 1)[:, None]
    rows = []
    for scores_N in logits_NK.T:
        true_NK = labels_NK[np.argsort(-scores_N, kind="stable")].astype(np.float64)
        precision_NK = np.cumsum(true_NK, axis=0) / ranks_N1
        with np.errstate(invalid="ignore"):
            rows.append((precision_NK * true_NK).sum(0) / true_NK.sum(0))
    return np.stack(rows)


def other_order(logits_NK: np.ndarray, labels_NK: np.ndarray) -> OtherOrder | None:
    """Find an order of the outputs that fits labelled texts far better; None where there is none.

    Chosen on every other text, held against the rest: of K! orders one always looks better.

    Args:
        logits_NK: of the model, its columns by their own names.
        labels_NK: true ones.

    Returns:
        The order. Labels with few texts keep their output.
    """
    halves = [slice(start, None, 2) for start in (0, 1)]
    counts_K = np.min([labels_NK[half].sum(0) for half in halves], axis=0)
    told = np.flatnonzero(counts_K >= SUPPORT)
    if len(told) < 2:
        return None
    first, second = (
        average_precisions(logits_NK[half][:, told], labels_NK[half][:, told]) for half in halves
    )
    outputs, labels = linear_sum_assignment(first, maximize=True)
    own, other = float(np.diag(second).mean()), float(second[outputs, labels].mean())
    if other - own < GAIN:
        return None
    columns_K = np.arange(logits_NK.shape[1])
    columns_K[told[labels]] = told[outputs]
    return OtherOrder(columns_K=columns_K, own=own, other=other)
