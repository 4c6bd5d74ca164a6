import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoray.metrics.cuts import checked_cuts, cuts_of, decide, probabilities, thresholds_of

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
