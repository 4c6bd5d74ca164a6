import numpy as np
import pytest

from emoray.decide.thresholds import PerLabel
from emoray.metrics.bootstrap import stratified_weights
from emoray.metrics.change import (
    MARGIN,
    VERDICTS,
    Change,
    are_equivalent,
    margin_of,
    verdict_of,
    verdicts,
)
from emoray.metrics.comparison import compare_decisions
from emoray.metrics.resampled import LESS_IS_BETTER, MEASURES, resampled
from tests.metrics.made import made

TEXTS, K = 80, 4
LOGITS, TRUTH = made(TEXTS, K, seed=3)
WEIGHTS = stratified_weights(TRUTH, resamples=40, seed=1)
CUTS = np.vstack([np.zeros(K), np.full(K, -1.0)])
TEMPERATURES = np.array([1.0, 1.7])


def of(value: float, reach: float, narrow: float | None = None) -> Change:
    """A change with its intervals, which reach so far to either side."""
    inner = reach if narrow is None else narrow
    return Change(
        before=0.5,
        after=0.5 + value,
        low=value - reach,
        high=value + reach,
        equivalence_low=value - inner,
        equivalence_high=value + inner,
    )


def test_every_measure_changes_by_the_difference_resample_by_resample() -> None:
    found = resampled((LOGITS, CUTS), TRUTH, WEIGHTS, temperature_R=TEMPERATURES)
    told = compare_decisions(found.rows([0]), found.rows([1]))
    assert tuple(told.changes) == MEASURES
    for measure, change in told.changes.items():
        was, now = found.value(measure)
        drawn_2B = found.deviation(measure).astype(np.float64)
        stray_B = np.abs(drawn_2B[1] - drawn_2B[0])
        for level, ends in ((95, (change.low, change.high)), (90, _narrow(change))):
            reach = np.percentile(stray_B, level)
            assert ends == pytest.approx((now - was - reach, now - was + reach), abs=1e-6), measure


def _narrow(change: Change) -> tuple[float, float]:
    return change.equivalence_low, change.equivalence_high


def test_pairing_makes_the_interval_narrower_than_its_parts() -> None:
    close = resampled((LOGITS, CUTS + np.array([[0], [0.95]])), TRUTH, WEIGHTS)
    change = compare_decisions(close.rows([0]), close.rows([1])).macro_f1
    low_R, high_R = close.interval("macro_f1")
    assert change.high - change.low < 0.5 * (high_R - low_R)[0]


def test_a_temperature_moves_probabilities_and_no_threshold_fitted_per_label() -> None:
    cuts_RK = np.vstack([PerLabel().cuts(LOGITS, TRUTH), PerLabel().cuts(LOGITS, TRUTH, 1.7)])
    found = resampled((LOGITS, cuts_RK), TRUTH, WEIGHTS, temperature_R=TEMPERATURES)
    told = compare_decisions(found.rows([0]), found.rows([1]))
    for measure, change in told.changes.items():
        assert (change.value == 0) == (measure not in LESS_IS_BETTER)
        assert (verdict_of(measure, change) == "equivalent") == (change.value == 0)


def test_a_verdict_is_better_or_worse_where_the_interval_leaves_out_nothing() -> None:
    for measure in MEASURES:
        up, down = verdict_of(measure, of(0.1, 0.05)), verdict_of(measure, of(-0.1, 0.05))
        assert {up, down} == {"better", "worse"}
        assert (up == "worse") == (measure in LESS_IS_BETTER)
        assert verdict_of(measure, of(0.1, 0.2)) == "undecided" and of(0.1, 0.2).includes_zero
        assert not of(0.1, 0.05).includes_zero


@pytest.mark.parametrize(
    ("value", "narrow", "inside"), [(0.0, 0.004, True), (-0.003, 0.003, False), (0.004, 0.0, True)]
)
def test_equivalence_is_the_whole_90_percent_interval_within_the_margin(
    value: float, narrow: float, inside: bool
) -> None:
    change = of(value, 2 * narrow, narrow)
    assert change.equivalent(0.005) is inside
    assert (change.verdict(0.005) == "equivalent") is inside


def test_what_lies_within_the_margin_is_equivalent_though_it_surely_differs() -> None:
    assert of(0.004, 0.0005).verdict(MARGIN) == "equivalent"
    assert of(0.004, 0.0005).verdict(0.001) == "better"


def test_calibration_has_no_margin_so_only_no_change_at_all_is_equivalent() -> None:
    for measure in MEASURES:
        assert margin_of(measure) == (None if measure in LESS_IS_BETTER else MARGIN)
        assert verdict_of(measure, of(0.0, 0.0)) == "equivalent"
    assert verdict_of("ece", of(0.0, 1e-6)) == "undecided"


def test_many_pairs_have_the_verdicts_of_each() -> None:
    changes = [of(v, r) for v in (-0.02, -0.001, 0.0, 0.003, 0.05) for r in (0.0, 0.001, 0.03)]
    low_R, high_R = (np.array([getattr(c, end) for c in changes]) for end in ("low", "high"))
    narrow = np.array([_narrow(c) for c in changes]).T
    for margin in (None, MARGIN):
        found = verdicts(low_R, high_R, are_equivalent(*narrow, margin))
        assert found.tolist() == [change.verdict(margin) for change in changes]
        assert set(found) <= set(VERDICTS)


@pytest.mark.parametrize("margin", [0.0, -0.1, 1.0, 5.0])
def test_a_margin_that_is_no_share_of_f1_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match=r"margin of equivalence lies in \(0, 1\), got"):
        margin_of("macro_f1", margin)
