"""What has changed, window by window."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from emoray.monitoring.judging import Judge, Judged
from emoray.monitoring.margins import Margins
from emoray.monitoring.measures import EARNED_F1, MIX
from emoray.monitoring.sums import Edges, WindowSums
from tests.monitoring.made import LABELS, Made, made

NONE = Margins(relative=0, share=0, f1=0, distance=0, words=0)


def sums(found: Made, edges: Edges, *, labelled: bool = False) -> WindowSums:
    times = np.full(len(found.scored), np.nan)
    if not labelled:
        return WindowSums.of(found.scored, edges, times)
    every_N = np.ones(len(found.scored), bool)
    return WindowSums.of(found.scored, edges, times, found.labels_NK, every_N)


def judge_of(rng: np.random.Generator, texts: int, margins: Margins = NONE) -> tuple[Judge, Edges]:
    reference = made(rng, texts)
    edges = Edges.of([reference.scored])
    judge = Judge(label_names=LABELS, reference=sums(reference, edges), margins=margins)
    return judge, edges


def alarms(judge: Judge, judged: Sequence[Judged]) -> set[tuple[str, str]]:
    told_H = np.any([one.alarm_H for one in judged], axis=0)
    found = [judge.hypotheses[h] for h in np.flatnonzero(told_H)]
    return {(one.measure, one.label) for one in found}


def alarmed(months: int, windows: int, texts: int) -> int:
    """How many of so many months without drift raise an alarm, though no margin holds it back."""
    found = 0
    for seed in range(months):
        rng = np.random.default_rng(seed)
        judge, edges = judge_of(rng, 1500)
        month = [sums(made(rng, texts), edges, labelled=True) for _ in range(windows)]
        found += bool(alarms(judge, judge.judge(month)))
    return found


def test_a_few_weeks_without_drift_raise_no_alarm_even_without_margins() -> None:
    assert alarmed(4, 10, 40) == 0


@pytest.mark.long
@pytest.mark.parametrize("texts", [30, 200])
def test_months_without_drift_raise_few_alarms_even_without_margins(texts: int) -> None:
    assert alarmed(30, 30, texts) <= 1  # at 5 %


def gone(rng: np.random.Generator) -> Made:
    return made(rng, 500, shift_K=np.array([-6.0, 0, 0, 0]))


def strange_words(rng: np.random.Generator) -> Made:
    return made(rng, 500, unknown=0.1)


@pytest.mark.parametrize(
    ("drift", "told"),
    [(gone, ("positive_share", "joy")), (strange_words, ("unknown_share", ""))],
    ids=["a label gone", "unknown words"],
)
def test_a_late_drift_is_found_within_2000_texts_and_dated(
    drift: Callable[[np.random.Generator], Made], told: tuple[str, str]
) -> None:
    rng = np.random.default_rng(7)
    judge, edges = judge_of(rng, 3000, Margins())
    windows = [sums(made(rng, 500), edges) for _ in range(8)]
    windows += [sums(drift(rng), edges) for _ in range(4)]
    judged = judge.judge(windows)
    assert not alarms(judge, judged[:8])
    assert told in alarms(judge, judged[8:])
    h = [(one.measure, one.label) for one in judge.hypotheses].index(told)
    assert judged[-1].since_H[h] == 8


def test_what_comes_later_changes_no_verdict() -> None:
    rng = np.random.default_rng(8)
    judge, edges = judge_of(rng, 1000)
    windows = [sums(made(rng, 100), edges) for _ in range(6)]
    before, after = judge.judge(windows[:3]), judge.judge(windows)
    for early, late in zip(before, after, strict=False):
        np.testing.assert_array_equal(early.log10_e_H, late.log10_e_H)


def test_a_change_within_the_margin_is_no_alarm_however_many_texts_show_it() -> None:
    rng = np.random.default_rng(9)
    windows = []
    reference = made(rng, 40_000)
    edges = Edges.of([reference.scored])
    windows = [sums(made(rng, 20_000, shift_K=0.06), edges) for _ in range(2)]
    there = sums(reference, edges)
    wary = Judge(label_names=LABELS, reference=there, margins=NONE)
    usual = Judge(label_names=LABELS, reference=there, margins=Margins())
    assert alarms(wary, wary.judge(windows))
    assert not alarms(usual, usual.judge(windows))


def test_many_labels_that_change_a_little_show_in_their_mix() -> None:
    rng = np.random.default_rng(10)
    judge, edges = judge_of(rng, 5000, Margins())
    shift_K = np.array([0.3, -0.3, 0.3, -0.3])
    windows = [sums(made(rng, 1000, shift_K=shift_K), edges) for _ in range(3)]
    assert (MIX, "") in alarms(judge, judge.judge(windows))


def test_a_mix_is_seen_before_any_distribution_is_far_off() -> None:
    rng = np.random.default_rng(12)
    judge, edges = judge_of(rng, 20_000, Margins())
    shift_K = np.array([0.2, -0.2, 0.2, -0.16])
    windows = [sums(made(rng, 5000, shift_K=shift_K), edges) for _ in range(2)]
    judged = judge.judge(windows)
    mix = [one.measure for one in judge.hypotheses].index(MIX)
    assert Margins().mix < judged[-1].change_H[mix] < Margins().distance
    assert judged[-1].alarm_H[mix]


def test_a_label_that_means_something_else_is_seen_by_labels_alone() -> None:
    rng = np.random.default_rng(11)
    judge, edges = judge_of(rng, 4000, Margins())
    turned = []
    for _ in range(4):
        found = made(rng, 500)
        found.labels_NK[:, 0] = rng.permutation(found.labels_NK[:, 0])
        turned.append(found)
    blind = judge.judge([sums(one, edges) for one in turned])
    assert not alarms(judge, blind)
    labelled = [sums(one, edges, labelled=True) for one in turned]
    last = labelled[-1].labelled
    assert last is not None
    gap_K = last.expected.scores().f1_K - last.earned.scores().f1_K
    assert gap_K[0] > 0.2  # what was expected does not notice
    assert alarms(judge, judge.judge(labelled)) == {(EARNED_F1, "joy")}


def test_a_margin_is_a_share() -> None:
    with pytest.raises(ValueError, match=r"a margin lies in \[0, 1\), got --margin-f1 5"):
        Margins(f1=5)
