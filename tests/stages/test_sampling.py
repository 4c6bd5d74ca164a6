"""Which train texts a training sees."""

from dataclasses import replace

import numpy as np

from emoray.models.sampling import Bootstrap
from emoray.stages.encoding import read_padded
from emoray.stages.trained import read_train
from emoray.storage.store.keys import key_of
from tests.stages.chain import RECIPE, Chain


def test_a_bootstrap_member_trains_on_its_own_rows_of_train(chain: Chain) -> None:
    text = chain.store.folder(chain.decided[0].text)
    whole = read_padded(text, "train")
    drawn = replace(RECIPE, sample=Bootstrap(), seed=3)
    found = read_train(drawn, text)
    rows = Bootstrap().rows(whole.labels_NK, 3)
    assert len(found.lengths_N) == len(whole.lengths_N)
    np.testing.assert_array_equal(found.ids_NL, whole.ids_NL[rows])
    np.testing.assert_array_equal(found.labels_NK, whole.labels_NK[rows])
    np.testing.assert_array_equal(read_train(RECIPE, text).ids_NL, whole.ids_NL)


def test_another_sample_is_another_training_of_the_same_texts(chain: Chain) -> None:
    train = chain.decided[0].compressed.trained
    drawn = replace(train, recipe=replace(RECIPE, sample=Bootstrap()))
    assert key_of(drawn) != key_of(train) and key_of(drawn.text) == key_of(train.text)
