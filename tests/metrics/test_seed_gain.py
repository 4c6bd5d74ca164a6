"""Gains with intervals over texts and seeds: by definition, and by what chance allows."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.metrics.intervals import resample_weights
from emoray.metrics.label_f1 import label_f1_resampled
from emoray.metrics.seed_gain import Expected, Gain, Tried, gain, tried


def made(
    seed: int, *, quality: float, texts: int = 600, labels: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """decided_NK that agree with labels_NK in a share `quality` of the cells."""
    truth_NK = np.random.default_rng(99).random((texts, labels)) < 0.3
    right_NK = np.random.default_rng(seed).random((texts, labels)) < quality
    return np.where(right_NK, truth_NK, ~truth_NK), truth_NK


def of(seeds: range, quality: float, weights_BN: np.ndarray) -> Tried:
    pairs = [made(seed, quality=quality) for seed in seeds]
    return tried([decided for decided, _ in pairs], pairs[0][1], weights_BN)


WEIGHTS = resample_weights(600, resamples=400)


def test_f1_of_a_resample_is_that_of_the_texts_it_draws() -> None:
    decided_NK, labels_NK = made(1, quality=0.8)
    drawn = np.random.default_rng(5).integers(600, size=600)
    weights_BN = np.bincount(drawn, minlength=600)[None].astype(float)
    expected_K = f1_score(labels_NK[drawn], decided_NK[drawn], average=None)
    f1_RKB = label_f1_resampled(decided_NK[None], labels_NK, weights_BN)
    np.testing.assert_allclose(f1_RKB[0, :, 0], expected_K, rtol=1e-6)


def test_a_technique_against_itself_gains_nothing() -> None:
    same = of(range(3), 0.8, WEIGHTS).macro
    found = gain(same, same)
    assert (found.change, found.low, found.high, found.relative) == (0, 0, 0, 0)
    assert found.by_seed == (0, 0, 0)


def test_a_planted_gain_is_found_with_its_size() -> None:
    before, after = of(range(3), 0.8, WEIGHTS), of(range(10, 13), 0.9, WEIGHTS)
    found = gain(before.macro, after.macro)
    assert found.low < found.change < found.high and found.low > 0
    assert found.relative == pytest.approx(found.after / found.before - 1)
    assert found.relative_low < found.relative < found.relative_high
    assert found.change == pytest.approx(np.mean(found.by_seed))


def test_one_lucky_seed_of_three_widens_the_interval() -> None:
    before = of(range(3), 0.8, WEIGHTS)
    steady = of(range(10, 13), 0.82, WEIGHTS)
    lucky = [made(s, quality=q)[0] for s, q in ((10, 0.8), (11, 0.8), (12, 0.86))]
    mixed = tried(lucky, made(0, quality=1)[1], WEIGHTS)
    wide, narrow = gain(before.macro, mixed.macro), gain(before.macro, steady.macro)
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_equal_methods_are_called_different_about_as_rarely_as_chance_allows() -> None:
    weights_BN = resample_weights(600, resamples=200)
    called = 0
    for trial in range(60):
        before = of(range(100 * trial, 100 * trial + 3), 0.8, weights_BN)
        after = of(range(100 * trial + 50, 100 * trial + 53), 0.8, weights_BN)
        found = gain(before.macro, after.macro)
        called += not found.low <= 0 <= found.high
    assert called <= 6


def test_the_macro_gain_is_the_mean_of_the_labels() -> None:
    before, after = of(range(2), 0.7, WEIGHTS), of(range(5, 7), 0.8, WEIGHTS)
    by_label = [gain(before.label(k), after.label(k)).change for k in range(4)]
    assert gain(before.macro, after.macro).change == pytest.approx(np.mean(by_label))


def test_a_baseline_that_finds_nothing_has_no_relative_gain() -> None:
    _, labels_NK = made(0, quality=1)
    nothing = tried([np.zeros_like(labels_NK)], labels_NK, WEIGHTS).macro
    found = gain(nothing, of(range(1), 0.8, WEIGHTS).macro)
    assert found.change > 0.5 and np.isnan(found.relative) and np.isnan(found.relative_low)


def test_unlike_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="equally many seeds"):
        gain(of(range(3), 0.8, WEIGHTS).macro, of(range(2), 0.8, WEIGHTS).macro)
    with pytest.raises(ValueError, match="at least one training"):
        tried([], made(0, quality=1)[1], WEIGHTS)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.02, 0.04, "not found"),
        (0.02, 0.12, "open"),
        (0.11, 0.25, "found"),
        (0.21, 0.3, "exceeded"),
        (0.1, 0.2, "found"),
    ],
)
def test_the_verdict_is_where_the_interval_lies(low: float, high: float, verdict: str) -> None:
    found = Gain(
        before=0.5,
        after=0.5,
        low=low / 2,
        high=high / 2,
        relative=(low + high) / 2,
        relative_low=low,
        relative_high=high,
        by_seed=(),
    )
    assert Expected(0.1, 0.2).verdict(found) == verdict


def test_an_expected_gain_runs_upwards() -> None:
    with pytest.raises(ValueError, match=r"from low to high, got 0.2, 0.1"):
        Expected(0.2, 0.1)
