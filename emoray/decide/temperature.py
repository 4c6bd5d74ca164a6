"""One temperature for all labels, so that probabilities are calibrated.

Guo, Pleiss, Sun & Weinberger 2017, "On Calibration of Modern Neural Networks": divide the logits by
the T that minimises the negative log-likelihood on held-out texts. Here every label is its own
binary event. Shapes: N texts, K labels.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from emoray.metrics.checks import checked_logits

LOWEST, HIGHEST = 0.05, 20.0
"""Beyond these a model is broken rather than badly calibrated; the nearest bound is returned."""


def fit_temperature(logits_NK: np.ndarray, labels_NK: np.ndarray) -> float:
    """Fit the temperature of least mean NLL.

    In a = 1/T the mean NLL, `softplus(a z) - a y z`, is convex: its minimum is the one root of its
    slope, `z (sigmoid(a z) - y)`, bracketed and found by Brent's method on log T.

    Returns:
        T in [0.05, 20].

    Raises:
        ValueError: if all labels are 1 or all are 0.
    """
    logits_NK, labels_NK = checked_logits(logits_NK, labels_NK)
    if labels_NK.all() or not labels_NK.any():
        raise ValueError(
            f"a temperature needs positive and negative labels, got {labels_NK.size} that are all "
            f"{int(labels_NK.flat[0])}: calibrate on a split with both"
        )
    scores = logits_NK.ravel()
    pull = np.float64((scores * labels_NK.ravel()).mean(dtype=np.float64))

    def slope(log_temperature: float) -> float:
        scaled = expit(scores * scores.dtype.type(np.exp(-log_temperature)))
        return float((scores * scaled).mean(dtype=np.float64) - pull)

    low, high = np.log(LOWEST), np.log(HIGHEST)
    if slope(low) <= 0:
        return LOWEST
    if slope(high) >= 0:
        return HIGHEST
    return float(np.exp(brentq(slope, low, high, xtol=1e-6)))
