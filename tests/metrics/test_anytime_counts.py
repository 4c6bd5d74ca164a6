"""Counts that are looked at again and again."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from emoray.metrics.anytime_counts import adjusted_p, rate_sequence, split_p


def test_rates_of_all_labels_lie_within_their_sequences_at_every_look() -> None:
    rng = np.random.default_rng(0)
    rate_K = np.repeat([0.002, 0.03, 0.5], 4)
    looks, missed = np.arange(100, 3_001, 200), 0
    for _ in range(60):
        found_NK = np.cumsum(rng.random((3_000, 12)) < rate_K, axis=0)
        ends = [rate_sequence(found_NK[n - 1], n) for n in looks]
        missed += any(not ((low <= rate_K) & (rate_K <= high)).all() for low, high in ends)
    assert missed / 60 <= 0.05


def test_a_sequence_is_wider_than_an_interval_for_one_look_and_not_much() -> None:
    low, high = rate_sequence(np.array([100]), 10_000)
    once = binom.ppf([0.025, 0.975], 10_000, 0.01) / 10_000
    assert low[0] < once[0] and once[1] < high[0]
    assert high[0] - low[0] < 2.5 * (once[1] - once[0])


def test_ends_are_where_nothing_or_everything_was_found() -> None:
    low, high = rate_sequence(np.array([0, 500, 250]), 500)
    assert low[0] == 0 and high[1] == 1 and 0 < high[0] < 0.05 and 0.95 < low[1] < 1
    assert low[2] + high[2] == pytest.approx(1)
    low, high = rate_sequence(np.array([0]), 0)
    assert (low[0], high[0]) == (0, 1)


def test_a_split_as_planned_is_seldom_called_broken_however_often_one_looks() -> None:
    rng = np.random.default_rng(1)
    called = 0
    for _ in range(400):
        second = np.cumsum(rng.random(5_000) < 0.1)
        called += any(
            split_p(n - second[n - 1], second[n - 1], 0.1) < 0.05 for n in range(50, 5_001, 50)
        )
    assert 0 < called / 400 <= 0.05


def test_a_broken_split_is_found() -> None:
    assert split_p(5_000, 5_000, 0.5) == 1
    assert split_p(5_300, 4_700, 0.5) < 0.01
    assert split_p(9_000, 1_000, 0.1) == 1
    with pytest.raises(ValueError, match=r"a planned share lies in \(0, 1\), got 1: 0.5 is half"):
        split_p(1, 1, 1)


def test_adjusted_p_is_the_least_level_at_which_e_bh_calls_a_label() -> None:
    log_e = np.log(np.array([100.0, 1.0, 60.0, 0.1]))
    found = adjusted_p(log_e)
    assert found == pytest.approx([4 / 2 / 60, 1, 4 / 2 / 60, 1])
    assert adjusted_p(np.array([math.log(40)])) == pytest.approx([1 / 40])
