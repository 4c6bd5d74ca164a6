"""Split texts with several labels each into train, dev and test, alike in every label, by seed.

Iterative stratification: the rarest label first, each of its texts to the part that lacks most of
that label (Sechidis, Tsoumakas & Vlahavas, "On the stratification of multi-label data", ECML 2011).
Equal texts stay together: a text of train must not be scored.
Shapes: N texts, G groups of equal texts, K labels, S parts.
"""

from collections.abc import Hashable, Sequence

import numpy as np

SHARES = (0.8, 0.1, 0.1)


def _desired(labels_GK: np.ndarray, shares_S: np.ndarray) -> np.ndarray:
    """How many groups of each label a part should get: its share, one at least."""
    count_K = labels_GK.sum(axis=0)
    desired_SK = shares_S[:, None] * count_K
    desired_SK[1:] = np.maximum(desired_SK[1:], np.minimum(1, count_K))
    desired_SK[0] = np.maximum(count_K - desired_SK[1:].sum(axis=0), np.minimum(1, count_K))
    return desired_SK


def _assigned(labels_GK: np.ndarray, size_G: np.ndarray, shares_S: np.ndarray) -> np.ndarray:
    """Return part_G; ties go to the part that lacks most texts, then to the first."""
    lacking_SK = _desired(labels_GK, shares_S)
    lacking_S = shares_S * size_G.sum()
    part_G = np.full(len(labels_GK), -1)
    left_K = labels_GK.sum(axis=0)
    while (left_K > 0).any():
        rarest = int(np.where(left_K > 0, left_K, np.iinfo(np.int64).max).argmin())
        for g in np.flatnonzero(labels_GK[:, rarest] & (part_G < 0)):
            best = np.flatnonzero(lacking_SK[:, rarest] == lacking_SK[:, rarest].max())
            part_G[g] = s = best[lacking_S[best].argmax()]
            own_K = labels_GK[g]
            lacking_SK[s] -= own_K
            lacking_S[s] -= size_G[g]
            left_K -= own_K
    for g in np.flatnonzero(part_G < 0):
        part_G[g] = s = int(lacking_S.argmax())
        lacking_S[s] -= size_G[g]
    return part_G


def _completed(part_G: np.ndarray, labels_GK: np.ndarray, parts: int) -> None:
    """Move a group to a part that has none of a label, if no other label loses its last one."""
    held_SK = np.stack([labels_GK[part_G == s].sum(axis=0) for s in range(parts)])
    for s, k in np.argwhere(held_SK == 0):
        if held_SK[s, k]:
            continue  # came along with another label meanwhile
        for g in np.flatnonzero(labels_GK[:, k]):
            own_K, t = labels_GK[g].astype(bool), part_G[g]
            if (held_SK[t, own_K] > 1).all():
                held_SK[t] -= labels_GK[g]
                held_SK[s] += labels_GK[g]
                part_G[g] = s
                break


def stratified(
    labels_NK: np.ndarray,
    groups: Sequence[Hashable],
    *,
    shares: Sequence[float] = SHARES,
    seed: int = 0,
) -> np.ndarray:
    """Assign each text to a part.

    Every label of enough texts is in every part; `shares` of texts and of each label are met as
    nearly as whole texts allow.

    Args:
        labels_NK: 0 or 1.
        groups: equal for texts that stay together.
        shares: of the parts.
        seed: of the draw.

    Returns:
        part_N, int64.

    Raises:
        ValueError: if there are fewer than two shares, or they do not sum to 1.
    """
    shares_S = np.asarray(shares, dtype=np.float64)
    if len(shares_S) < 2 or (shares_S <= 0).any() or not np.isclose(shares_S.sum(), 1):
        raise ValueError(
            f"shares of at least two parts are above 0 and sum to 1, got {tuple(shares)}: such as "
            f"{SHARES}"
        )
    index_of: dict[Hashable, int] = {}
    group_N = np.array([index_of.setdefault(group, len(index_of)) for group in groups])
    drawn_G = np.random.default_rng(seed).permutation(len(index_of))
    group_N = drawn_G[group_N]  # in random order, and so is what follows
    labels_GK = np.zeros((len(index_of), labels_NK.shape[1]), dtype=np.int64)
    np.maximum.at(labels_GK, group_N, (labels_NK != 0).astype(np.int64))
    size_G = np.bincount(group_N, minlength=len(index_of))
    part_G = _assigned(labels_GK, size_G, shares_S)
    _completed(part_G, labels_GK, len(shares_S))
    return part_G[group_N]
