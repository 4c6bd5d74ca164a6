"""Whether shares have changed, told at any moment. Shapes: N texts, W windows, M ratios."""

import numpy as np
import pytest

from emoray.metrics.drift import (
    RatioSums,
    budgets,
    change_evidence,
    e_bh,
    interval,
    joint_evidence,
    starts_at,
)

ALPHA = 0.05


def shares(given_NM: np.ndarray) -> RatioSums:
    total = given_NM.sum(axis=0).astype(float)
    return RatioSums.means(np.full(len(total), len(given_NM)), total, total)


def f1_sums(probs_N: np.ndarray, decided_N: np.ndarray) -> RatioSums:
    part_N, whole_N = 2 * probs_N * decided_N, probs_N + decided_N
    columns = (part_N**0, part_N, whole_N, part_N**2, part_N * whole_N, whole_N**2)
    return RatioSums.unstacked(np.stack([np.array([c.sum()]) for c in columns]))


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.002])
def test_looking_after_every_window_raises_few_false_alarms(share: float) -> None:
    streams, windows, texts, there = 400, 40, 50, 500
    rng = np.random.default_rng(int(1000 * share))
    reference = rng.binomial(there, share, streams).astype(float)
    found = rng.binomial(texts, share, (windows, streams)).cumsum(axis=0).astype(float)
    n = texts * np.arange(1, windows + 1.0)[:, None] + np.zeros(streams)
    log_e = change_evidence(
        RatioSums.means(n, found, found),
        RatioSums.means(np.full(streams, there), reference, reference),
    )
    assert (log_e.max(axis=0) >= np.log(1 / ALPHA)).mean() <= ALPHA
    # Whoever takes the reference for the truth, and asks for a p-value below 5 % every day:
    known = np.abs(found / n - reference / there) / np.sqrt(
        np.maximum(reference / there * (1 - reference / there), 1e-9) / n
    )
    if share >= 0.01:
        assert (known.max(axis=0) > 1.96).mean() > 0.15


def test_a_share_that_changes_is_found_and_by_how_much_evidence_grows() -> None:
    rng = np.random.default_rng(1)
    reference = shares(rng.random((5000, 1)) < 0.1)
    log_e = [
        float(change_evidence(shares(rng.random((n, 1)) < 0.15), reference)[0])
        for n in (200, 1000, 5000)
    ]
    assert log_e[0] < log_e[1] < log_e[2] and log_e[2] > 10


def test_a_large_stream_does_not_make_up_for_a_small_reference() -> None:
    small, large = (shares(np.arange(n)[:, None] % 10 == 0) for n in (100, 1_000_000))
    moved = shares(np.arange(1_000_000)[:, None] % 100 < 13)
    assert change_evidence(moved, small)[0] < np.log(1 / ALPHA) < change_evidence(moved, large)[0]


def test_trials_of_a_ratio_are_those_of_its_influence() -> None:
    rng = np.random.default_rng(2)
    probs_N = rng.beta(0.4, 2.0, 4000)
    decided_N = (probs_N > 0.35).astype(float)
    sums = f1_sums(probs_N, decided_N)
    ratio = float(sums.ratio[0])
    influence_N = 2 * probs_N * decided_N - ratio * (probs_N + decided_N)
    variance = influence_N.var() * len(probs_N) / float(sums.whole[0]) ** 2
    trials = float((sums.whole * sums.trials_per_whole)[0])
    assert trials == pytest.approx(ratio * (1 - ratio) / variance)
    assert (sums + sums).trials_per_whole[0] == pytest.approx(sums.trials_per_whole[0])


def test_texts_without_a_label_tell_nothing_of_its_f1() -> None:
    rng = np.random.default_rng(3)
    probs_N = np.where(rng.random(5000) < 0.06, 0.95, 0.002)
    reference = f1_sums(probs_N, (probs_N > 0.5).astype(float))
    absent = f1_sums(np.full(100, 0.002), np.zeros(100))
    assert absent.ratio[0] == 0 and reference.ratio[0] > 0.9
    assert change_evidence(absent, reference)[0] < np.log(1 / ALPHA)


def test_what_the_reference_does_not_have_is_no_evidence() -> None:
    nothing = RatioSums.means(np.zeros(1), np.zeros(1), np.zeros(1))
    full = shares(np.ones((10, 1), bool))
    assert change_evidence(full, nothing)[0] == 0 == change_evidence(nothing, full)[0]


@pytest.mark.parametrize("share", [0.3, 0.02])
def test_intervals_hold_their_share(share: float) -> None:
    rng = np.random.default_rng(4)
    sums = shares(rng.random((600, 800)) < share)
    low, high = interval(sums, sums, 1.96)
    assert 0.92 <= ((low <= share) & (share <= high)).mean() <= 0.98


def test_many_small_changes_show_together_and_chance_does_not() -> None:
    rng = np.random.default_rng(5)
    labels, texts, there = 28, 2000, 5000
    variance = 1 / texts + 1 / there
    chance = rng.normal(0, np.sqrt(variance), (400, labels))
    found = [joint_evidence(change, np.eye(labels), variance) for change in chance]
    assert np.mean(np.array(found) >= np.log(1 / ALPHA)) <= ALPHA
    moved = np.where(np.arange(labels) % 2, 0.07, -0.07)
    assert np.abs(moved / np.sqrt(variance)).max() < 3
    assert joint_evidence(moved, np.eye(labels), variance) > 10


def test_budgets_of_all_starts_are_one_budget() -> None:
    assert budgets(np.arange(10**6)).sum() == pytest.approx(1, abs=1e-4)
    assert starts_at(0).tolist() == [0]
    assert starts_at(9).tolist() == [0, 2, 6, 8, 9]


def test_e_bh_is_its_definition() -> None:
    rng = np.random.default_rng(6)
    for _ in range(50):
        e_H = np.exp(rng.normal(2, 3, 12))
        ordered = np.sort(e_H)[::-1]
        passed = [k for k in range(1, 13) if k * ordered[k - 1] / 12 >= 1 / ALPHA]
        expected = e_H >= (ordered[max(passed) - 1] if passed else np.inf)
        np.testing.assert_array_equal(e_bh(np.log(e_H), np.log(ALPHA)), expected)
