import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from emoray.decide.temperature import HIGHEST, LOWEST, fit_temperature
from emoray.metrics.calibration import nll
from tests.metrics.made import Decisions


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


@pytest.mark.parametrize("value", [0, 1])
def test_labels_that_are_all_alike_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match=f"got 6 that are all {value}: calibrate on a split"):
        fit_temperature(np.zeros((3, 2)), np.full((3, 2), value))
