"""Models that answer together, from what the store holds."""

from pathlib import Path

import numpy as np
import pytest

from emoray.storage.store.local import Store
from emoray.workflows.improve_predictions import technique_logits
from tests.stages.chain import Chain


def test_a_model_alone_says_what_it_said(chain: Chain) -> None:
    alone = technique_logits([chain.decided[0].scored], chain.store)
    with np.load(chain.store.folder(chain.decided[0].scored) / "logits.npz") as data:
        np.testing.assert_array_equal(alone.logits.test_NK, data["test"])
    assert alone.logits.dev_labels_NK.shape == alone.logits.dev_NK.shape
    assert alone.seed == 0


def test_several_say_the_mean_of_their_logits_and_weigh_their_sum(chain: Chain) -> None:
    scores = [decide.scored for decide in chain.decided[:2]]
    one, two = (technique_logits([score], chain.store) for score in scores)
    both = technique_logits(scores, chain.store)
    mean_NK = (one.logits.test_NK.astype(float) + two.logits.test_NK) / 2
    np.testing.assert_allclose(both.logits.test_NK, mean_NK, rtol=1e-6, atol=1e-6)
    assert both.size_bytes == one.size_bytes + two.size_bytes


def test_what_is_not_in_the_store_is_named(chain: Chain, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must lie in the store, score does not"):
        technique_logits([chain.decided[0].scored], Store(tmp_path))
