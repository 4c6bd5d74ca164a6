import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emoray.metrics.bootstrap import stratified_weights
from emoray.metrics.calibration import brier, ece, nll
from emoray.metrics.cuts import probabilities
from emoray.metrics.resampled import F1S, MEASURES, Resampled, resampled
from tests.metrics.made import Decisions, made, margins

LOGITS, LABELS = made(90, 4, seed=8, ties=2)
LABELS[:, 0] = 0
LABELS[7, 0] = 1
WEIGHTS = stratified_weights(LABELS, resamples=12)
CUTS = np.vstack([np.full(4, c) for c in (-np.inf, -2, -1, -1, 0, np.inf)] + [LOGITS[3]])
DECIDED = LOGITS >= CUTS[:, None, :]
TEMPERATURES = np.array([1.0, 1.7, 0.5, 1.0, 2.0, 1.0, 1.7])
ROUNDED = {"rel": 6e-4, "abs": 1e-6}  # what float16 leaves of a deviation


def found(*, softmax: bool = False) -> Resampled:
    logits_NK = margins(LOGITS) if softmax else LOGITS
    temperatures = {"temperature_R": TEMPERATURES, "softmax": softmax}
    return resampled((logits_NK, CUTS), LABELS, WEIGHTS, **temperatures)


def deviations(drawn: Resampled, measure: str) -> np.ndarray:
    return drawn.deviation(measure).astype(np.float64)


def test_every_f1_of_a_resample_is_that_of_its_texts_repeated() -> None:
    drawn = found()
    labels_RKB = drawn.scores.f1_RK[:, :, None] + drawn.label_deviation()
    for b, weights_N in enumerate(WEIGHTS):
        texts = np.repeat(np.arange(90), weights_N.astype(int))
        for r, decided_NK in enumerate(DECIDED):
            pair = LABELS[texts], decided_NK[texts]
            wanted_K = f1_score(*pair, average=None, zero_division=0)
            assert labels_RKB[r, :, b] == pytest.approx(wanted_K, abs=1e-6)
            for measure in F1S:
                average = measure.removesuffix("_f1")
                wanted = f1_score(*pair, average=average, zero_division=0)
                plain = f1_score(LABELS, decided_NK, average=average, zero_division=0)
                deviation = deviations(drawn, measure)[r, b]
                assert deviation == pytest.approx(wanted - plain, **ROUNDED), measure


@pytest.mark.parametrize("softmax", [False, True], ids=["sigmoid", "softmax"])
def test_calibration_in_a_resample_is_that_of_its_texts_repeated(softmax: bool) -> None:
    drawn = found(softmax=softmax)
    for b, weights_N in enumerate(WEIGHTS):
        texts = np.repeat(np.arange(90), weights_N.astype(int))
        for r, temperature in enumerate(TEMPERATURES):
            logits_NK = drawn.decisions.logits_NK[texts]
            probs_NK = probabilities(logits_NK, temperature, softmax=softmax)
            wanted = {
                "ece": ece(probs_NK, LABELS[texts]),
                "brier": brier(probs_NK, LABELS[texts]),
                "nll": nll(logits_NK, LABELS[texts], temperature, softmax=softmax),
            }
            for measure, value in wanted.items():
                deviation = value - drawn.value(measure)[r]
                assert deviations(drawn, measure)[r, b] == pytest.approx(deviation, **ROUNDED)


def test_the_plain_scores_are_those_of_the_texts() -> None:
    drawn = found()
    for r, decided_NK in enumerate(DECIDED):
        for measure in F1S:
            average = measure.removesuffix("_f1")
            wanted = f1_score(LABELS, decided_NK, average=average, zero_division=0)
            assert drawn.value(measure)[r] == pytest.approx(wanted)
        assert drawn.right_RN[r].mean() == pytest.approx(accuracy_score(LABELS, decided_NK))
        assert (drawn.decided(r) == decided_NK).all()
        probs_NK = probabilities(LOGITS, TEMPERATURES[r])
        assert drawn.value("ece")[r] == ece(probs_NK, LABELS)
        assert drawn.value("nll")[r] == nll(LOGITS, LABELS, TEMPERATURES[r])


def test_drawing_every_text_once_strays_from_nothing(tied: Decisions) -> None:
    cuts_RK = np.random.default_rng(0).normal(-1, 1, (20, 6))
    once = resampled((tied[0], cuts_RK), tied[1], np.ones((1, 300)), temperature_R=np.full(20, 1.3))
    for measure in MEASURES:
        assert deviations(once, measure) == pytest.approx(0, abs=1e-6), measure
    assert once.label_deviation() == pytest.approx(0, abs=1e-6)


def test_decisions_say_the_same_as_the_logits_and_cuts_they_come_from() -> None:
    cut, bits = (resampled(made, LABELS, WEIGHTS) for made in ((LOGITS, CUTS), DECIDED))
    for measure in F1S:
        assert (cut.value(measure) == bits.value(measure)).all()
        assert (cut.deviation(measure) == bits.deviation(measure)).all()
    assert (cut.label_deviation() == bits.label_deviation()).all()
    assert (cut.right_RN == bits.right_RN).all() and (cut.packed_RP == bits.packed_RP).all()
    assert cut.measures == bits.measures == F1S, "without a temperature there are no probabilities"


def test_labels_and_means_are_the_same_whichever_is_asked_for_first() -> None:
    one, other = found(), found()
    other.label_deviation()
    for measure in F1S:
        assert (one.deviation(measure) == other.deviation(measure)).all()
    assert (one.label_deviation() == other.label_deviation()).all()


def test_an_interval_reaches_as_far_as_resamples_stray(smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth
    weights_BN = stratified_weights(labels_NK, resamples=200)
    cuts_RK = np.vstack([np.full(6, -1.0), np.full(6, 0.0)])
    drawn = resampled((logits_NK, cuts_RK), labels_NK, weights_BN, temperature_R=np.ones(2))
    for measure in MEASURES:
        low_R, high_R = drawn.interval(measure, level=0.9)
        reach_R = np.percentile(np.abs(deviations(drawn, measure)), 90, axis=1)
        value_R = drawn.value(measure)
        assert low_R == pytest.approx(np.maximum(value_R - reach_R, 0), abs=1e-6)
        assert high_R == pytest.approx(value_R + reach_R, abs=1e-6)


def test_no_interval_leaves_what_a_score_can_be() -> None:
    labels_NK = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    sure_NK = np.where(labels_NK, 5.0, -5.0)
    sure_NK[0] = -5
    weights_BN = stratified_weights(labels_NK, resamples=50)
    drawn = resampled((sure_NK, np.zeros((1, 2))), labels_NK, weights_BN, temperature_R=np.ones(1))
    for measure in MEASURES:
        (low,), (high,) = drawn.interval(measure)
        assert 0 <= low <= drawn.value(measure)[0] <= high
        assert high <= 1 or measure == "nll"


@pytest.mark.parametrize("rates", [(0.3, 0.2, 0.1), (0.5, 0.1, 0.02)])
def test_a_score_lies_in_95_percent_of_its_intervals(rates: tuple[float, ...]) -> None:
    rng = np.random.default_rng(3)
    labels_NK = rng.random((100_000, 3)) < rates
    logits_NK = 2.0 * labels_NK + rng.normal(size=labels_NK.shape) - 1.5
    cuts_1K = np.zeros((1, 3))
    true = resampled((logits_NK, cuts_1K), labels_NK, np.ones((1, 100_000))).value("macro_f1")[0]
    held = []
    for _ in range(200):
        some = rng.integers(100_000, size=500)
        weights_BN = stratified_weights(labels_NK[some], resamples=200)
        drawn = resampled((logits_NK[some], cuts_1K), labels_NK[some], weights_BN)
        (low,), (high,) = drawn.interval("macro_f1")
        held.append(low <= true <= high)
    assert 0.9 <= np.mean(held) <= 0.99


def test_rows_are_chosen_in_the_order_asked_for() -> None:
    drawn = found().measured()
    for some in (drawn.rows([4, 1, 4]), found().rows([4, 1, 4])):
        assert len(some) == 3
        for measure in MEASURES:
            assert (some.value(measure) == drawn.value(measure)[[4, 1, 4]]).all()
            assert (some.deviation(measure) == drawn.deviation(measure)[[4, 1, 4]]).all()
        assert (some.label_deviation() == drawn.label_deviation()[[4, 1, 4]]).all()
        assert (some.decided(1) == drawn.decided(1)).all()


def test_the_same_logits_cut_elsewhere_are_other_decisions_on_the_same_resamples() -> None:
    moved = found().at(CUTS[[2]] + 0.5)
    wanted = resampled((LOGITS, CUTS[[2]] + 0.5), LABELS, WEIGHTS)
    assert (moved.deviation("macro_f1") == wanted.deviation("macro_f1")).all()
    assert (moved.packed_RP == wanted.packed_RP).all()


def test_deviations_that_were_kept_are_not_drawn_again() -> None:
    kept = {measure: np.zeros((7, 12), np.float16) for measure in F1S}
    again = resampled((LOGITS, CUTS), LABELS, WEIGHTS, deviations=kept)
    assert again.deviation("macro_f1") is kept["macro_f1"]


def test_what_is_no_decision_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows x texts x labels .* got shape \(90, 4\)"):
        resampled(DECIDED[0], LABELS, WEIGHTS)
    with pytest.raises(ValueError, match=r"decisions must be 0 or 1, got -.*: pass \(logits_NK"):
        resampled(LOGITS[None], LABELS, WEIGHTS)
    with pytest.raises(ValueError, match="labels and decisions must have one shape"):
        resampled(DECIDED[:, :80], LABELS, WEIGHTS)


def test_what_is_no_weight_of_these_texts_is_refused() -> None:
    with pytest.raises(ValueError, match=r"resamples x 90 texts, got shape \(12, 80\)"):
        resampled(DECIDED, LABELS, WEIGHTS[:, :80])
    with pytest.raises(ValueError, match="at least 0, got -1"):
        resampled(DECIDED, LABELS, np.full((2, 90), -1))


def test_a_temperature_needs_logits_and_a_row_of_its_own() -> None:
    with pytest.raises(ValueError, match="got 7 rows and 1 temperatures: give logits, and one"):
        resampled((LOGITS, CUTS), LABELS, WEIGHTS, temperature_R=np.ones(1))
    with pytest.raises(ValueError, match="got 7 rows and 7 temperatures: give logits"):
        resampled(DECIDED, LABELS, WEIGHTS, temperature_R=np.ones(7))
    with pytest.raises(ValueError, match="temperature must be finite and above 0, got 0"):
        resampled((LOGITS, CUTS), LABELS, WEIGHTS, temperature_R=np.zeros(7))


def test_a_measure_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"measure is one of macro_f1, .*nll, got 'accuracy'"):
        found().value("accuracy")
    with pytest.raises(ValueError, match="measure is one of macro_f1, micro_f1, got 'ece'"):
        resampled(DECIDED, LABELS, WEIGHTS).deviation("ece")
    with pytest.raises(ValueError, match=r"level is a share in \(0, 1\), got 95"):
        found().interval("macro_f1", level=95)
