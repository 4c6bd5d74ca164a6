import numpy as np
import pytest

from emoray.quant.least_error import least_error_range, squared_error

DRAWS = {
    "gaussian": lambda random: random.normal(size=(4, 800)),
    "heavy tails": lambda random: random.standard_t(3, size=(4, 800)),
    "one-sided": lambda random: np.maximum(random.normal(size=(4, 800)), 0),
    "skewed": lambda random: random.exponential(size=(4, 800)) - 0.3,
    "few values": lambda random: random.normal(size=(50, 3)),
}


@pytest.fixture(params=DRAWS, ids=str)
def slices_SM(request: pytest.FixtureRequest) -> np.ndarray:
    return DRAWS[request.param](np.random.default_rng(0)).astype(np.float32)


def ends(slices_SM: np.ndarray, symmetric: bool) -> tuple[np.ndarray, np.ndarray]:
    """Min/max around zero, by the definition."""
    if symmetric:
        beta_S = np.abs(slices_SM).max(axis=1)
        return -beta_S, beta_S
    return np.minimum(slices_SM.min(axis=1), 0), np.maximum(slices_SM.max(axis=1), 0)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_no_slice_errs_more_than_with_min_max(
    slices_SM: np.ndarray, symmetric: bool, bits: int
) -> None:
    found_S = squared_error(
        slices_SM, *least_error_range(slices_SM, bits, symmetric), bits, symmetric
    )
    plain_S = squared_error(slices_SM, *ends(slices_SM, symmetric), bits, symmetric)
    assert (found_S <= plain_S * (1 + 1e-6)).all()


@pytest.mark.parametrize("bits, slack", [(2, 1.02), (4, 1.02), (8, 1.15)])
def test_the_symmetric_range_is_close_to_the_best_of_five_hundred(
    slices_SM: np.ndarray, bits: int, slack: float
) -> None:
    alpha_S, beta_S = ends(slices_SM, True)
    tried = (
        squared_error(slices_SM, ratio * alpha_S, ratio * beta_S, bits, True)
        for ratio in np.linspace(0.002, 1, 500)
    )
    found_S = squared_error(slices_SM, *least_error_range(slices_SM, bits, True), bits, True)
    assert found_S.sum() <= slack * np.min(list(tried), axis=0).sum()


@pytest.mark.parametrize("bits", [2, 4])
def test_the_affine_range_is_within_five_percent_of_the_best_pair_of_ends(
    slices_SM: np.ndarray, bits: int
) -> None:
    alpha_S, beta_S = ends(slices_SM, False)
    ratios = np.linspace(0, 1, 31)
    tried = (
        squared_error(slices_SM, low * alpha_S, high * beta_S, bits, False)
        for low in ratios
        for high in ratios[1:]
    )
    found_S = squared_error(slices_SM, *least_error_range(slices_SM, bits, False), bits, False)
    assert found_S.sum() <= 1.05 * np.min(list(tried), axis=0).sum()


def test_the_best_gaussian_range_is_the_textbook_one() -> None:
    """A Gaussian in 4 bits is best clipped near 2.5 deviations (Banner et al. 2019)."""
    values_1M = np.random.default_rng(0).normal(size=(1, 100_000)).astype(np.float32)
    _, beta_1 = least_error_range(values_1M, 4, True)
    assert 2.4 <= beta_1[0] <= 2.8


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_weighted_error_is_no_more_than_the_plain_range_gives(
    slices_SM: np.ndarray, symmetric: bool, bits: int
) -> None:
    weights_SM = np.random.default_rng(1).exponential(size=slices_SM.shape).astype(np.float32)
    roots_SM = np.sqrt(weights_SM)
    weighted_S, minmax_S = (
        squared_error(slices_SM, *found, bits, symmetric, roots_SM)
        for found in (
            least_error_range(slices_SM, bits, symmetric, weights_SM),
            ends(slices_SM, symmetric),
        )
    )
    assert (weighted_S <= minmax_S * (1 + 1e-6)).all()
    alike = least_error_range(slices_SM, bits, symmetric, np.ones_like(slices_SM))
    for side, plain in zip(alike, least_error_range(slices_SM, bits, symmetric), strict=True):
        np.testing.assert_array_equal(side, plain)


def test_a_value_without_weight_does_not_hold_the_range_open() -> None:
    values_1M = np.random.default_rng(0).uniform(-1, 1, size=(1, 500)).astype(np.float32)
    values_1M[0, 0] = 40
    weights_1M = np.ones_like(values_1M)
    weights_1M[0, 0] = 0
    _, beta_1 = least_error_range(values_1M, 4, True, weights_1M)
    assert 0.8 <= beta_1[0] <= 1.2
