"""Macro-F1 over a grid of temperatures and thresholds, exactly, for plots.

Shapes: N texts, K labels, T temperatures, S thresholds. Every cell is one common cut, so one sort
serves them all.
"""

import numpy as np

from emoray.metrics.cuts import cuts_of
from emoray.metrics.ranking import f1_of, rank


def surface(
    logits_NK: np.ndarray,
    labels_NK: np.ndarray,
    temperatures_T: np.ndarray,
    thresholds_S: np.ndarray,
) -> np.ndarray:
    """Return macro_f1_TS, float64: the score of each probability threshold at each temperature."""
    cuts_TS = np.array([cuts_of(thresholds_S, float(t)) for t in temperatures_T])
    ranking = rank(logits_NK, labels_NK)
    predicted_RK, tp_RK = ranking.common_counts(cuts_TS.ravel())
    f1_RK = f1_of(tp_RK, predicted_RK, ranking.support_K)
    return np.asarray(f1_RK.mean(axis=1).reshape(cuts_TS.shape))
