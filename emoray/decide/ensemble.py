"""Average the predictions of several models into one logit per label, for temperature and cuts.

Shapes: M members, N texts, K labels, A arrays that are averaged (one of logits; of probabilities
two, that of yes and that of no, because 1 - p forgets small numbers).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit

from emoray.metrics.checks import checked_logits

_LEAST = float(np.finfo(np.float64).tiny)  # a probability of 0 has no logit


@dataclass(frozen=True, slots=True)
class MeanLogits:
    """The weighted mean of the members' logits: the geometric mean of their odds."""

    tag: ClassVar[str] = "Logits"

    def terms(self, logits_NK: np.ndarray) -> np.ndarray:
        """Return terms_ANK, float64: what is averaged."""
        return np.asarray(logits_NK, np.float64)[None]

    def logits(self, mean_ANK: np.ndarray) -> np.ndarray:
        """Return logits_NK, float64, from the weighted mean of the terms."""
        return np.asarray(mean_ANK[0])

    def __str__(self) -> str:
        return "logits"


@dataclass(frozen=True, slots=True)
class MeanProbabilities:
    """The logit of the weighted mean of the members' probabilities."""

    tag: ClassVar[str] = "Probabilities"

    def terms(self, logits_NK: np.ndarray) -> np.ndarray:
        """Return terms_ANK, float64: the probabilities of yes and of no."""
        logits_NK = np.asarray(logits_NK, np.float64)
        return np.stack([expit(logits_NK), expit(-logits_NK)])

    def logits(self, mean_ANK: np.ndarray) -> np.ndarray:
        """Return logits_NK, float64, from the weighted mean of the terms."""
        yes_NK, no_NK = np.log(np.maximum(mean_ANK, _LEAST))
        return np.asarray(yes_NK - no_NK)

    def __str__(self) -> str:
        return "probabilities"


Averaging = MeanLogits | MeanProbabilities


def checked_members(logits_MNK: np.ndarray, labels_NK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every member's logits, and the labels as bool; refuse wrong shapes and values."""
    logits_MNK = np.asarray(logits_MNK)
    if logits_MNK.ndim != 3 or not len(logits_MNK):
        raise ValueError(
            f"an ensemble has logits of members x texts x labels, got shape {logits_MNK.shape}: "
            "stack one matrix a member"
        )
    _, texts, labels = logits_MNK.shape
    flat, _ = checked_logits(
        logits_MNK.reshape(-1, labels), np.tile(labels_NK, (len(logits_MNK), 1))
    )
    return flat.reshape(-1, texts, labels), np.asarray(labels_NK, bool)


def combine(averaging: Averaging, logits_MNK: np.ndarray, weights_M: np.ndarray) -> np.ndarray:
    """Average members' logits to logits_NK, float32; a single member's are left as they are."""
    weights_M = np.asarray(weights_M, np.float64)
    if weights_M.shape != (len(logits_MNK),) or (weights_M < 0).any() or not weights_M.any():
        raise ValueError(
            f"weights are at least 0, one a member of {len(logits_MNK)}, and not all 0, got "
            f"{weights_M}: give shares"
        )
    kept = np.flatnonzero(weights_M)
    if len(kept) == 1:
        return np.asarray(logits_MNK[kept[0]], np.float32)
    shares = weights_M / weights_M.sum()
    mean_ANK = sum(shares[m] * averaging.terms(logits_MNK[m]) for m in kept)
    return averaging.logits(np.asarray(mean_ANK)).astype(np.float32)
