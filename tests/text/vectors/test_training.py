import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from emoray.text.vectors.settings import GloveObjective, OwnVectors
from emoray.text.vectors.training import SPREAD, train_vectors
from tests.text.vectors.made import counts

BOTH = [OwnVectors(), OwnVectors(method=GloveObjective(epochs=3))]


@pytest.mark.parametrize("settings", BOTH, ids=str)
def test_equal_settings_give_equal_bytes_on_any_number_of_threads(settings: OwnVectors) -> None:
    found = counts()
    made = []
    for threads in (1, 2, 2):
        with threadpool_limits(threads):
            made.append(train_vectors(found, settings, dim=5).tobytes())
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize("settings", BOTH, ids=str)
def test_components_spread_as_networks_expect_them(settings: OwnVectors) -> None:
    found = counts()
    vectors_VD = train_vectors(found, settings, dim=5)
    assert vectors_VD.shape == (len(found.words), 5) and vectors_VD.dtype == "float32"
    assert float(np.sqrt((vectors_VD**2).mean())) == pytest.approx(SPREAD, rel=1e-5)


@pytest.mark.parametrize("dim", [0, 29, 400])
def test_more_dimensions_than_words_or_none_are_refused(dim: int) -> None:
    with pytest.raises(ValueError, match=rf"at most one for each word, got {dim} for 28 words"):
        train_vectors(counts(), OwnVectors(), dim=dim)
