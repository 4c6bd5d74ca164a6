"""How far a macro-F1 may lie from its value on other texts: the percentile bootstrap over texts.

Efron & Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13. Shapes: N texts, K labels,
R rows of cuts, B resamples. A resample is a weight per text (how often it was drawn), the same for
every row, so rows are compared in pairs. A label that a resample neither holds nor predicts counts
F1 0, as in `scores`: with 6 positives on test that happens to one resample in 400.
"""

import numpy as np
from scipy.sparse import csr_array

from emoray.metrics.checks import checked
from emoray.metrics.cuts import checked_cuts
from emoray.metrics.ranking import f1_of


def resample_weights(texts: int, *, resamples: int = 1000, seed: int = 0) -> np.ndarray:
    """weights_BN, float32: how often each resample draws each text. Rows sum to N.

    Stored text by text (a transposed array), the order in which `macro_f1_resampled` reads it.
    """
    if texts < 1 or resamples < 1:
        raise ValueError(
            f"resampling needs at least one text and one resample, got {texts} and {resamples}"
        )
    rng = np.random.default_rng(seed)
    counts_BN = np.empty((resamples, texts), dtype=np.uint16)
    for counts_N in counts_BN:
        counts_N[:] = np.bincount(rng.integers(texts, size=texts), minlength=texts)
    return np.asfortranarray(counts_BN, dtype=np.float32)


def checked_weights(weights_BN: np.ndarray, texts: int) -> np.ndarray:
    """weights_NB, float32 and contiguous."""
    weights_BN = np.asarray(weights_BN)
    if weights_BN.ndim != 2 or weights_BN.shape[1] != texts:
        raise ValueError(
            f"weights must be resamples x {texts} texts, got shape {weights_BN.shape}: "
            "make them with resample_weights for the same texts"
        )
    if not (weights_BN >= 0).all():
        raise ValueError(
            f"weights count how often a text was drawn and are at least 0, got {weights_BN.min()}: "
            "make them with resample_weights"
        )
    return np.ascontiguousarray(weights_BN.T, dtype=np.float32)


def sums_above(
    scores_N: np.ndarray, cuts_S: np.ndarray, texts_N: np.ndarray, weights_NB: np.ndarray
) -> np.ndarray:
    """sums_SB: the weight of the texts at or above each ascending cut, in each resample.

    Texts fall between cuts into segments; a sparse product sums each segment's weights, and a
    running sum from the top adds the segments up. Texts under the lowest cut are never read.
    """
    segment_N = np.searchsorted(cuts_S, scores_N, side="right") - 1
    order = np.argsort(segment_N, kind="stable")[np.count_nonzero(segment_N < 0) :]
    starts = np.append(0, np.cumsum(np.bincount(segment_N[order], minlength=len(cuts_S))))
    ones = np.ones(len(order), dtype=np.float32)
    shape = len(cuts_S), len(weights_NB)
    sums_SB = np.asarray(csr_array((ones, texts_N[order], starts), shape=shape) @ weights_NB)
    for s in range(len(cuts_S) - 2, -1, -1):  # np.cumsum is slow along this axis
        sums_SB[s] += sums_SB[s + 1]
    return sums_SB


def macro_f1_resampled(
    logits_NK: np.ndarray, labels_NK: np.ndarray, cuts_RK: np.ndarray, weights_BN: np.ndarray
) -> np.ndarray:
    """macro_f1_RB, float64: the macro-F1 of every row of cuts in every resample."""
    logits_NK, labels_NK = checked(logits_NK, labels_NK)
    texts, labels = logits_NK.shape
    cuts_RK = checked_cuts(cuts_RK, labels)
    weights_NB = checked_weights(weights_BN, texts)
    macro_f1_RB = np.zeros((len(cuts_RK), weights_NB.shape[1]), dtype=np.float64)
    everyone = np.arange(texts)
    for k in range(labels):
        scores_N = logits_NK[:, k].astype(np.float64)
        positive = np.flatnonzero(labels_NK[:, k])
        cuts_S, row_of_cut_R = np.unique(cuts_RK[:, k], return_inverse=True)
        predicted_SB = sums_above(scores_N, cuts_S, everyone, weights_NB)
        tp_SB = sums_above(scores_N[positive], cuts_S, positive, weights_NB)
        support_B = weights_NB[positive].sum(axis=0)
        macro_f1_RB += f1_of(tp_SB, predicted_SB, support_B)[row_of_cut_R]
    return np.asarray(macro_f1_RB / labels)


def macro_f1_intervals(
    logits_NK: np.ndarray,
    labels_NK: np.ndarray,
    cuts_RK: np.ndarray,
    weights_BN: np.ndarray,
    *,
    level: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """(low_R, high_R): the central `level` of each row's resampled macro-F1."""
    if not 0 < level < 1:
        raise ValueError(f"level is a share in (0, 1), got {level}: 0.95 is customary")
    macro_f1_RB = macro_f1_resampled(logits_NK, labels_NK, cuts_RK, weights_BN)
    low_R, high_R = np.quantile(macro_f1_RB, [(1 - level) / 2, (1 + level) / 2], axis=1)
    return low_R, high_R
