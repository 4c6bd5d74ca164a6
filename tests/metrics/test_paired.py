import numpy as np
import pytest

from emoray.decide.thresholds import PerLabel
from emoray.metrics.calibration import brier, ece, nll
from emoray.metrics.cuts import decide, probabilities
from emoray.metrics.intervals import resample_weights
from emoray.metrics.paired import MEASURES, Change, Judged, change, interval, judge
from emoray.metrics.ranking import f1_of
from tests.metrics.made import made

TEXTS, LABELS = 80, 4
LOGITS, TRUTH = made(TEXTS, LABELS, seed=3)
WEIGHTS = resample_weights(TEXTS, resamples=40, seed=1)
CUTS = np.vstack([np.zeros(LABELS), np.full(LABELS, -1.0)])
TEMPERATURES = np.array([1.0, 1.7])


def judged() -> Judged:
    return judge(LOGITS, TRUTH, CUTS, TEMPERATURES, WEIGHTS)


def test_every_measure_of_a_resample_is_that_of_its_texts_repeated() -> None:
    found = judged()
    for b, weights_N in enumerate(WEIGHTS[:8]):
        drawn = np.repeat(np.arange(TEXTS), weights_N.astype(int))
        logits_NK, labels_NK = LOGITS[drawn], TRUTH[drawn]
        for r, temperature in enumerate(TEMPERATURES):
            probs_NK = probabilities(logits_NK, temperature)
            decided = decide(logits_NK, CUTS[r])
            micro = f1_of((decided & (labels_NK == 1)).sum(), decided.sum(), labels_NK.sum())
            wanted = {
                "micro_f1": float(micro),
                "ece": ece(probs_NK, labels_NK),
                "brier": brier(probs_NK, labels_NK),
                "nll": nll(logits_NK, labels_NK, temperature),
            }
            for measure, value in wanted.items():
                assert found.resampled_RB[measure][r, b] == pytest.approx(value, abs=1e-6), measure


def test_drawing_every_text_once_gives_the_plain_values() -> None:
    once = judge(LOGITS, TRUTH, CUTS, TEMPERATURES, np.ones((1, TEXTS)))
    for measure in MEASURES:
        assert once.resampled_RB[measure][:, 0] == pytest.approx(once.value_R[measure], abs=1e-6)


def test_the_interval_of_a_change_is_of_paired_differences() -> None:
    found = judged()
    for measure in MEASURES:
        told = change(measure, (found, 0), (found, 1), level=0.9)
        differences = found.resampled_RB[measure][1] - found.resampled_RB[measure][0]
        assert (told.low, told.high) == pytest.approx(tuple(np.percentile(differences, [5, 95])))
        assert told.value == pytest.approx(found.value_R[measure][1] - found.value_R[measure][0])


def test_pairing_makes_the_interval_narrower_than_its_parts() -> None:
    close = judge(LOGITS, TRUTH, CUTS + np.array([[0], [0.95]]), np.ones(2), WEIGHTS)
    told = change("macro_f1", (close, 0), (close, 1))
    low, high = interval(close, 0, "macro_f1")
    assert told.high - told.low < 0.5 * (high - low)


def test_a_decision_beside_itself_has_not_changed() -> None:
    found = judged()
    for measure in MEASURES:
        same = change(measure, (found, 0), (found, 0))
        assert same.value == same.low == same.high == 0 and same.is_luck


def test_a_temperature_moves_probabilities_and_no_threshold_fitted_per_label() -> None:
    cuts_K = PerLabel().cuts(LOGITS, TRUTH)
    warm_K = PerLabel().cuts(LOGITS, TRUTH, temperature=1.7)
    found = judge(LOGITS, TRUTH, np.vstack([cuts_K, warm_K]), TEMPERATURES, WEIGHTS)
    for measure in ("macro_f1", "micro_f1"):
        assert change(measure, (found, 0), (found, 1)).value == 0
    for measure in ("ece", "brier", "nll"):
        assert change(measure, (found, 0), (found, 1)).value != 0


def test_two_models_on_the_same_texts_are_compared_in_pairs() -> None:
    other = judge(LOGITS[:, ::-1], TRUTH, CUTS, TEMPERATURES, WEIGHTS)
    told = change("macro_f1", (judged(), 0), (other, 0))
    assert told.value < 0 and told.high < 0 and not told.is_luck


@pytest.mark.parametrize(("low", "high", "inside"), [(-0.004, 0.004, True), (-0.006, 0.0, False)])
def test_equivalence_is_the_whole_interval_within_the_margin(
    low: float, high: float, inside: bool
) -> None:
    assert Change(before=0.5, after=0.5, low=low, high=high).within(0.005) is inside


def test_a_margin_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="margin of equivalence is above 0, got 0"):
        Change(before=0.5, after=0.5, low=0.0, high=0.0).within(0)


def test_what_cannot_be_paired_is_refused() -> None:
    found = judged()
    with pytest.raises(ValueError, match=r"measure is one of macro_f1, .*, got 'accuracy'"):
        change("accuracy", (found, 0), (found, 1))
    with pytest.raises(ValueError, match=r"level is a share in \(0, 1\), got 95"):
        change("ece", (found, 0), (found, 1), level=95)
    fewer = judge(LOGITS, TRUTH, CUTS, TEMPERATURES, WEIGHTS[:7])
    with pytest.raises(ValueError, match="share their resamples, got 40 and 7"):
        change("ece", (found, 0), (fewer, 1))
    with pytest.raises(ValueError, match="got 2 rows and 1 temperatures"):
        judge(LOGITS, TRUTH, CUTS, np.ones(1), WEIGHTS)
    with pytest.raises(ValueError, match=r"temperature must be finite and above 0, got 0"):
        judge(LOGITS, TRUTH, CUTS, np.zeros(2), WEIGHTS)
