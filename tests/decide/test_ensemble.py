"""Laws of what several models say as one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from emoray.decide.ensemble import Averaging, MeanLogits, MeanProbabilities, combine
from emoray.decide.thresholds import PerLabel
from emoray.metrics.scores import score
from tests.metrics.made import Decisions

AVERAGINGS: tuple[Averaging, ...] = (MeanLogits(), MeanProbabilities())


def members(count: int, seed: int = 0, scale: float = 2.0) -> np.ndarray:
    shape = count, 40, 3
    return np.random.default_rng(seed).normal(scale=scale, size=shape).astype(np.float32)


def shares(count: int) -> np.ndarray:
    weights_M = np.arange(1, count + 1, dtype=np.float64)
    return weights_M / weights_M.sum()


def test_logits_are_averaged() -> None:
    logits_MNK = members(3)
    wanted = np.tensordot(shares(3), logits_MNK.astype(np.float64), 1)
    np.testing.assert_allclose(combine(MeanLogits(), logits_MNK, shares(3)), wanted, rtol=1e-6)


def test_probabilities_are_averaged_and_said_as_a_logit() -> None:
    logits_MNK = members(3)
    wanted = logit(np.tensordot(shares(3), expit(logits_MNK.astype(np.float64)), 1))
    found = combine(MeanProbabilities(), logits_MNK, shares(3))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("averaging", AVERAGINGS, ids=str)
def test_an_ensemble_of_one_is_its_member(averaging: Averaging) -> None:
    logits_MNK = members(1, scale=30)
    np.testing.assert_array_equal(combine(averaging, logits_MNK, np.ones(1)), logits_MNK[0])
    three_MNK = members(3)
    only = combine(averaging, three_MNK, np.array([0.0, 1.0, 0.0]))
    np.testing.assert_array_equal(only, three_MNK[1])


@pytest.mark.parametrize("averaging", AVERAGINGS, ids=str)
def test_equal_members_leave_decisions_as_they_are(averaging: Averaging, smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth
    cuts_K = PerLabel().cuts(logits_NK, labels_NK)
    averaged_NK = combine(averaging, np.stack([logits_NK] * 4), shares(4))
    np.testing.assert_array_equal(averaged_NK >= cuts_K, logits_NK >= cuts_K)
    np.testing.assert_allclose(averaged_NK, logits_NK, rtol=1e-6, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(count=st.integers(2, 6), seed=st.integers(0, 99), averaging=st.sampled_from(AVERAGINGS))
def test_the_order_of_members_does_not_matter(count: int, seed: int, averaging: Averaging) -> None:
    logits_MNK, weights_M = members(count, seed), shares(count)
    order = np.random.default_rng(seed).permutation(count)
    one = combine(averaging, logits_MNK, weights_M)
    other = combine(averaging, logits_MNK[order], weights_M[order])
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("averaging", AVERAGINGS, ids=str)
def test_an_average_lies_between_the_members(averaging: Averaging) -> None:
    logits_MNK = members(5)
    averaged_NK = combine(averaging, logits_MNK, shares(5))
    assert (averaged_NK >= logits_MNK.min(axis=0) - 1e-6).all()
    assert (averaged_NK <= logits_MNK.max(axis=0) + 1e-6).all()


def test_the_surest_logits_stay_finite() -> None:
    logits_MNK = np.array([[[9e3, -9e3]], [[8e3, -8e3]]], np.float32)
    averaged_NK = combine(MeanProbabilities(), logits_MNK, shares(2))
    assert np.isfinite(averaged_NK).all() and averaged_NK[0, 0] > 500 and averaged_NK[0, 1] < -500


def test_members_that_err_apart_are_better_together(smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth
    rng = np.random.default_rng(3)
    noisy_MNK = np.stack([logits_NK + rng.normal(scale=2, size=logits_NK.shape) for _ in range(7)])
    together = combine(MeanLogits(), noisy_MNK, np.full(7, 1 / 7))

    def macro_f1(averaged_NK: np.ndarray) -> float:
        return score(averaged_NK, labels_NK, PerLabel().cuts(averaged_NK, labels_NK)).macro_f1

    assert macro_f1(together) > max(macro_f1(one) for one in noisy_MNK)


@pytest.mark.parametrize("weights", [[1.0], [-1.0, 2.0], [0.0, 0.0]], ids=str)
def test_weights_that_are_no_shares_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match=r"weights are at least 0, one a member of 2, .* shares"):
        combine(MeanLogits(), members(2), np.array(weights))
