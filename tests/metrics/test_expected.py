"""What F1 calibrated probabilities promise. Shapes: N texts, K labels."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from emoray.metrics.expected import expected_scores


def calibrated(seed: int, texts: int, labels: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels that come true as often as they say."""
    rng = np.random.default_rng(seed)
    probs_NK = 1 / (1 + np.exp(-rng.normal(-1.5, 1.8, (texts, labels))))
    return probs_NK, rng.random(probs_NK.shape) < probs_NK


def test_expected_scores_are_those_that_labels_show_later() -> None:
    probs_NK, labels_NK = calibrated(1, 60_000)
    decided_NK = probs_NK >= 0.35
    found = expected_scores(probs_NK, decided_NK)
    for expected_K, scored_of in (
        (found.precision_K, precision_score),
        (found.recall_K, recall_score),
        (found.f1_K, f1_score),
    ):
        scored_K = scored_of(labels_NK, decided_NK, average=None)
        np.testing.assert_allclose(expected_K, scored_K, atol=0.01)
    assert found.macro_f1 == pytest.approx(
        f1_score(labels_NK, decided_NK, average="macro"), abs=0.005
    )


def test_the_interval_holds_the_later_score_as_often_as_it_says() -> None:
    held, deviations = [], []
    for seed in range(150):
        probs_NK, labels_NK = calibrated(seed, 600)
        decided_NK = probs_NK >= 0.35
        found = expected_scores(probs_NK, decided_NK)
        scored = f1_score(labels_NK, decided_NK, average="macro")
        held.append(found.low <= scored <= found.high)
        deviations.append(found.f1_K - f1_score(labels_NK, decided_NK, average=None))
    assert 0.93 <= np.mean(held)
    # Of the same texts only labels are drawn, so F1 spreads by less than the interval's deviation.
    assert (np.std(deviations, axis=0) <= found.f1_deviation_K * 1.1).all()


def test_scores_of_a_stream_spread_as_the_deviation_says() -> None:
    scores = []
    for seed in range(150):
        probs_NK, labels_NK = calibrated(seed, 1_000)
        scores.append(f1_score(labels_NK, probs_NK >= 0.35, average=None))
    found = expected_scores(probs_NK, probs_NK >= 0.35)
    np.testing.assert_allclose(np.std(scores, axis=0), found.f1_deviation_K, rtol=0.25)


def test_a_label_that_means_something_else_now_is_not_noticed() -> None:
    probs_NK, labels_NK = calibrated(2, 20_000)
    decided_NK = probs_NK >= 0.35
    turned_NK = labels_NK.copy()
    turned_NK[:, 0] = np.random.default_rng(3).permutation(turned_NK[:, 0])
    expected = expected_scores(probs_NK, decided_NK).macro_f1
    assert expected - f1_score(turned_NK, decided_NK, average="macro") > 0.05


def test_a_label_that_nobody_gives_scores_nothing() -> None:
    probs_NK = np.array([[0.2, 0.9], [0.1, 0.8]])
    found = expected_scores(probs_NK, np.array([[0, 1], [0, 1]]))
    assert found.f1_K[0] == 0 and found.precision_K[0] == 0 and found.recall_K[0] == 0
    assert found.recall_K[1] == 1 and found.precision_K[1] == pytest.approx(0.85)


def test_logits_in_place_of_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match=r"probabilities must lie in \[0, 1\], got -2.0..3.0"):
        expected_scores(np.array([[-2.0, 3.0]]), np.array([[0, 1]]))
