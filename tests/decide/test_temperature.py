import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from emoray.decide.temperature import HIGHEST, LOWEST, fit_temperature
from emoray.metrics.calibration import nll
from tests.metrics.made import Decisions, margins


@pytest.mark.parametrize("factor", [3.0, 0.4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_planted_overconfidence_is_found(factor: float, dtype: type) -> None:
    rng = np.random.default_rng(0)
    honest_NK = rng.normal(scale=2.0, size=(4000, 5))
    labels_NK = rng.random(honest_NK.shape) < 1 / (1 + np.exp(-honest_NK))
    found = fit_temperature((factor * honest_NK).astype(dtype), labels_NK)
    assert found == pytest.approx(factor, rel=0.05)


def test_the_temperature_is_where_a_direct_search_finds_the_least_nll(smooth: Decisions) -> None:
    direct = minimize_scalar(lambda log_t: nll(*smooth, float(np.exp(log_t))), bounds=(-3, 3))
    assert fit_temperature(*smooth) == pytest.approx(np.exp(direct.x), rel=1e-3)


def test_scaling_logits_scales_the_temperature(smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth
    twice = fit_temperature(2 * logits_NK, labels_NK)
    assert twice == pytest.approx(2 * fit_temperature(logits_NK, labels_NK), rel=1e-4)


def test_perfect_logits_end_at_the_lower_bound_and_reversed_ones_at_the_upper() -> None:
    labels_NK = np.eye(4)
    logits_NK = 2 * labels_NK - 1
    assert fit_temperature(logits_NK, labels_NK) == LOWEST
    assert fit_temperature(-logits_NK, labels_NK) == HIGHEST


def test_overconfidence_of_one_label_a_text_is_found() -> None:
    rng = np.random.default_rng(0)
    honest_NK = rng.normal(scale=2.0, size=(6000, 5))
    probs_NK = softmax(honest_NK, axis=1)
    drawn_N = (probs_NK.cumsum(axis=1) < rng.random((len(honest_NK), 1))).sum(axis=1)
    margins_NK = margins(3.0 * honest_NK)
    found = fit_temperature(margins_NK, np.eye(5)[drawn_N], softmax=True)
    assert found == pytest.approx(3.0, rel=0.05)
    direct = minimize_scalar(
        lambda t: -log_softmax(3.0 * honest_NK / t, axis=1)[range(6000), drawn_N].mean(),
        bounds=(1, 9),
    )
    assert found == pytest.approx(direct.x, rel=1e-4)


def test_texts_of_several_labels_share_and_those_of_none_do_not_count() -> None:
    margins_NK = margins(np.random.default_rng(1).normal(scale=3, size=(400, 3)))
    labels_NK = np.eye(3)[np.arange(400) % 3]
    twice_NK, both_NK = np.repeat(margins_NK, 2, axis=0), np.repeat(labels_NK, 2, axis=0)
    both_NK[::2] = np.roll(labels_NK, 1, axis=1)
    shared_NK = labels_NK + np.roll(labels_NK, 1, axis=1)
    expected = fit_temperature(twice_NK, both_NK, softmax=True)
    assert fit_temperature(margins_NK, shared_NK, softmax=True) == pytest.approx(expected)
    none_NK = np.vstack([shared_NK, np.zeros((50, 3))])
    more_NK = np.vstack([margins_NK, margins_NK[:50]])
    assert fit_temperature(more_NK, none_NK, softmax=True) == pytest.approx(expected)


@pytest.mark.parametrize("value", [0, 1])
def test_labels_that_are_all_alike_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match=f"got 6 that are all {value}: calibrate on a split"):
        fit_temperature(np.zeros((3, 2)), np.full((3, 2), value))
