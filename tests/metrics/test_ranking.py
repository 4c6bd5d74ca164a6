import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from emoray.metrics.ranking import midway, rank
from tests.metrics.made import Decisions, made

FLOATS = st.floats(-1e6, 1e6)


@pytest.mark.parametrize("ties", [None, 2])
def test_counts_are_those_of_comparing_each_logit_with_each_cut(ties: int | None) -> None:
    logits_NK, labels_NK = made(200, 5, seed=3, ties=ties)
    cuts_RK = np.vstack([logits_NK[:9], np.full(5, np.inf), np.full(5, -np.inf)])
    predicted_RK, tp_RK = rank(logits_NK, labels_NK).counts(cuts_RK.astype(np.float64))
    decided_RNK = logits_NK >= cuts_RK[:, None]
    assert (predicted_RK == decided_RNK.sum(axis=1)).all()
    assert (tp_RK == (decided_RNK & (labels_NK == 1)).sum(axis=1)).all()


@pytest.mark.parametrize("ties", [None, 2])
def test_average_precision_is_scikit_learns(ties: int | None) -> None:
    logits_NK, labels_NK = made(200, 5, seed=3, ties=ties)
    found_K = rank(logits_NK, labels_NK).average_precision_K
    for k, found in enumerate(found_K):
        wanted = average_precision_score(labels_NK[:, k], logits_NK[:, k])
        assert found == pytest.approx(wanted, abs=1e-12)


def test_average_precision_is_0_where_nothing_is_there_to_be_found() -> None:
    logits_NK, labels_NK = made(50, 2, seed=1)
    labels_NK[:, 1] = 0
    found_K = rank(logits_NK, labels_NK).average_precision_K
    assert found_K[0] > 0 and found_K[1] == 0


@given(FLOATS, FLOATS)
def test_midway_parts_any_two_distinct_scores(one: float, other: float) -> None:
    below, above = min(one, other), max(one, other)
    if below < above:
        assert below < midway(below, above) <= above


def test_midway_parts_neighbouring_floats() -> None:
    assert 1.0 < midway(1.0, float(np.nextafter(1, 2))) <= np.nextafter(1, 2)


def test_under_the_lowest_score_the_cut_is_half_a_logit_away() -> None:
    assert midway(-np.inf, 2.0) == 1.5


def test_float32_jitter_carries_no_score_across_a_fitted_cut(smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth
    ranking = rank(logits_NK, labels_NK)
    for cuts_K in (ranking.label_cuts_K, np.full(6, ranking.common_cut)):
        for jittered in (np.nextafter(logits_NK, np.float32(x)) for x in (-np.inf, np.inf)):
            assert ((jittered >= cuts_K) == (logits_NK >= cuts_K)).all()
