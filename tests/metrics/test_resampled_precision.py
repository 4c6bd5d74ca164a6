import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from emoray.metrics.ranking import rank
from emoray.metrics.resampled_precision import resampled_precision
from tests.metrics.made import made


@pytest.mark.parametrize("ties", [None, 2])
def test_average_precision_of_a_resample_is_that_of_the_texts_it_draws(ties: int | None) -> None:
    logits_NK, labels_NK = made(120, 4, seed=1, ties=ties)
    drawn = [np.random.default_rng(b).integers(120, size=120) for b in range(3)]
    weights_BN = np.stack([np.bincount(rows, minlength=120) for rows in drawn])
    found_KB = resampled_precision(logits_NK, labels_NK, weights_BN)
    for b, rows in enumerate(drawn):
        for k in range(4):
            wanted = average_precision_score(labels_NK[rows, k], logits_NK[rows, k])
            assert found_KB[k, b] == pytest.approx(wanted, rel=1e-9)


def test_drawn_once_each_it_is_the_plain_one() -> None:
    logits_NK, labels_NK = made(150, 5, seed=2)
    found_KB = resampled_precision(logits_NK, labels_NK, np.ones((1, 150)))
    np.testing.assert_allclose(found_KB[:, 0], rank(logits_NK, labels_NK).average_precision_K)


def test_a_resample_without_a_text_of_the_label_has_none() -> None:
    logits_NK, labels_NK = np.arange(4.0)[:, None], np.array([[1], [0], [0], [1]])
    assert resampled_precision(logits_NK, labels_NK, np.array([[0, 1, 1, 0]])) == 0
