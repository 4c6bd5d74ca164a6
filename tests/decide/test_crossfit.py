import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.decide.crossfit import (
    cross_fitted_decisions,
    cross_fitted_macro_f1,
    cross_fitted_scores,
    folds_of,
)
from emoray.decide.thresholds import Fixed, OneForAll, PerLabel, Rule, cuts_many
from emoray.metrics.cuts import decide
from emoray.metrics.ranking import rank
from emoray.metrics.scores import score
from tests.metrics.made import Decisions, made

RULES = (Fixed(0.4), OneForAll(), PerLabel(), PerLabel(min_support=10))


def naive(rule: Rule, logits_NK: np.ndarray, labels_NK: np.ndarray, t: float, seed: int) -> float:
    """By its definition: fit on the others, decide on the held, pool, score once."""
    fold_N = folds_of(len(logits_NK), folds=5, seed=seed)
    decided_NK = np.zeros(labels_NK.shape, dtype=bool)
    for fold in range(5):
        held = fold_N == fold
        cuts_K = rule.fit(rank(logits_NK[~held], labels_NK[~held]), t)
        decided_NK[held] = decide(logits_NK[held], cuts_K)
    return float(f1_score(labels_NK, decided_NK, average="macro", zero_division=0))


@pytest.mark.parametrize("ties", [None, 3])
def test_many_decisions_score_as_each_by_the_definition(ties: int | None) -> None:
    sample = made(200, 7, seed=7, ties=ties)
    decisions = [(rule, t) for rule in RULES for t in (0.5, 1.0, 2.0)]
    together_D = cross_fitted_scores(decisions, *sample, seed=3).macro_f1_R
    for (rule, t), together in zip(decisions, together_D, strict=True):
        assert together == pytest.approx(naive(rule, *sample, t, seed=3))
        assert together == cross_fitted_macro_f1(rule, *sample, temperature=t, seed=3)


def test_a_fixed_threshold_scores_as_without_folds(tied: Decisions) -> None:
    plain = score(*tied, Fixed(0.3).cuts(*tied, 1.5)).macro_f1
    assert cross_fitted_macro_f1(Fixed(0.3), *tied, temperature=1.5) == pytest.approx(plain)


def test_free_thresholds_cannot_flatter_themselves() -> None:
    """On pure noise the score at fitted thresholds rises above what held-out texts confirm."""
    rng = np.random.default_rng(8)
    noise = rng.normal(size=(200, 20)), rng.random((200, 20)) < 0.05
    flattered = score(*noise, PerLabel().cuts(*noise)).macro_f1
    assert cross_fitted_macro_f1(PerLabel(), *noise) < flattered - 0.03


def test_three_positives_are_enough() -> None:
    """A fold may hold them all; the label then takes the common cut."""
    logits_NK, labels_NK = made(200, 4, seed=9)
    labels_NK[:, 0] = 0
    labels_NK[np.flatnonzero(folds_of(200) == 2)[:3], 0] = 1
    for rule in RULES:
        scores = cross_fitted_scores([(rule, 1.0)], logits_NK, labels_NK)
        assert scores.support_K[0] == 3
        assert np.isfinite(scores.macro_f1_R).all()


def test_folds_come_from_the_seed_alone_and_are_level() -> None:
    assert (folds_of(203, seed=4) == folds_of(203, seed=4)).all()
    assert (folds_of(203, seed=4) != folds_of(203, seed=5)).any()
    assert sorted(np.bincount(folds_of(203))) == [40, 40, 41, 41, 41]


@pytest.mark.parametrize("folds", [1, 7])
def test_a_number_of_folds_that_cannot_hold_out_is_refused(folds: int) -> None:
    with pytest.raises(ValueError, match=rf"folds must lie in 2\.\.6 .* got {folds}"):
        folds_of(6, folds=folds)


def test_no_decisions_are_refused(smooth: Decisions) -> None:
    for verb in (cross_fitted_scores, cuts_many):
        with pytest.raises(ValueError, match=r"at least one \(rule, temperature\), got none"):
            verb([], *smooth)


def test_a_label_that_never_occurs_is_refused(smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth
    labels_NK[:, 2] = 0
    with pytest.raises(ValueError, match="label 2 has none in 300 texts"):
        cross_fitted_macro_f1(PerLabel(), logits_NK, labels_NK)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_decisions_are_those_that_are_scored(rule: Rule) -> None:
    logits_NK, labels_NK = made(200, 5, seed=3)
    decided_NK = cross_fitted_decisions(rule, logits_NK, labels_NK, seed=2)
    scores = cross_fitted_scores([(rule, 1.0)], logits_NK, labels_NK, seed=2)
    np.testing.assert_array_equal(decided_NK.sum(0), scores.predicted_RK[0])
    np.testing.assert_array_equal((decided_NK & (labels_NK > 0)).sum(0), scores.tp_RK[0])
