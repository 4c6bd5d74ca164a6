import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from emoray.metrics.cuts import (
    checked_cuts,
    cuts_of,
    decide,
    log_odds,
    probabilities,
    thresholds_of,
)
from tests.metrics.made import margins

TEMPERATURES = st.floats(0.05, 20)


@given(st.floats(0.001, 0.999), TEMPERATURES)
def test_a_threshold_survives_the_way_to_a_cut_and_back(threshold: float, t: float) -> None:
    assert thresholds_of(cuts_of(threshold, t), t) == pytest.approx(threshold)


@given(st.floats(-30, 30), st.floats(0.01, 0.99), TEMPERATURES)
def test_a_cut_decides_as_its_threshold_does(score: float, threshold: float, t: float) -> None:
    probability = probabilities(np.array([[score]]), t)
    if abs(probability.item() - threshold) > 1e-9:
        by_cut = decide(np.array([[score]]), cuts_of(np.array([threshold]), t))
        assert by_cut.item() == (probability.item() >= threshold)


def test_a_score_at_its_cut_gets_the_label() -> None:
    logits = np.array([[0.0, -0.1]], dtype=np.float32)
    assert decide(logits, cuts_of(np.full(2, 0.5), 3.0)).tolist() == [[True, False]]


def test_thresholds_0_and_1_are_always_and_never() -> None:
    assert cuts_of([0, 1], 2.0).tolist() == [-np.inf, np.inf]
    assert thresholds_of([-np.inf, np.inf], 2.0).tolist() == [0, 1]


def test_probabilities_keep_the_float_type() -> None:
    assert probabilities(np.zeros((1, 1), dtype=np.float32), 2.0).dtype == np.float32


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("labels", [2, 3, 28])
def test_margins_give_softmax_and_a_cut_of_0_the_most_probable_label(
    labels: int, temperature: float
) -> None:
    logits_NK = np.random.default_rng(labels).normal(scale=4, size=(500, labels))
    expected_NK = softmax(logits_NK / temperature, axis=1)
    margins_NK = margins(logits_NK)
    found_NK = probabilities(margins_NK, temperature, softmax=True)
    np.testing.assert_allclose(found_NK, expected_NK, rtol=1e-12)
    decided_NK = decide(margins_NK, cuts_of(np.full(labels, 0.5), temperature))
    assert (decided_NK.sum(axis=1) == 1).all()
    assert (decided_NK.argmax(axis=1) == logits_NK.argmax(axis=1)).all()
    odds_NK, scaled_NK = log_odds(margins_NK, temperature, softmax=True), logits_NK / temperature
    for k in range(labels):
        others_N = logsumexp(np.delete(scaled_NK, k, axis=1), axis=1)
        np.testing.assert_allclose(odds_NK[:, k], scaled_NK[:, k] - others_N, rtol=1e-9, atol=1e-9)


def test_a_sure_softmax_keeps_finite_odds() -> None:
    found_NK = log_odds(margins(np.array([[0.0, 2000.0, -2000.0]])), 1.0, softmax=True)
    assert np.isfinite(found_NK).all() and found_NK.argmax() == 1
    margins_NK = margins(np.array([[0.0, 2000.0, -2000.0]], np.float32))
    found_NK = probabilities(margins_NK, 1.0, softmax=True)
    assert found_NK.dtype == np.float32 and found_NK.tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, np.nan])
def test_a_temperature_that_cannot_divide_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be finite and above 0, got"):
        cuts_of(0.5, temperature)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, np.nan])
def test_a_threshold_that_is_no_probability_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"thresholds must lie in \[0, 1\], got"):
        cuts_of(threshold)


@pytest.mark.parametrize("shape", [(2,), (2, 4)])
def test_cuts_for_other_labels_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="cuts must be rows x 3 labels, got shape"):
        checked_cuts(np.zeros(shape), 3)


def test_a_cut_that_is_no_number_is_refused_with_its_place() -> None:
    cuts = np.array([[0.0, np.inf], [np.nan, 0.0]])
    with pytest.raises(ValueError, match="got nan at row 1, label 0: inf means never"):
        checked_cuts(cuts, 2)
