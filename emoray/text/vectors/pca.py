"""Reduce dimensions: keep the directions along which word vectors differ most.

Shapes: V words, D given dimensions, d kept ones.
"""

import numpy as np


def reduce_by_pca(
    matrix_VD: np.ndarray, dim: int, *, weights_V: np.ndarray | None = None
) -> np.ndarray:
    """Project the centred rows on their principal axes, the widest first.

    Each axis points where its largest component is positive, so that the result does not depend on
    the linear algebra library's choice of signs.

    Args:
        matrix_VD: vectors.
        dim: d.
        weights_V: such as word counts; frequent words then decide more.

    Returns:
        matrix_Vd, float32.

    Raises:
        ValueError: if `dim` is not in 1..D, or the weights are not one number >= 0 a word.
    """
    words, given = matrix_VD.shape
    if not 1 <= dim <= given:
        raise ValueError(
            f"PCA keeps between 1 and all {given} dimensions, got {dim}: "
            "use wider vectors or ask for fewer dimensions"
        )
    weights_V = np.ones(words) if weights_V is None else np.asarray(weights_V, dtype=np.float64)
    if weights_V.shape != (words,) or (weights_V < 0).any() or not weights_V.sum() > 0:
        raise ValueError(
            f"weights are one number >= 0 for each of {words} words and not all 0, "
            f"got shape {weights_V.shape}: pass the words' counts"
        )
    share_V = weights_V / weights_V.sum()
    centred_VD = matrix_VD - share_V @ matrix_VD
    covariance_DD = (centred_VD * share_V[:, None]).T @ centred_VD
    axes_Dd = np.linalg.eigh(covariance_DD)[1][:, ::-1][:, :dim]
    largest_d = axes_Dd[np.abs(axes_Dd).argmax(axis=0), np.arange(dim)]
    return (centred_VD @ (axes_Dd * np.where(largest_d < 0, -1.0, 1.0))).astype(np.float32)
