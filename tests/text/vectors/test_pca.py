import numpy as np
import pytest
from sklearn.decomposition import PCA

from emoray.text.vectors.pca import reduce_by_pca


@pytest.fixture(scope="module")
def matrix_VD() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(400, 8)) @ rng.normal(size=(8, 8)) + 3).astype(np.float32)


@pytest.mark.parametrize("dim", [1, 3, 8])
def test_the_axes_are_scikit_learns_up_to_their_sign(matrix_VD: np.ndarray, dim: int) -> None:
    reduced_Vd = reduce_by_pca(matrix_VD, dim)
    oracle_Vd = PCA(dim).fit_transform(matrix_VD.astype(np.float64))
    assert reduced_Vd.dtype == np.float32
    np.testing.assert_allclose(np.abs(reduced_Vd), np.abs(oracle_Vd), atol=1e-4)


def test_all_dimensions_keep_every_distance(matrix_VD: np.ndarray) -> None:
    reduced_Vd = reduce_by_pca(matrix_VD, 8)
    distances = [np.linalg.norm(m[:-1] - m[1:], axis=1) for m in (matrix_VD, reduced_Vd)]
    np.testing.assert_allclose(*distances, rtol=1e-4)


def test_fewer_dimensions_are_the_first_of_more(matrix_VD: np.ndarray) -> None:
    np.testing.assert_array_equal(reduce_by_pca(matrix_VD, 2), reduce_by_pca(matrix_VD, 5)[:, :2])


def test_a_weight_counts_like_repeated_rows(matrix_VD: np.ndarray) -> None:
    counts_V = np.arange(400) % 4
    weighted_Vd = reduce_by_pca(matrix_VD, 3, weights_V=counts_V)
    repeated_Rd = reduce_by_pca(np.repeat(matrix_VD, counts_V, axis=0), 3)
    np.testing.assert_allclose(np.repeat(weighted_Vd, counts_V, axis=0), repeated_Rd, atol=1e-4)


def test_the_order_of_words_moves_no_word(matrix_VD: np.ndarray) -> None:
    np.testing.assert_allclose(
        reduce_by_pca(matrix_VD[::-1], 3)[::-1], reduce_by_pca(matrix_VD, 3), atol=1e-5
    )


@pytest.mark.parametrize("dim", [0, 9])
def test_more_dimensions_than_given_are_refused(matrix_VD: np.ndarray, dim: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and all 8 dimensions, got {dim}"):
        reduce_by_pca(matrix_VD, dim)


@pytest.mark.parametrize("weights_V", [np.zeros(400), np.ones(3), -np.ones(400)])
def test_useless_weights_are_refused(matrix_VD: np.ndarray, weights_V: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one number >= 0 for each of 400 words and not all 0"):
        reduce_by_pca(matrix_VD, 2, weights_V=weights_V)
