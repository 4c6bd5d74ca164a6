"""Comparisons in pairs. Shapes: N texts, K labels, R rows, B resamples."""

import numpy as np
import pytest
from scipy.stats import binomtest

from emoray.metrics.bootstrap import stratified_weights
from emoray.metrics.comparison import compare_decisions, compare_rows, mcnemar_p
from emoray.metrics.label_change import compare_labels
from emoray.metrics.resampled import Resampled, resampled
from tests.metrics.made import made

LOGITS, LABELS = made(600, 5, seed=2)
WEIGHTS = stratified_weights(LABELS, resamples=400)
CUTS = np.vstack([np.full(5, -0.8), np.full(5, -0.7), np.full(5, 1.5)])


def drawn(logits_NK: np.ndarray = LOGITS, cuts_RK: np.ndarray = CUTS) -> Resampled:
    return resampled((logits_NK, cuts_RK), LABELS, WEIGHTS)


def test_a_decision_beside_itself_is_equivalent_and_nothing_changed() -> None:
    told = compare_decisions(drawn().rows([0]), drawn().rows([0]))
    assert told.verdict == "equivalent" and told.equivalent and told.mcnemar_p == 1
    assert told.macro_f1.value == told.macro_f1.low == told.macro_f1.high == 0
    assert told.decisions_changed == told.texts_lost == told.texts_won == 0
    assert told.words == "equivalent within ±0.5 points: not one decision differs"


def test_an_interval_reaches_as_far_as_resampled_changes_stray() -> None:
    found = drawn()
    told = compare_rows(found.rows([0, 1]), found.rows([1, 2]))
    for measure in ("macro_f1", "micro_f1"):
        drawn_RB = found.deviation(measure).astype(np.float64)
        change_R = np.diff(found.value(measure)[:3])
        stray_RB = np.abs(drawn_RB[[1, 2]] - drawn_RB[[0, 1]])
        reach_R = np.percentile(stray_RB, 95, axis=1)
        assert told[f"{measure}_low"] == pytest.approx(change_R - reach_R, abs=1e-6)
        assert told[f"{measure}_high"] == pytest.approx(change_R + reach_R, abs=1e-6)
        assert (told[f"{measure}_change"] == change_R).all()


def test_rows_say_the_same_as_pairs_one_by_one() -> None:
    found = drawn()
    told = compare_rows(found.rows([0, 0, 2]), found.rows([1, 2, 0]), margin=0.03)
    for r, (b, a) in enumerate([(0, 1), (0, 2), (2, 0)]):
        alone = compare_decisions(found.rows([b]), found.rows([a]), margin=0.03)
        assert alone.macro_f1.value == pytest.approx(told["macro_f1_change"][r], abs=1e-15)
        assert (alone.micro_f1.low, alone.micro_f1.high) == (
            told["micro_f1_low"][r],
            told["micro_f1_high"][r],
        )
        for name in ("verdict", "mcnemar_p", "texts_lost", "decisions_changed", "equivalent"):
            assert getattr(alone, name) == told[name][r], name


def test_flips_are_counted_by_text_and_by_label() -> None:
    found = drawn()
    before, after = found.rows([0]), found.rows([2])
    was_NK, now_NK = before.decided(0), after.decided(0)
    told = compare_decisions(before, after)
    right_NK = LABELS.astype(bool)
    was_N, now_N = (was_NK == right_NK).all(1), (now_NK == right_NK).all(1)
    assert told.texts_lost == (was_N & ~now_N).sum() and told.texts_won == (now_N & ~was_N).sum()
    assert told.decisions_changed == (was_NK != now_NK).sum()
    assert told.decisions == LABELS.size
    assert sum(label.churn for label in told.labels) == told.decisions_changed
    for k, label in enumerate(told.labels):
        lost_N = (was_NK[:, k] == right_NK[:, k]) & (now_NK[:, k] != right_NK[:, k])
        assert label.lost == lost_N.sum() and label.support == right_NK[:, k].sum()


def test_the_mean_over_labels_is_the_change_of_macro_f1() -> None:
    told = compare_decisions(drawn().rows([0]), drawn().rows([2]))
    assert np.mean([k.f1.value for k in told.labels]) == pytest.approx(told.macro_f1.value)
    assert all(k.f1.low <= k.f1.value <= k.f1.high for k in told.labels)


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (3, 3), (1, 9), (12, 2), (40, 60)])
def test_mcnemar_is_the_exact_binomial_test(lost: int, won: int) -> None:
    wanted = binomtest(lost, lost + won).pvalue if lost + won else 1.0
    assert mcnemar_p(np.array([lost]), np.array([won]))[0] == pytest.approx(wanted)


def test_a_clear_loss_is_worse_and_turned_round_better() -> None:
    found = drawn()
    lost, won = (
        compare_decisions(found.rows(p), found.rows(q)) for p, q in (([0], [2]), ([2], [0]))
    )
    assert lost.verdict == "worse" and won.verdict == "better"
    assert lost.words.startswith("worse: macro-F1 −") and won.words.startswith("better: macro-F1 +")


def test_what_lies_within_the_margin_is_equivalent_however_surely_it_differs() -> None:
    found = drawn()
    told = compare_decisions(found.rows([0]), found.rows([2]), margin=0.9)
    assert told.equivalent and told.verdict == "equivalent" and told.macro_f1.high < 0
    assert told.words.startswith("equivalent within ±90 points")
    assert told.words.endswith("the difference is real, and smaller than the margin")


def test_too_few_texts_leave_it_undecided() -> None:
    noise = np.random.default_rng(0).normal(scale=0.5, size=LOGITS.shape)
    told = compare_decisions(drawn().rows([0]), drawn(LOGITS + noise).rows([0]), margin=0.001)
    assert told.verdict == "undecided" and "within ±0.1 points is shown" in told.words


def test_a_model_that_loses_less_than_the_margin_is_not_inferior_whatever_it_gains() -> None:
    found = drawn()
    lost, won = (
        compare_decisions(found.rows(p), found.rows(q)) for p, q in (([0], [2]), ([2], [0]))
    )
    assert not lost.non_inferior and won.non_inferior and not won.equivalent
    assert compare_decisions(found.rows([0]), found.rows([0])).non_inferior


def test_labels_say_the_same_of_many_rows_as_of_one() -> None:
    found = drawn()
    columns = compare_labels(found.rows([0, 2]), found.rows([1, 0]))
    for r, (b, a) in enumerate([(0, 1), (2, 0)]):
        alone = compare_decisions(found.rows([b]), found.rows([a])).labels
        at = slice(5 * r, 5 * r + 5)
        assert columns["churn"][at].tolist() == [label.churn for label in alone]
        assert columns["low"][at] == pytest.approx([label.f1.low for label in alone], abs=1e-15)
        assert columns["f1_after"][at] == pytest.approx([label.f1.after for label in alone])


def test_what_makes_no_pair_is_refused() -> None:
    found = drawn()
    with pytest.raises(ValueError, match=r"got 3 and 1 rows: choose them with \.rows"):
        compare_rows(found, found.rows([0]))
    with pytest.raises(ValueError, match="one row is compared with one, got 3 rows"):
        compare_decisions(found, found)
    other = resampled((LOGITS, CUTS), LABELS, WEIGHTS[:50])
    with pytest.raises(ValueError, match=r"a pair shares its resamples, .* 400\) and \(600, 50"):
        compare_rows(found, other)
    moved = resampled((LOGITS, CUTS), LABELS[::-1], WEIGHTS)
    with pytest.raises(ValueError, match="a pair shares its labels"):
        compare_rows(found, moved)


RARE_K = np.array([0.37, 0.33, 0.14, 0.11, 0.06, 0.016, 0.003])  # of 2,000 texts six
EKMAN_K = np.array([726, 123, 98, 2104, 379, 677, 1787]) / 5427  # as GoEmotions' test has them


def world(rates_K: np.ndarray, texts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, how hard each decision is for every model, and resamples."""
    rng = np.random.default_rng(5)
    truth_NK = rng.random((texts, len(rates_K))) < rates_K
    hard_NK = rng.normal(scale=1.28, size=truth_NK.shape)
    return truth_NK, hard_NK, stratified_weights(truth_NK, resamples=500)


def models(count: int, truth_NK: np.ndarray, hard_NK: np.ndarray, signal: float) -> np.ndarray:
    """decided_RNK of models that are equal in law."""
    rng = np.random.default_rng([count, int(1000 * signal)])
    noise_RNK = rng.normal(scale=0.2, size=(count, *truth_NK.shape))
    cut_K = 1.7 - 0.25 * np.log(truth_NK.mean(axis=0))
    return np.asarray(signal * truth_NK + hard_NK + noise_RNK >= cut_K)


def test_of_200_pairs_of_equal_models_at_most_7_percent_are_called_different() -> None:
    truth_NK, hard_NK, weights_BN = world(RARE_K, 2000)
    both = resampled(models(400, truth_NK, hard_NK, 2.6), truth_NK, weights_BN)
    told = compare_rows(both.rows(np.arange(200)), both.rows(np.arange(200, 400)))
    assert (told["decisions_changed"] > 100).all()
    assert ((told["macro_f1_low"] > 0) | (told["macro_f1_high"] < 0)).mean() <= 0.07
    assert np.mean([verdict in ("better", "worse") for verdict in told["verdict"]]) <= 0.07
    assert (told["mcnemar_p"] < 0.05).mean() <= 0.07


def test_a_loss_of_two_points_is_found_in_80_percent_of_200_pairs() -> None:
    truth_NK, hard_NK, weights_BN = world(EKMAN_K, 5427)
    whole, weaker = (
        resampled(models(200, truth_NK, hard_NK, signal), truth_NK, weights_BN)
        for signal in (2.6, 2.505)
    )
    told = compare_rows(whole, weaker)
    assert told["macro_f1_change"].mean() == pytest.approx(-0.02, abs=0.001)
    assert np.mean([verdict == "worse" for verdict in told["verdict"]]) >= 0.8
