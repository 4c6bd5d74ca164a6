"""Decisions to try things on: float32 logits_NK and the uint8 labels_NK they belong to."""

import numpy as np

Decisions = tuple[np.ndarray, np.ndarray]


def made(texts: int, labels: int, seed: int, ties: int | None = None) -> Decisions:
    """Logits as a fair model gives them; `ties` rounds them to multiples of 1/ties."""
    rng = np.random.default_rng(seed)
    rates_K = rng.uniform(0.02, 0.3, size=labels)
    labels_NK = (rng.random((texts, labels)) < rates_K).astype(np.uint8)
    labels_NK[rng.integers(texts, size=labels), np.arange(labels)] = 1
    logits_NK = rng.normal(np.log(rates_K) - 1 + 2 * labels_NK, 1.3)
    if ties:
        logits_NK = np.round(logits_NK * ties) / ties
    return logits_NK.astype(np.float32), labels_NK


def margins(logits_NK: np.ndarray) -> np.ndarray:
    """What each label is ahead of the best other one."""
    found_NK = np.empty_like(logits_NK)
    for k in range(logits_NK.shape[1]):
        found_NK[:, k] = logits_NK[:, k] - np.delete(logits_NK, k, axis=1).max(axis=1)
    return found_NK
