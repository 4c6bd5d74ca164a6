"""Attention by distance, as MPNet has it: one summand for each head and bucket of distances.

Near distances have a bucket each, far ones share, more of them the farther they are (Raffel et al.
2020). Shapes: P positions, H heads, B buckets.
"""

import numpy as np

BUCKETS, FARTHEST = 32, 128  # as transformers fixes them; all beyond is one bucket


def bucket_of(distances: np.ndarray) -> np.ndarray:
    """The bucket of each distance, of a key from its query: the first half for those before it."""
    half, near = BUCKETS // 2, BUCKETS // 4
    away = np.abs(distances)
    beyond = np.log(np.maximum(away, near).astype(np.float32) / near) / np.log(FARTHEST / near)
    shared = near + (beyond.astype(np.float32) * (half - near)).astype(np.int64)
    found = np.where(away < near, away, np.minimum(shared, half - 1))
    return np.asarray(found + half * (distances > 0), np.int64)


def by_distance(table_BH: np.ndarray, positions: int) -> np.ndarray:
    """Return (H, 2P - 1), float32: column d + P - 1 is for a key d tokens after its query."""
    distances = np.arange(1 - positions, positions)
    return np.ascontiguousarray(table_BH[bucket_of(distances)].T, np.float32)
