import numpy as np
import pytest

from emoray.quant.activation_range import choose_range
from emoray.quant.observe import Observer
from emoray.quant.ranges import BestOf, LeastError, MinMax, Percentile


def observed(values: np.ndarray) -> Observer:
    observer = Observer()
    observer.watch(values.astype(np.float32))
    return observer


def test_the_range_is_the_one_that_static_activations_get() -> None:
    observer = observed(np.random.default_rng(0).standard_t(3, size=5000))
    for symmetric in (True, False):
        found = choose_range(observer, symmetric=symmetric)
        assert (found.alpha, found.beta) == observer.range(BestOf(), symmetric=symmetric)


def test_outliers_that_carry_the_energy_are_kept() -> None:
    values = np.random.default_rng(0).normal(size=5000)
    values[:100] *= 300
    found = choose_range(observed(values))
    assert found.beta == pytest.approx(values.max(), rel=0.1)


def test_a_stray_value_is_clipped_where_that_lowers_the_error() -> None:
    values = np.random.default_rng(0).normal(size=5000)
    values[0] = 20
    found = choose_range(observed(values), bits=4)
    assert found.beta < 10
    plain = choose_range(observed(values), BestOf((MinMax(),)), bits=4)
    assert found.error < plain.error


def test_clipping_must_earn_its_keep() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, size=5000)
    assert choose_range(observed(values)).ranges == MinMax()


def test_the_reason_tells_every_candidate() -> None:
    best = BestOf((MinMax(), Percentile(99), LeastError()))
    found = choose_range(observed(np.random.default_rng(0).normal(size=5000)), best)
    assert found.reason.startswith("kurtosis ")
    assert all(str(candidate) in found.reason for candidate in best.candidates)


def test_an_activation_of_zeros_errs_nothing() -> None:
    found = choose_range(observed(np.zeros(50)))
    assert (found.alpha, found.beta, found.error) == (0, 0, 0)
