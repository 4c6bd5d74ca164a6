"""Whether a probability of 0.7 comes true seven times in ten.

Every label of every text is one binary event; `probs` is the probability that the label applies.
Shapes: N texts, K labels, M bins.
"""

from dataclasses import dataclass

import numpy as np

from emoray.metrics.checks import checked_labels, checked_logits
from emoray.metrics.cuts import log_odds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """The points of a reliability diagram; bin m is (m/M, (m+1)/M], 0 falls into the first."""

    count_M: np.ndarray
    confidence_M: np.ndarray
    """Mean probability in the bin; 0 where it is empty."""
    frequency_M: np.ndarray
    """Share of the bin's events that came true; 0 where it is empty."""


def checked_probs(probs_NK: np.ndarray, labels_NK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities as floats and labels as bool, or a ValueError that says what is wrong."""
    probs_NK = np.asarray(probs_NK)
    if probs_NK.ndim != 2 or 0 in probs_NK.shape:
        raise ValueError(
            "probabilities must be texts x labels with at least one of each, got shape "
            f"{probs_NK.shape}"
        )
    if not ((probs_NK >= 0) & (probs_NK <= 1)).all():
        raise ValueError(
            f"probabilities must lie in [0, 1], got {probs_NK.min()}..{probs_NK.max()}: "
            "apply the sigmoid to logits first"
        )
    return probs_NK, checked_labels(labels_NK, probs_NK.shape, "probabilities")


def binned(probs_NK: np.ndarray, labels_NK: np.ndarray, bins: int) -> np.ndarray:
    """Return totals_3KM, float64: events, summed probabilities and true events of each bin."""
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}: 15 is customary")
    probs_NK, labels_NK = checked_probs(probs_NK, labels_NK)
    labels = probs_NK.shape[1]
    bin_NK = np.clip(np.ceil(probs_NK * float(bins)).astype(np.int64) - 1, 0, bins - 1)
    cell = (bin_NK + np.arange(labels) * bins).ravel()
    summands = None, probs_NK.ravel(), labels_NK.ravel()
    totals = [np.bincount(cell, summand, labels * bins) for summand in summands]
    return np.array(totals, dtype=np.float64).reshape(3, labels, bins)


def reliability(probs_NK: np.ndarray, labels_NK: np.ndarray, bins: int = 15) -> Reliability:
    """The reliability diagram of all label decisions pooled."""
    count_M, confident_M, true_M = binned(probs_NK, labels_NK, bins).sum(axis=1)
    events_M = np.maximum(count_M, 1)
    return Reliability(
        count_M=count_M.astype(np.int64),
        confidence_M=confident_M / events_M,
        frequency_M=true_M / events_M,
    )


def ece(probs_NK: np.ndarray, labels_NK: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of all label decisions pooled.

    The gap between mean probability and share of true events, averaged over bins by their events:
    Naeini, Cooper & Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
    binning", with bins of equal width as in Guo et al. 2017, for the probability of the label
    rather than of the predicted class.

    Returns:
        A share in [0, 1]; 0 is perfect.
    """
    _, confident_M, true_M = binned(probs_NK, labels_NK, bins).sum(axis=1)
    return float(np.abs(confident_M - true_M).sum() / np.size(probs_NK))


def label_ece(probs_NK: np.ndarray, labels_NK: np.ndarray, bins: int = 15) -> np.ndarray:
    """Return ece_K, float64: `ece` of each label on its own."""
    _, confident_KM, true_KM = binned(probs_NK, labels_NK, bins)
    return np.asarray(np.abs(confident_KM - true_KM).sum(axis=1) / len(probs_NK))


def brier(probs_NK: np.ndarray, labels_NK: np.ndarray) -> float:
    """Mean squared gap between probability and outcome, over all label decisions (Brier 1950)."""
    probs_NK, labels_NK = checked_probs(probs_NK, labels_NK)
    return float(np.square(probs_NK - labels_NK).mean(dtype=np.float64))


def nll(
    logits_NK: np.ndarray,
    labels_NK: np.ndarray,
    temperature: float = 1.0,
    *,
    softmax: bool = False,
) -> float:
    """Mean negative log-likelihood of all label decisions.

    From logits, because a probability that rounds to 0 or 1 has no finite logarithm.

    Returns:
        Nats per label decision.
    """
    logits_NK, labels_NK = checked_logits(logits_NK, labels_NK)
    scaled_NK = log_odds(logits_NK.astype(np.float64), temperature, softmax=softmax)
    softplus_NK = np.maximum(scaled_NK, 0) + np.log1p(np.exp(-np.abs(scaled_NK)))
    return float((softplus_NK - scaled_NK * labels_NK).mean())
