import emoray.models.word.tensorflow_process  # noqa: F401

# isort: split
import numpy as np
import pytest
from keras import ops

from emoray.models.word.keras_layers import Pooling, RareWords, WordDropout
from emoray.models.word.recipe import Attention, ConvMax, Max, Mean, Min, Pool

POOLS: list[Pool] = [Mean(), Max(), Min(), Attention(), ConvMax(5)]
IDS_NL = np.array([[3, 0, 0, 0], [2, 5, 4, 0], [1, 1, 2, 7]], np.int32)


def pooled(pooling: Pooling, ids_NL: np.ndarray) -> np.ndarray:
    table_VD = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    return ops.convert_to_numpy(pooling(table_VD[ids_NL], mask=ids_NL != 0))


@pytest.mark.parametrize("pool", POOLS, ids=str)
def test_padding_never_reaches_a_pool(pool: Pool) -> None:
    pooling = Pooling((pool,))
    narrow = pooled(pooling, IDS_NL)
    wide = pooled(pooling, np.pad(IDS_NL, ((0, 0), (0, 5))))
    np.testing.assert_allclose(narrow, wide, atol=1e-6)


def test_pools_stand_side_by_side_in_the_order_of_the_recipe() -> None:
    both = pooled(Pooling((Max(), Mean())), IDS_NL)
    np.testing.assert_allclose(both[:, :6], pooled(Pooling((Max(),)), IDS_NL))
    np.testing.assert_allclose(both[:, 6:], pooled(Pooling((Mean(),)), IDS_NL), rtol=1e-6)


def test_words_drop_out_in_training_only() -> None:
    ids_NL = np.random.default_rng(0).integers(2, 50, (200, 30)).astype(np.int32)
    drop = WordDropout(0.3, seed=1)
    np.testing.assert_array_equal(ops.convert_to_numpy(drop(ids_NL)), ids_NL)
    dropped = ops.convert_to_numpy(drop(ids_NL, training=True))
    assert set(np.unique(dropped[dropped != ids_NL])) == {1}
    assert (dropped == 1).mean() == pytest.approx(0.3, abs=0.03)
    again = ops.convert_to_numpy(drop(ids_NL, training=True))
    assert (again != dropped).any(), "every batch drops other words"


def test_word_dropout_leaves_padding_and_the_unknown_word_alone() -> None:
    few = np.array([[0, 1, 1, 0]] * 50, np.int32)
    found = ops.convert_to_numpy(WordDropout(0.9, seed=1)(few, training=True))
    np.testing.assert_array_equal(found, few)


def test_rare_words_join_a_mean_that_was_pooled_without_them() -> None:
    rng = np.random.default_rng(0)
    mean_ND, share_NM, rows_MD = (rng.normal(size=s).astype("f4") for s in ((4, 6), (4, 2), (2, 6)))
    layer = RareWords(rows_MD)
    found = ops.convert_to_numpy(layer(np.concatenate([mean_ND, share_NM], 1)))
    np.testing.assert_allclose(found, mean_ND + share_NM @ rows_MD, rtol=1e-5)
