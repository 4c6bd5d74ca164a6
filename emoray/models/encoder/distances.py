"""Distances between tokens as DeBERTa counts them (He et al. 2021).

Near distances have a bucket each, far ones share, more of them the farther they are. Shapes:
L tokens, P positions, U vectors of distances.
"""

import numpy as np
import torch
from torch import Tensor


def buckets_of(positions: int, buckets: int, farthest: int) -> np.ndarray:
    """The bucket of each distance from 0 up, (P,), float32.

    Computed by torch in float32, as transformers does: a distance on the edge of two buckets falls
    where its rounding says.

    Args:
        positions: how many distances there are.
        buckets: to either side; 0 or less where each distance has its own.
        farthest: the distance that has the last one.

    Returns:
        Whole numbers.
    """
    away_P = torch.arange(positions)
    middle = buckets // 2
    if buckets <= 0:
        return np.asarray(away_P.float().numpy())
    steps_P = torch.log(away_P.clamp(min=1) / middle)
    last = torch.log(torch.tensor((farthest - 1) / middle))
    far_P = torch.ceil(steps_P / last * (middle - 1)) + middle
    return np.asarray(torch.where(away_P <= middle, away_P.float(), far_P).numpy(), np.float32)


def rows_at(buckets_P: Tensor, length: int, rows: int) -> Tensor:
    """The row of the distance from each query to each key, (L, L); distance 0 has row U / 2."""
    places_L = torch.arange(length, device=buckets_P.device)
    away_LL = places_L[:, None] - places_L
    found_LL = buckets_P[away_LL.abs()] * away_LL.sign() + rows // 2
    return found_LL.clamp(0, rows - 1)
