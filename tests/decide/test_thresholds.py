import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emoray.decide.thresholds import Fixed, OneForAll, PerLabel, Rule, cuts_many
from emoray.metrics.cuts import cuts_of, decide
from emoray.metrics.ranking import Ranking, rank
from tests.metrics.made import Decisions, made

RULES = (Fixed(0.3), OneForAll(), PerLabel(), PerLabel(min_support=20))


def macro_f1(logits_NK: np.ndarray, labels_NK: np.ndarray, cuts_K: np.ndarray) -> float:
    """By its definition, without a sort."""
    right_K = (decide(logits_NK, cuts_K) & (labels_NK == 1)).sum(axis=0)
    wrong_K = (decide(logits_NK, cuts_K) != (labels_NK == 1)).sum(axis=0)
    return float((2 * right_K / np.maximum(2 * right_K + wrong_K, 1)).mean())


@st.composite
def decisions(draw: st.DrawFn) -> Decisions:
    """Few distinct scores, so ties abound; every label has a positive."""
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 3)))
    logits_NK = draw(hnp.arrays(np.int8, shape, elements=st.integers(-3, 3))) / np.float32(3)
    labels_NK = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 1)))
    labels_NK[draw(st.integers(0, shape[0] - 1))] = 1
    return logits_NK, labels_NK


@settings(deadline=None, max_examples=60)
@given(decisions())
def test_no_score_of_any_label_is_a_better_cut(sample: Decisions) -> None:
    logits_NK, labels_NK = sample
    cuts_K = PerLabel().cuts(logits_NK, labels_NK)
    for k in range(logits_NK.shape[1]):
        one = logits_NK[:, [k]], labels_NK[:, [k]]
        best = max(macro_f1(*one, cut) for cut in np.unique(logits_NK[:, k]))
        assert macro_f1(*one, cuts_K[k]) == pytest.approx(best)


@settings(deadline=None, max_examples=60)
@given(decisions())
def test_no_score_of_any_text_is_a_better_common_cut(sample: Decisions) -> None:
    best = max(macro_f1(*sample, cut) for cut in np.unique(sample[0]))
    cuts_K = OneForAll().cuts(*sample)
    assert len(set(cuts_K)) == 1
    assert macro_f1(*sample, cuts_K) == pytest.approx(best)


@pytest.mark.parametrize("ties", [None, 50])
def test_pruning_loses_no_common_cut_among_thousands(ties: int | None) -> None:
    """More positives than the coarse grid has points, so that branch and bound has work."""
    logits_NK, labels_NK = made(2000, 8, seed=4, ties=ties)
    ranking = rank(logits_NK, labels_NK)
    assert len(np.unique(np.concatenate(ranking.positives))) > (256 if ties is None else 200)
    predicted_RK, tp_RK = ranking.common_counts(np.unique(logits_NK).astype(np.float64))
    best = (2 * tp_RK / (predicted_RK + ranking.support_K)).mean(axis=1).max()
    assert macro_f1(logits_NK, labels_NK, OneForAll().cuts(logits_NK, labels_NK)) == (
        pytest.approx(best)
    )


def test_own_cuts_serve_macro_f1_at_least_as_well_as_a_common_one(tied: Decisions) -> None:
    rules = PerLabel(), OneForAll(), Fixed(0.5)
    scores = [macro_f1(*tied, rule.cuts(*tied)) for rule in rules]
    assert scores == sorted(scores, reverse=True)


def test_equal_scores_fall_on_one_side() -> None:
    logits_NK = np.array([[2], [1], [1], [1], [0]], dtype=np.float32)
    cuts_K = PerLabel().cuts(logits_NK, np.array([[1], [1], [0], [1], [0]]))
    assert cuts_K == [0.5]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_temperature_moves_scores_and_cuts_alike(rule: Rule, smooth: Decisions) -> None:
    """At temperature T the rule decides on z as it does at 1 on z / T."""
    logits_NK, labels_NK = smooth
    halved_NK = logits_NK / np.float32(2)
    warm = decide(logits_NK, rule.cuts(logits_NK, labels_NK, 2.0))
    assert (warm == decide(halved_NK, rule.cuts(halved_NK, labels_NK))).all()


def test_many_decisions_cut_as_each_alone(tied: Decisions) -> None:
    many = [(rule, t) for rule in RULES for t in (0.5, 2.0)]
    for cuts_K, (rule, t) in zip(cuts_many(many, *tied), many, strict=True):
        assert (cuts_K == rule.cuts(*tied, t)).all()


def test_a_fixed_threshold_needs_no_positives() -> None:
    cuts_K = Fixed(0.2).cuts(np.zeros((3, 2)), np.zeros((3, 2)), temperature=2.0)
    assert cuts_K == pytest.approx(cuts_of([0.2, 0.2], 2.0))


def test_a_label_with_min_support_positives_goes_half_the_way(smooth: Decisions) -> None:
    support_K = smooth[1].sum(axis=0)
    own_K, common_K = PerLabel().cuts(*smooth), OneForAll().cuts(*smooth)
    drawn_K = PerLabel(min_support=int(support_K[2])).cuts(*smooth)
    assert drawn_K[2] == pytest.approx((own_K[2] + common_K[2]) / 2)
    frequent = support_K > support_K[2]
    assert (np.abs(drawn_K - own_K) < np.abs(drawn_K - common_K))[frequent].all()


def test_min_support_runs_from_own_cuts_to_the_common_one(smooth: Decisions) -> None:
    assert (PerLabel(min_support=0).cuts(*smooth) == PerLabel().cuts(*smooth)).all()
    assert PerLabel(min_support=10**12).cuts(*smooth) == pytest.approx(OneForAll().cuts(*smooth))


@pytest.mark.parametrize("rule", [PerLabel(), PerLabel(min_support=5)], ids=str)
def test_a_label_without_positives_takes_the_common_cut(rule: Rule, smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth
    labels_NK[:, 3] = 0
    ranking = rank(logits_NK, labels_NK)
    assert ranking.label_cuts_K[3] == np.inf
    cuts_K = rule.fit(ranking)
    assert np.isfinite(cuts_K).all()
    assert cuts_K[3] == ranking.common_cut


@pytest.mark.parametrize("rule", RULES[1:], ids=str)
def test_without_any_positive_nothing_is_ever_predicted(rule: Rule) -> None:
    ranking: Ranking = rank(np.zeros((4, 2)), np.zeros((4, 2)))
    assert rule.fit(ranking).tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("rule", RULES[1:], ids=str)
def test_fitting_a_label_that_never_occurs_is_refused(rule: Rule) -> None:
    labels_NK = np.array([[1, 0], [0, 0]])
    with pytest.raises(ValueError, match=r"needs a positive text .* label 1 has none in 2 texts"):
        rule.cuts(np.zeros((2, 2)), labels_NK)
    with pytest.raises(ValueError, match=r"needs a positive text .* label 1 has none in 2 texts"):
        cuts_many([(rule, 1.0)], np.zeros((2, 2)), labels_NK)


@pytest.mark.parametrize("value", [0.0, 1.0, 7.0, np.nan])
def test_a_fixed_threshold_outside_0_and_1_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"fixed threshold lies in \(0, 1\), got"):
        Fixed(value)


def test_a_negative_min_support_is_refused() -> None:
    with pytest.raises(ValueError, match=r"min_support counts positive texts .* got -1"):
        PerLabel(min_support=-1)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_temperature_of_zero_is_refused_by_every_rule(rule: Rule, smooth: Decisions) -> None:
    with pytest.raises(ValueError, match="temperature must be finite and above 0, got 0"):
        rule.cuts(*smooth, 0.0)
    with pytest.raises(ValueError, match="temperature must be finite and above 0, got 0"):
        cuts_many([(rule, 0.0)], *smooth)


def test_rules_are_short_in_a_table() -> None:
    assert [str(rule) for rule in (*RULES, Fixed())] == [
        "fixed0.3",
        "one",
        "per_label",
        "per_label_s20",
        "fixed0.5",
    ]
