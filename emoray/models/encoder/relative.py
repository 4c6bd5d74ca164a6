"""Attention by distance: MPNet's summand for each head and bucket, DeBERTa's vectors.

Near distances have a bucket each, far ones share, more of them the farther they are (Raffel et al.
2020). Shapes: P positions, H heads, B buckets, C = 2 P - 1 distances, U vectors, D width.
"""

from collections.abc import Mapping

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


def distance_rows(
    tensors: Mapping[str, np.ndarray], epsilon: float
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The vectors that occur, normalised where the encoder does that, and which a distance has.

    Args:
        tensors: neutral ones.
        epsilon: of the norm.

    Returns:
        rows_UD and at_C, or None twice for an encoder without.
    """
    if "distances" not in tensors:
        return None, None
    rows_UD, positions = tensors["distances"], len(tensors["positions"])
    near_P = tensors["buckets"][:positions].astype(np.int64)
    at_C = np.concatenate([-near_P[:0:-1], near_P]) + len(rows_UD) // 2
    used_U, at_C = np.unique(at_C.clip(0, len(rows_UD) - 1), return_inverse=True)
    rows_UD = rows_UD[used_U].astype(np.float64)
    if "distances_norm.scale" in tensors:
        rows_UD = rows_UD - rows_UD.mean(1, keepdims=True)
        rows_UD /= np.sqrt(np.square(rows_UD).mean(1, keepdims=True) + epsilon)
        rows_UD = rows_UD * tensors["distances_norm.scale"] + tensors["distances_norm.bias"]
    return rows_UD.astype(np.float32), at_C.astype(np.int64)
