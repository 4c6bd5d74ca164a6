import numpy as np
import pytest

from emoray.quant.distribution import Distribution, distribution
from emoray.quant.granularity import PerChannel


def test_a_gaussian_has_no_outliers_and_no_kurtosis() -> None:
    found = distribution(np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32))
    assert abs(found.kurtosis) < 0.1
    assert found.outliers < 1e-5
    assert found.spread == 1.0


def test_planted_outliers_are_counted() -> None:
    values = np.random.default_rng(0).normal(size=10_000).astype(np.float32)
    values[:30] = 50
    found = distribution(values)
    assert found.outliers == pytest.approx(0.003)
    assert found.kurtosis > 100


def test_a_wide_channel_shows_in_the_spread() -> None:
    values = np.ones((16, 8), np.float32)
    values[:, 3] = -20
    values[:, 5] = 0  # a dead channel counts for nothing
    assert distribution(values, PerChannel(-1)).spread == pytest.approx(20)


@pytest.mark.parametrize("values", [np.zeros((4, 4)), np.eye(40)], ids=["zeros", "sparse"])
def test_values_that_are_mostly_one_value_have_finite_figures(values: np.ndarray) -> None:
    found = distribution(values.astype(np.float32), PerChannel(-1))
    assert np.isfinite([found.kurtosis, found.outliers, found.spread]).all()


def test_a_distribution_is_a_phrase() -> None:
    found = Distribution(kurtosis=41.2, outliers=0.0031, spread=12.0)
    assert str(found) == "kurtosis 41.2, 0.31 % beyond 6 sigma, ranges differ 12x"
    assert str(Distribution(kurtosis=0.5, outliers=0, spread=1)) == (
        "kurtosis 0.5, 0 % beyond 6 sigma"
    )
