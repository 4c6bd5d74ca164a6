"""Checks of the two matrices that every decision is made from: logits and labels.

Shapes: N texts, K labels.
"""

import numpy as np


def checked_labels(labels_NK: np.ndarray, shape: tuple[int, ...], against: str) -> np.ndarray:
    """Return labels as bool; refuse values other than 0 and 1, and a shape other than `shape`."""
    labels_NK = np.asarray(labels_NK)
    if labels_NK.shape != shape:
        raise ValueError(
            f"labels and {against} must have one shape, got labels {labels_NK.shape} and "
            f"{against} {shape}: pass the same texts and the same taxonomy"
        )
    if labels_NK.dtype == np.bool_:
        return labels_NK
    ones_NK = np.asarray(labels_NK == 1)
    invalid_NK = ~(ones_NK | (labels_NK == 0))
    if invalid_NK.any():
        row, label = np.argwhere(invalid_NK)[0]
        raise ValueError(
            f"labels must be 0 or 1, got {labels_NK[row, label]} at text {row}, label {label}: "
            "pass decisions of people, not probabilities or label ids"
        )
    return ones_NK


def checked_logits(logits_NK: np.ndarray, labels_NK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return logits as float32 or float64 and labels as bool; refuse wrong shapes and values."""
    logits_NK = np.asarray(logits_NK)
    if logits_NK.ndim != 2 or 0 in logits_NK.shape:
        raise ValueError(
            f"logits must be texts x labels with at least one of each, got shape {logits_NK.shape}"
        )
    if logits_NK.dtype not in (np.float32, np.float64):
        logits_NK = logits_NK.astype(np.float64)
    if not np.isfinite(logits_NK).all():
        row, label = np.argwhere(~np.isfinite(logits_NK))[0]
        raise ValueError(
            f"logits must be finite, got {logits_NK[row, label]} at text {row}, label {label}: "
            "the model diverged or its artifact is broken; drop the point"
        )
    return logits_NK, checked_labels(labels_NK, logits_NK.shape, "logits")


def require_positives(support_K: np.ndarray, texts: int) -> None:
    """Refuse a label without a positive text: its F1 is 0 at any threshold."""
    missing = np.flatnonzero(support_K == 0)
    if len(missing):
        raise ValueError(
            f"every label needs a positive text to fit its threshold, label {missing[0]} has none "
            f"in {texts} texts: use more texts, or a taxonomy without the label"
        )
