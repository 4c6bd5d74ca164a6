"""Texts in which words of one group stand together, and rarely beside words of another."""

import numpy as np

from emoray.text.vectors.cooccurrence import Counts, count_pairs

GROUPS = tuple(tuple(f"{name}{i}" for i in range(8)) for name in ("sun", "rain", "snow"))


def texts(count: int = 300, seed: int = 0) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        group = GROUPS[rng.integers(len(GROUPS))]
        found.append([*rng.choice(group, size=7).tolist(), f"and{rng.integers(4)}"])
    return found


def counts(window: int = 5) -> Counts:
    return count_pairs(texts(), window=window)
