import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from emoray.text.vectors.ppmi import ppmi_matrix, ppmi_vectors, truncated_svd
from emoray.text.vectors.settings import Ppmi
from tests.text.vectors.made import counts

METHODS = [Ppmi(), Ppmi(smoothing=1.0), Ppmi(smoothing=0.0), Ppmi(shift=2.0)]


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_mutual_information_is_what_its_definition_says(method: Ppmi) -> None:
    found = counts().matrix_VV
    dense = found.toarray()
    word_V1 = dense.sum(axis=1, keepdims=True) / dense.sum()
    context_V = dense.sum(axis=0) ** method.smoothing
    with np.errstate(divide="ignore"):
        pmi = np.log(dense / dense.sum() / (word_V1 * (context_V / context_V.sum())))
    wanted = np.maximum(0.0, pmi - np.log(method.shift))
    np.testing.assert_allclose(ppmi_matrix(found, method).toarray(), wanted, atol=1e-12)


@given(st.integers(4, 30), st.data())
def test_all_directions_give_the_matrix_back_and_fewer_lose_what_the_rest_holds(
    size: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    dim = data.draw(st.integers(1, size))
    dense = np.where(rng.random((size, size)) < 0.4, rng.random((size, size)), 0.0)
    dense[0, 0] += 1.0
    left, singular, right = truncated_svd(sparse.csr_array(dense), dim, seed=0)
    assert left.shape == (size, dim) and (np.diff(singular) <= 1e-9).all()
    left_out = np.linalg.norm(dense - left * singular @ right) ** 2
    rest = np.linalg.svd(dense, compute_uv=False)[dim:]  # Eckart & Young 1936
    assert left_out == pytest.approx((rest**2).sum(), abs=1e-6)
    largest = left[np.abs(left).argmax(axis=0), np.arange(dim)]
    assert (largest > 0).all()


def test_words_that_stand_together_lie_together() -> None:
    found = counts()
    vectors_VD = ppmi_vectors(found.matrix_VV, Ppmi(), dim=3)
    unit_VD = vectors_VD / np.linalg.norm(vectors_VD, axis=1, keepdims=True)
    cosine_VV = unit_VD @ unit_VD.T
    group_V = np.array([word.rstrip("0123456789") for word in found.words])
    real_V = group_V != "and"
    same_VV = (group_V[:, None] == group_V)[real_V][:, real_V]
    cosine_VV = cosine_VV[real_V][:, real_V]
    assert cosine_VV[same_VV].min() > cosine_VV[~same_VV].max()


def test_words_that_never_meet_oftener_than_by_chance_are_refused() -> None:
    alone = sparse.csr_array((2, 2), dtype=np.float64)
    with pytest.raises(ValueError, match=r"more often than by chance, got none: give text"):
        ppmi_vectors(alone, Ppmi(), dim=1)
