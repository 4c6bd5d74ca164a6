"""Logits or probabilities: numbers that anyone saved are what their column is called, or refused.

A file under the wrong name would be compared without a word, at cuts of another scale. Shapes:
N texts, K labels.
"""

import numpy as np

ROUNDING = 1e-6  # of float32 arithmetic: how far beyond 0 or 1 a probability may come to lie
NEARLY_ALL = 0.99  # a few numbers of another kind, such as a filler of -1, tell of no logits


def require_logits(logits_NK: np.ndarray) -> np.ndarray:
    """The logits; ValueError where nearly all lie in 0 to 1, as no model's do: a multi-label one
    says no far more often than yes, which is below 0, however small its logits are."""
    within_NK = (logits_NK >= -ROUNDING) & (logits_NK <= 1 + ROUNDING)
    if (share := float(within_NK.mean())) >= NEARLY_ALL:
        said = "all" if within_NK.all() else f"{share:.2%}"
        raise ValueError(
            f"logits reach below 0 or above 1, got {said} of them from 0 to 1, which "
            "look like probabilities: call them so, probability:NAME (.npz: probabilities), or "
            "save decisions"
        )
    return logits_NK


def require_probabilities(probs_NK: np.ndarray) -> np.ndarray:
    """The probabilities, brought back into 0 to 1 where rounding put them beyond; ValueError for
    logits, percent and what is no number."""
    probs_NK = np.asarray(probs_NK, np.float64)
    strange_NK = ~((probs_NK >= -ROUNDING) & (probs_NK <= 1 + ROUNDING))
    if not strange_NK.any():
        return np.clip(probs_NK, 0, 1)
    n, k = np.argwhere(strange_NK)[0]
    if np.isnan(probs_NK).any():
        what = "fill what is missing, or leave those texts out of every file"
    elif probs_NK.min() >= 0 and probs_NK.max() <= 100:
        what = "percent are divided by 100; logits are called logit:NAME (.npz: logits)"
    elif strange_NK.mean() > 1 - NEARLY_ALL:
        what = "logits are called logit:NAME (.npz: logits)"
    else:
        what = "mend these, nearly all others do; or save decisions"
    raise ValueError(
        f"probabilities lie in [0, 1], got {probs_NK[n, k]} at text {n}, label {k}: {what}"
    )
