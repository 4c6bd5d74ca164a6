import numpy as np
import pytest

from emoray.quant.affine import affine_between, affine_for, quantize
from emoray.quant.granularity import PerChannel, PerGroup, PerTensor
from emoray.quant.ranges import LeastError
from emoray.quant.scheme import QuantScheme


def error_of(values: np.ndarray, scheme: QuantScheme) -> float:
    return float(np.square(quantize(values, scheme).dequantize() - values).mean())


def test_the_affine_map_is_the_one_of_the_definition() -> None:
    made = quantize(np.array([[-1.0, 0.0, 0.5, 2.0]]), QuantScheme(bits=2, symmetric=False))
    assert made.map.scale == 1.0  # (2 - -1) / 3
    assert made.map.zero_point == 1
    np.testing.assert_array_equal(made.codes, [[0, 1, 1, 3]])  # halves go to the even code
    np.testing.assert_array_equal(made.dequantize(), [[-1.0, 0.0, 0.0, 2.0]])


def test_symmetric_codes_leave_the_lowest_one_unused() -> None:
    made = quantize(np.array([[-1.0, -0.4, 1.0]]), QuantScheme(bits=8))
    np.testing.assert_array_equal(made.codes, [[-127, -51, 127]])


@pytest.mark.parametrize("ranges", [QuantScheme().ranges, LeastError()], ids=str)
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("grain", [PerTensor(), PerChannel(0), PerGroup(32)], ids=str)
def test_a_wider_code_never_errs_more(
    ranges: LeastError, symmetric: bool, grain: PerTensor
) -> None:
    values = np.random.default_rng(0).normal(size=(300, 40))
    errors = [
        error_of(values, QuantScheme(bits=b, symmetric=symmetric, grain=grain, ranges=ranges))
        for b in range(2, 9)
    ]
    assert errors == sorted(errors, reverse=True)


def test_a_finer_grain_errs_less_on_rows_of_different_size() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(64, 48)) * np.geomspace(0.01, 1, 64)[:, None]
    coarse, fine, finest = (
        error_of(values, QuantScheme(bits=4, grain=grain))
        for grain in (PerTensor(), PerChannel(0), PerGroup(16, -1))
    )
    assert coarse > 2 * fine > 2 * finest


def test_unsigned_codes_mean_the_same_values() -> None:
    values = np.random.default_rng(0).normal(size=(6, 5))
    for scheme in (QuantScheme(bits=3, grain=PerChannel(0)), QuantScheme(bits=8, symmetric=False)):
        made = quantize(values, scheme)
        codes, zero_point = made.unsigned()
        assert codes.dtype == zero_point.dtype == np.uint8
        assert codes.max() < 2**scheme.bits
        steps = codes.astype(np.float32) - made.map.spread(zero_point)
        np.testing.assert_array_equal(steps * made.map.spread(made.map.scale), made.dequantize())


def test_float64_and_integers_are_taken_as_float32() -> None:
    whole = np.array([[-3, 1, 3]])
    for values in (whole, whole.astype(np.float64), whole.astype(np.float16)):
        np.testing.assert_array_equal(quantize(values, QuantScheme(bits=3)).codes, whole)


def test_a_single_number_without_axes_comes_back() -> None:
    made = quantize(np.array(-2.5), QuantScheme(bits=2, symmetric=False))
    assert made.codes.shape == ()
    assert made.dequantize() == -2.5


def test_values_far_outside_a_small_range_are_clipped() -> None:
    chosen = affine_between(-1e-30, 1e-30)
    np.testing.assert_array_equal(chosen.quantize(np.array([-1e38, 1e38])), [0, 255])


def test_a_map_per_tensor_serves_any_shape_and_others_only_their_own() -> None:
    assert affine_between(0.0, 6.0).quantize(np.ones((2, 3, 4))).shape == (2, 3, 4)
    per_row = affine_for(np.ones((4, 3)), QuantScheme(grain=PerChannel(0)))
    with pytest.raises(ValueError, match=r"serves the shape it was made for, \(4, 3\), got \(2, 3"):
        per_row.quantize(np.ones((2, 3)))


@pytest.mark.parametrize("alpha, beta", [(0.5, 1.0), (-1.0, -0.5), (0.0, np.inf), (np.nan, 1.0)])
def test_a_range_without_zero_inside_is_refused(alpha: float, beta: float) -> None:
    with pytest.raises(ValueError, match="a clip range is finite and holds 0, got"):
        affine_between(alpha, beta)


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_an_empty_tensor_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"holds values, got shape \("):
        affine_for(np.empty(shape), QuantScheme())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(bad: float) -> None:
    values = np.array([[1.0, bad, 2.0]])
    with pytest.raises(ValueError, match="is finite in float32, got 1 NaN or Inf of 3 values"):
        affine_for(values, QuantScheme())
    with pytest.raises(ValueError, match="is finite in float32, got 1 NaN or Inf of 3 values"):
        affine_between(-1.0, 1.0).quantize(values)


def test_values_at_the_end_of_float32_are_refused() -> None:
    with pytest.raises(ValueError, match=r"within ±1e38, got 2e\+38: rescale it"):
        affine_for(np.array([-2e38]), QuantScheme())
    with pytest.raises(ValueError, match="is finite in float32, got 1 NaN or Inf of 1"):
        affine_for(np.array([-1e300]), QuantScheme())


def test_what_is_no_real_number_is_refused() -> None:
    with pytest.raises(ValueError, match="holds real numbers, got dtype complex128"):
        affine_for(np.array([1j]), QuantScheme())
