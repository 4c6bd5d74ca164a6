import numpy as np
import pytest

from emoray.quant.least_error import squared_error
from emoray.quant.ranges import BestOf, Entropy, LeastError, MinMax, Percentile, Ranges

RANGES = [MinMax(), Percentile(99), Percentile(99.9), Percentile(100), LeastError(), Entropy()]


@pytest.fixture
def slices_SM() -> np.ndarray:
    random = np.random.default_rng(0)
    shifts = np.array([0.0, 1.0, -5.0, 20.0, 0.0])[:, None]
    return (random.standard_t(4, (5, 2000)) + shifts).astype(np.float32)


@pytest.mark.parametrize("ranges", RANGES, ids=str)
@pytest.mark.parametrize("symmetric", [True, False])
def test_every_range_holds_zero_and_nothing_beyond_the_values(
    ranges: Ranges, symmetric: bool, slices_SM: np.ndarray
) -> None:
    alpha_S, beta_S = ranges.of(slices_SM, symmetric, 4)
    widest_alpha_S, widest_beta_S = MinMax().of(slices_SM, symmetric, 4)
    assert alpha_S.shape == beta_S.shape == (5,)
    assert alpha_S.dtype == beta_S.dtype == np.float64
    assert (widest_alpha_S <= alpha_S).all() and (alpha_S <= 0).all()
    assert (beta_S <= widest_beta_S).all() and (beta_S >= 0).all()
    assert (beta_S > alpha_S).all()
    if symmetric:
        np.testing.assert_array_equal(alpha_S, -beta_S)


@pytest.mark.parametrize("ranges", RANGES, ids=str)
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_slice_of_zeros_beside_others_keeps_the_empty_range(
    ranges: Ranges, symmetric: bool, slices_SM: np.ndarray
) -> None:
    alone = ranges.of(slices_SM, symmetric, 4)
    slices_SM = np.concatenate([slices_SM, np.zeros((1, 2000), np.float32)])
    alpha_S, beta_S = ranges.of(slices_SM, symmetric, 4)
    assert alpha_S[-1] == beta_S[-1] == 0
    np.testing.assert_array_equal(alpha_S[:-1], alone[0])
    np.testing.assert_array_equal(beta_S[:-1], alone[1])


@pytest.mark.parametrize("p", [75, 99, 99.5, 99.9, 100])
def test_a_symmetric_percentile_is_numpys_of_the_magnitudes(
    p: float, slices_SM: np.ndarray
) -> None:
    _, beta_S = Percentile(p).of(slices_SM, True, 8)
    for row, beta in zip(slices_SM, beta_S, strict=True):
        assert beta == pytest.approx(np.percentile(np.abs(row), p), rel=1e-6)


@pytest.mark.parametrize("p", [75, 99, 99.5, 99.9, 100])
def test_an_affine_percentile_cuts_both_tails_and_keeps_zero(
    p: float, slices_SM: np.ndarray
) -> None:
    alpha_S, beta_S = Percentile(p).of(slices_SM, False, 8)
    for row, alpha, beta in zip(slices_SM, alpha_S, beta_S, strict=True):
        assert alpha == pytest.approx(min(np.percentile(row, 100 - p), 0), rel=1e-6)
        assert beta == pytest.approx(max(np.percentile(row, p), 0), rel=1e-6)


@pytest.mark.parametrize("symmetric", [True, False])
def test_a_percentile_that_would_lose_a_sparse_slice_falls_back_to_min_max(
    symmetric: bool,
) -> None:
    sparse_SM = np.zeros((1, 1000), np.float32)
    sparse_SM[0, :3] = [2.0, -1.0, 0.5]
    assert Percentile(99).of(sparse_SM, symmetric, 8) == MinMax().of(sparse_SM, symmetric, 8)


@pytest.mark.parametrize("p", [50, 12, 100.1, float("nan")])
def test_a_percentile_outside_50_to_100_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match=r"a clip percentile lies in \(50, 100\], got"):
        Percentile(p)


def test_ranges_print_as_short_names() -> None:
    assert [str(r) for r in RANGES] == ["minmax", "p99", "p99.9", "p100", "mse", "entropy"]


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_best_range_errs_at_most_five_percent_more_than_any(symmetric: bool, bits: int) -> None:
    values_SM = np.random.default_rng(0).standard_t(3, size=(6, 2000)).astype(np.float32)
    best = BestOf()
    found_S = squared_error(values_SM, *best.of(values_SM, symmetric, bits), bits, symmetric)
    for candidate in best.candidates:
        ends = candidate.of(values_SM, symmetric, bits)
        assert (found_S <= 1.05 * squared_error(values_SM, *ends, bits, symmetric) + 1e-6).all()


def test_the_best_range_prints_its_candidates_unless_they_are_the_usual() -> None:
    assert str(BestOf()) == "best"
    assert str(BestOf((MinMax(), Percentile(99)))) == "best(minmax,p99)"


def test_the_best_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"candidates is a tuple of ranges, got \(\): name at"):
        BestOf(())
    with pytest.raises(ValueError, match="candidates are MinMax, Percentile, LeastError or Ent"):
        BestOf(("minmax",))  # type: ignore[arg-type]
