"""From counts to vectors by positive pointwise mutual information.

Shapes: V words, D dimensions, Z entries of a sparse matrix that are not zero.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from emoray.text.vectors.settings import Ppmi

Triple = tuple[np.ndarray, np.ndarray, np.ndarray]


def ppmi_matrix(matrix_VV: sparse.csr_array, method: Ppmi) -> sparse.csr_array:
    """Compute max(0, log P(word, context) / (P(word) P'(context)) - log shift).

    P' are the contexts' shares, each to the power `smoothing`, made to sum to 1 again.

    Returns:
        A sparse matrix without its zeros.
    """
    found = matrix_VV.tocoo()
    sum_V = np.asarray(matrix_VV.sum(axis=1))
    context_V = np.where(sum_V > 0, sum_V**method.smoothing, 0.0)
    context_V /= max(context_V.sum(), np.finfo(np.float64).tiny)
    value_Z = np.log(found.data / (sum_V[found.row] * context_V[found.col] * method.shift))
    kept_Z = value_Z > 0
    places = found.row[kept_Z], found.col[kept_Z]
    return sparse.csr_array((value_Z[kept_Z], places), shape=found.shape)


def truncated_svd(matrix_VV: sparse.csr_array, dim: int, seed: int) -> Triple:
    """Compute the best approximation of rank D.

    Each direction points where its largest component is positive: signs are not left to the linear
    algebra library. `seed` draws where the iteration starts (Lanczos, ARPACK).

    Returns:
        left_VD, singular_D (largest first), right_DV.
    """
    size = matrix_VV.shape[0]
    if 2 * dim < size:
        start_V = np.random.default_rng(seed).normal(size=size)
        left_VD, singular_D, right_DV = svds(matrix_VV, k=dim, v0=start_V, solver="arpack")
    else:  # of few words, all at once; the iteration needs room
        left_VD, singular_D, right_DV = np.linalg.svd(matrix_VV.toarray())
    order_D = np.argsort(-singular_D, kind="stable")[:dim]
    left_VD, right_DV = left_VD[:, order_D], right_DV[order_D]
    largest_D = left_VD[np.abs(left_VD).argmax(axis=0), np.arange(dim)]
    sign_D = np.where(largest_D < 0, -1.0, 1.0)
    return left_VD * sign_D, singular_D[order_D], right_DV * sign_D[:, None]


def ppmi_vectors(
    matrix_VV: sparse.csr_array, method: Ppmi, *, dim: int, seed: int = 0
) -> np.ndarray:
    """Compute vectors_VD = left_VD * singular_D ** weighting.

    Args:
        matrix_VV: counts, symmetric.
        method: settings.
        dim: D.
        seed: of the decomposition's start.

    Returns:
        vectors_VD, float64.

    Raises:
        ValueError: if no two words meet more often than by chance.
    """
    found = ppmi_matrix(matrix_VV, method)
    if not found.nnz:
        raise ValueError(
            "word vectors need words that meet more often than by chance, got none: give texts of "
            "several words, or a smaller shift"
        )
    left_VD, singular_D, _ = truncated_svd(found, dim, seed)
    return np.asarray(left_VD * np.maximum(singular_D, 0.0) ** method.weighting)
