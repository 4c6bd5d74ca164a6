"""Where two models decide otherwise."""

import numpy as np
import pytest

from emoray.metrics.flips import FlipCounts

RATES = np.array([0.3, 0.02, 0.1])


def decisions(seed: int, texts: int, *, flips: float, more: float = 0.0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    before_NK = rng.random((texts, 3)) < RATES
    flipped_NK = rng.random(before_NK.shape) < flips
    after_NK = np.where(flipped_NK, rng.random(before_NK.shape) < RATES, before_NK)
    after_NK[:, 0] |= rng.random(texts) < more
    return before_NK, after_NK


def test_flips_are_counted_in_each_direction() -> None:
    before_NK = np.array([[1, 0], [1, 0], [0, 0], [0, 1]], bool)
    after_NK = np.array([[0, 0], [1, 1], [0, 0], [1, 1]], bool)
    found = FlipCounts.of(before_NK[:2], after_NK[:2]) + FlipCounts.of(before_NK[2:], after_NK[2:])
    assert (found.texts, found.changed) == (4, 3)
    assert found.gained_K.tolist() == [1, 1] and found.lost_K.tolist() == [1, 0]
    assert found.given_2K.tolist() == [[2, 1], [2, 2]]
    assert found.agreement_K.tolist() == [0.5, 0.75]


def test_a_change_of_a_rate_is_found_and_the_others_are_not() -> None:
    found = FlipCounts.of(*decisions(1, 5_000, flips=0.05, more=0.02)).rate_change()
    assert found.low_K[0] > 0 and found.p_K[0] < 0.001
    assert (
        (found.low_K[1:] < 0).all() and (found.high_K[1:] > 0).all() and found.p_K[1:].min() > 0.1
    )


@pytest.mark.parametrize("split", [False, True], ids=["shadow", "split"])
def test_rates_that_do_not_change_are_seldom_called_changed_however_often_one_looks(
    split: bool,
) -> None:
    called = 0
    for seed in range(100):
        before_NK, after_NK = decisions(seed, 2_500, flips=0.05)
        second_N = np.random.default_rng(seed).random(2_500) < 0.3 if split else None
        looks = []
        for n in range(100, 2_501, 100):
            part = None if second_N is None else second_N[:n]
            looks.append(FlipCounts.of(before_NK[:n], after_NK[:n], second_N=part).rate_change())
        called += any(((c.low_K > 0) | (c.high_K < 0) | (c.p_K <= 0.05)).any() for c in looks)
    assert called / 100 <= 0.05


def test_split_traffic_counts_each_models_own_texts() -> None:
    before_NK, after_NK = decisions(2, 1_000, flips=0.5)
    second_N = np.arange(1_000) % 4 == 0
    found = FlipCounts.of(before_NK, after_NK, second_N=second_N)
    assert found.texts == 1_000 and found.texts_2.tolist() == [750, 250] and not found.paired
    np.testing.assert_allclose(found.rate_2K[0], before_NK[~second_N].mean(axis=0))
    np.testing.assert_allclose(found.rate_2K[1], after_NK[second_N].mean(axis=0))


def test_nothing_is_known_of_a_change_before_both_models_saw_a_text() -> None:
    before_NK, after_NK = decisions(3, 10, flips=0.5)
    found = FlipCounts.of(before_NK, after_NK, second_N=np.zeros(10, bool)).rate_change()
    assert (found.low_K == -1).all() and (found.high_K == 1).all() and (found.p_K == 1).all()
