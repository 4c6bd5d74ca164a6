"""One temperature for all labels, so that probabilities are calibrated.

Guo, Pleiss, Sun & Weinberger 2017, "On Calibration of Modern Neural Networks": divide the logits by
the T that minimises the negative log-likelihood on held-out texts. Here every label is its own
binary event; a head for one label a text has their softmax, and logits that are margins.
Shapes: N texts, K labels.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from emoray.metrics.checks import checked_logits

LOWEST, HIGHEST = 0.05, 20.0
"""Beyond these a model is broken rather than badly calibrated; the nearest bound is returned."""


def _slope_of_events(logits_NK: np.ndarray, labels_NK: np.ndarray) -> Callable[[float], float]:
    """The slope of the mean of `softplus(a z) - a y z` in a = 1/T, of log T."""
    scores = logits_NK.ravel()
    pull = np.float64((scores * labels_NK.ravel()).mean(dtype=np.float64))

    def slope(log_temperature: float) -> float:
        scaled = expit(scores * scores.dtype.type(np.exp(-log_temperature)))
        return float((scores * scaled).mean(dtype=np.float64) - pull)

    return slope


def _slope_of_softmax(logits_NK: np.ndarray, labels_NK: np.ndarray) -> Callable[[float], float]:
    """The slope of the mean of `logsumexp(a m) - a t m`, of log T; a text's labels share t."""
    said_N = labels_NK.any(axis=1)  # one without any says nothing of which is most probable
    behind_NK = np.minimum(logits_NK[said_N], 0).astype(np.float64)  # the best label
    target_NK = labels_NK[said_N] / labels_NK[said_N].sum(axis=1, keepdims=True)
    pull = float((behind_NK * target_NK).sum(axis=1).mean())

    def slope(log_temperature: float) -> float:
        probs_NK = np.exp(behind_NK * np.exp(-log_temperature))
        probs_NK /= probs_NK.sum(axis=1, keepdims=True)
        return float((behind_NK * probs_NK).sum(axis=1).mean()) - pull

    return slope


def fit_temperature(
    logits_NK: np.ndarray, labels_NK: np.ndarray, *, softmax: bool = False
) -> float:
    """Fit the temperature of least mean NLL.

    In a = 1/T the mean NLL is convex: its minimum is the one root of its slope,
    `z (sigmoid(a z) - y)` or with softmax `z (softmax(a z) - y)`, bracketed and found by Brent's
    method on log T.

    Args:
        logits_NK: margins with softmax.
        labels_NK: 0 or 1.
        softmax: whether a text's probabilities sum to 1.

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
    slope = (_slope_of_softmax if softmax else _slope_of_events)(logits_NK, labels_NK)
    low, high = np.log(LOWEST), np.log(HIGHEST)
    if slope(low) <= 0:
        return LOWEST
    if slope(high) >= 0:
        return HIGHEST
    return float(np.exp(brentq(slope, low, high, xtol=1e-6)))
