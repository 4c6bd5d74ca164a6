import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from emoray.metrics.label_order import average_precisions, other_order

rng = np.random.default_rng(0)
LABELS_NK = (rng.random((600, 5)) < np.array([0.3, 0.2, 0.15, 0.1, 0.004])).astype(np.uint8)
LOGITS_NK = 2.0 * LABELS_NK + rng.normal(size=LABELS_NK.shape)


def test_precisions_are_scikit_learns() -> None:
    found_KK = average_precisions(LOGITS_NK[:, :4], LABELS_NK[:, :4])
    for i in range(4):
        for j in range(4):
            wanted = average_precision_score(LABELS_NK[:, j], LOGITS_NK[:, i])
            assert found_KK[i, j] == pytest.approx(wanted)


def test_outputs_under_wrong_names_are_found() -> None:
    order = np.array([2, 0, 1, 3, 4])
    found = other_order(LOGITS_NK[:, np.argsort(order)], LABELS_NK)
    assert found is not None and found.columns_K.tolist() == order.tolist()
    assert found.other > found.own + 0.2


def test_right_names_noise_and_too_few_texts_say_nothing() -> None:
    assert other_order(LOGITS_NK, LABELS_NK) is None
    assert other_order(rng.normal(size=LOGITS_NK.shape), LABELS_NK) is None
    assert other_order(LOGITS_NK[:20, ::-1], LABELS_NK[:20]) is None
