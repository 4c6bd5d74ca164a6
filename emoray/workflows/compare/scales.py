"""Check that saved numbers are on the scale that their column names: logits or probabilities.

A file under the wrong name would be compared in silence, at cuts of another scale. Shapes:
N texts, K labels.
"""

import numpy as np

ROUNDING = 1e-6  # of float32 arithmetic: how far beyond 0 or 1 a probability may come to lie
NEARLY_ALL = 0.99  # a few numbers of another kind, such as a filler of -1, do not make logits


def require_logits(logits_NK: np.ndarray) -> np.ndarray:
    """Return the logits unchanged, if they are logits.

    Those of a multi-label model are mostly below 0, as it denies far more labels than it gives.

    Args:
        logits_NK: as saved.

    Returns:
        The same.

    Raises:
        ValueError: nearly all lie in 0 to 1.
    """
    within_NK = (logits_NK >= -ROUNDING) & (logits_NK <= 1 + ROUNDING)
    if (share := float(within_NK.mean())) >= NEARLY_ALL:
        how_many = "all" if within_NK.all() else f"{share:.2%}"
        raise ValueError(
            f"logits reach below 0 or above 1, got {how_many} of them from 0 to 1, which "
            "look like probabilities: call them so, probability:NAME (.npz: probabilities), or "
            "save decisions"
        )
    return logits_NK


def require_probabilities(probs_NK: np.ndarray) -> np.ndarray:
    """Return the probabilities, clipped to 0 to 1 where rounding put them beyond.

    Args:
        probs_NK: as saved.

    Returns:
        float64 in 0 to 1.

    Raises:
        ValueError: they are logits or percent, or NaN.
    """
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
