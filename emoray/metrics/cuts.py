"""Probability thresholds and logit cuts, two forms of one decision.

A text gets label k where `sigmoid(logit / temperature) >= threshold`, which is `logit >= cut` with
`cut = temperature * log(threshold / (1 - threshold))`. Cuts keep their precision where thresholds
round to 0 or 1, so everything here is counted in cuts; they may be infinite (-inf always, +inf
never).

A head for one label a text decides by softmax: its logits are margins, each label's own less the
greatest of the others, so one label alone is at or above 0: the most probable one. A text gets
label k where it leads by its cut. All of softmax's probabilities follow from margins, as it reads
differences only. Shapes: N texts, K labels, R rows of cuts.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit


def check_temperature(temperature: float) -> None:
    """Refuse a temperature, by which logits are divided, that is zero, negative or infinite."""
    if not 0 < temperature < np.inf:
        raise ValueError(
            f"temperature must be finite and above 0, got {temperature}: 1 leaves logits alone"
        )


def cuts_of(thresholds: ArrayLike, temperature: float = 1.0) -> np.ndarray:
    """Logit cuts, float64, of probability thresholds; 0 becomes -inf and 1 becomes +inf."""
    check_temperature(temperature)
    thresholds = np.asarray(thresholds, dtype=np.float64)
    if not ((thresholds >= 0) & (thresholds <= 1)).all():
        raise ValueError(
            f"thresholds must lie in [0, 1], got {thresholds.min()}..{thresholds.max()}: "
            "give probabilities, neither logits nor percent"
        )
    return np.asarray(temperature * logit(thresholds))


def thresholds_of(cuts: ArrayLike, temperature: float = 1.0) -> np.ndarray:
    """Convert logit cuts to probability thresholds: the inverse of `cuts_of`.

    A cut above 36 temperatures rounds to threshold 1, which converts back to +inf.

    Returns:
        Thresholds in [0, 1], float64, in the shape of the cuts.
    """
    check_temperature(temperature)
    return np.asarray(expit(np.asarray(cuts, dtype=np.float64) / temperature))


def log_odds(
    logits_NK: np.ndarray, temperature: float = 1.0, *, softmax: bool = False
) -> np.ndarray:
    """The logit of each label's calibrated probability.

    Args:
        logits_NK: margins with softmax.
        temperature: that they are divided by.
        softmax: whether probabilities of a text sum to 1.

    Returns:
        log(p / (1 - p))_NK, in the logits' own float type.
    """
    check_temperature(temperature)
    scaled_NK = logits_NK / np.asarray(temperature, dtype=logits_NK.dtype)
    if not softmax:
        return np.asarray(scaled_NK)
    behind_NK = np.minimum(scaled_NK, 0).astype(np.float64)  # the best label
    odds_NK = np.exp(behind_NK)
    best_NK = scaled_NK >= 0
    others_N1 = np.where(best_NK, 0, odds_NK).sum(axis=1, keepdims=True)
    rest_NK = np.where(best_NK, others_N1, 1 + others_N1 - odds_NK)
    least = np.finfo(np.float64).tiny  # a probability of 1 has no logit
    return np.asarray(behind_NK - np.log(np.maximum(rest_NK, least)), logits_NK.dtype)


def probabilities(
    logits_NK: np.ndarray, temperature: float = 1.0, *, softmax: bool = False
) -> np.ndarray:
    """sigmoid(logit / temperature), or softmax of margins, in the logits' own float type."""
    return np.asarray(expit(log_odds(logits_NK, temperature, softmax=softmax)))


def checked_cuts(cuts_RK: np.ndarray, labels: int) -> np.ndarray:
    """Cuts as float64, refused unless there is one number (infinite ones too) per row and label."""
    cuts_RK = np.asarray(cuts_RK, dtype=np.float64)
    if cuts_RK.ndim != 2 or cuts_RK.shape[1] != labels:
        raise ValueError(
            f"cuts must be rows x {labels} labels, got shape {cuts_RK.shape}: stack the cuts_K of "
            "each decision"
        )
    if np.isnan(cuts_RK).any():
        row, label = np.argwhere(np.isnan(cuts_RK))[0]
        raise ValueError(
            f"cuts must be numbers, got nan at row {row}, label {label}: inf means never"
        )
    return cuts_RK


def decide(logits_NK: np.ndarray, cuts_K: np.ndarray) -> np.ndarray:
    """decisions_NK, bool: a score that equals its cut gets the label."""
    return np.asarray(logits_NK >= cuts_K)
