"""Gains with intervals over texts and seeds: by definition, and by what chance allows."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.metrics.bootstrap import draw_counts, stratified_weights
from emoray.metrics.change import MARGIN
from emoray.metrics.seed_gain import Promise, SeedScores, seed_gain, seed_scores


def made(
    seed: int, *, quality: float, texts: int = 600, labels: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """decided_NK that agree with labels_NK in a share `quality` of the cells."""
    truth_NK = np.random.default_rng(99).random((texts, labels)) < 0.3
    right_NK = np.random.default_rng(seed).random((texts, labels)) < quality
    return np.where(right_NK, truth_NK, ~truth_NK), truth_NK


def of(seeds: range, quality: float, weights_BN: np.ndarray) -> SeedScores:
    pairs = [made(seed, quality=quality) for seed in seeds]
    return seed_scores([decided for decided, _ in pairs], pairs[0][1], weights_BN)


TRUTH = made(0, quality=1)[1]
WEIGHTS = stratified_weights(TRUTH, resamples=400)


def test_f1_of_a_resample_is_that_of_the_texts_it_draws() -> None:
    decided_NK, labels_NK = made(1, quality=0.8)
    drawn = np.random.default_rng(5).integers(600, size=600)
    weights_BN = np.bincount(drawn, minlength=600)[None].astype(float)
    wanted_K = f1_score(labels_NK[drawn], decided_NK[drawn], average=None)
    found = seed_scores([decided_NK], labels_NK, weights_BN)
    np.testing.assert_allclose(found.resampled_SKB[0, :, 0], wanted_K, rtol=1e-6)
    np.testing.assert_allclose(found.macro.resampled_SKB[0, 0, 0], wanted_K.mean(), rtol=1e-6)


def test_the_interval_is_of_the_mean_over_drawn_seeds_on_drawn_texts() -> None:
    before, after = of(range(3), 0.8, WEIGHTS).macro, of(range(10, 13), 0.82, WEIGHTS).macro
    counts_BS = draw_counts(np.random.default_rng(0), 3, 400)
    differences, ratios = [], []
    for b, counts_S in enumerate(counts_BS):
        seeds = np.repeat(np.arange(3), counts_S)
        was, now = (each.resampled_SKB[seeds, 0, b].mean() for each in (before, after))
        differences.append(now - was)
        ratios.append(now / was - 1)
    found = seed_gain(before, after)
    change = found.change
    for centre, drawn, ends in (
        (change.value, differences, (change.low, change.high)),
        (found.relative, ratios, (found.relative_low, found.relative_high)),
    ):
        reach = np.percentile(np.abs(np.array(drawn) - centre), 95)
        assert ends == pytest.approx((centre - reach, centre + reach), abs=1e-7)


def test_a_technique_against_itself_is_equivalent() -> None:
    same = of(range(3), 0.8, WEIGHTS).macro
    found = seed_gain(same, same)
    change = found.change
    assert (change.value, change.low, change.high, found.relative) == (0, 0, 0, 0)
    assert change.verdict(MARGIN) == "equivalent" and found.by_seed == (0, 0, 0)


def test_a_planted_gain_is_found_with_its_size() -> None:
    before, after = of(range(3), 0.8, WEIGHTS), of(range(10, 13), 0.9, WEIGHTS)
    found = seed_gain(before.macro, after.macro)
    change = found.change
    assert change.low < change.value < change.high and change.verdict(MARGIN) == "better"
    assert found.relative == pytest.approx(change.after / change.before - 1)
    assert found.relative_low < found.relative < found.relative_high
    assert change.value == pytest.approx(np.mean(found.by_seed))


def test_one_lucky_seed_of_three_widens_the_interval() -> None:
    before = of(range(3), 0.8, WEIGHTS)
    steady = of(range(10, 13), 0.82, WEIGHTS)
    lucky = [made(s, quality=q)[0] for s, q in ((10, 0.8), (11, 0.8), (12, 0.86))]
    mixed = seed_scores(lucky, made(0, quality=1)[1], WEIGHTS)
    wide, narrow = (seed_gain(before.macro, each.macro).change for each in (mixed, steady))
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_equal_methods_are_called_different_about_as_rarely_as_chance_allows() -> None:
    weights_BN = stratified_weights(TRUTH, resamples=200)
    called = 0
    for trial in range(60):
        before = of(range(100 * trial, 100 * trial + 3), 0.8, weights_BN)
        after = of(range(100 * trial + 50, 100 * trial + 53), 0.8, weights_BN)
        called += not seed_gain(before.macro, after.macro).change.includes_zero
    assert called <= 6


def test_the_macro_gain_is_the_mean_of_the_labels() -> None:
    before, after = of(range(2), 0.7, WEIGHTS), of(range(5, 7), 0.8, WEIGHTS)
    by_label = [seed_gain(before.label(k), after.label(k)).change.value for k in range(4)]
    assert seed_gain(before.macro, after.macro).change.value == pytest.approx(np.mean(by_label))


def test_a_baseline_that_finds_nothing_has_no_relative_gain() -> None:
    _, labels_NK = made(0, quality=1)
    nothing = seed_scores([np.zeros_like(labels_NK)], labels_NK, WEIGHTS).macro
    found = seed_gain(nothing, of(range(1), 0.8, WEIGHTS).macro)
    assert found.change.value > 0.5 and np.isnan(found.relative) and np.isnan(found.relative_low)


def test_unlike_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="equally many seeds"):
        seed_gain(of(range(3), 0.8, WEIGHTS).macro, of(range(2), 0.8, WEIGHTS).macro)
    with pytest.raises(ValueError, match="at least one training"):
        seed_scores([], made(0, quality=1)[1], WEIGHTS)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.02, 0.04, "not found"),
        (0.02, 0.12, "open"),
        (0.11, 0.25, "found"),
        (0.21, 0.3, "exceeded"),
        (0.1, 0.2, "found"),
    ],
)
def test_what_becomes_of_a_promise_is_where_the_interval_lies(
    low: float, high: float, outcome: str
) -> None:
    same = of(range(1), 0.8, WEIGHTS).macro
    found = replace(seed_gain(same, same), relative_low=low, relative_high=high)
    assert Promise(0.1, 0.2).outcome(found) == outcome


def test_a_promised_gain_runs_upwards() -> None:
    with pytest.raises(ValueError, match=r"from low to high, got 0.2, 0.1"):
        Promise(0.2, 0.1)
