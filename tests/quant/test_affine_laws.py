"""Laws that the schemes of the catalogue keep on every finite tensor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from emoray.quant.affine import affine_for, quantize
from emoray.quant.levels import code_range
from emoray.quant.scheme import QuantScheme
from tests.quant.pairwise import TENSOR_SCHEMES

SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)
SIZES = st.sampled_from([1e-40, 1e-3, 1.0, 1e6, 1e36])


@st.composite
def tensors(draw: st.DrawFn) -> np.ndarray:
    """Finite float32 tensors (rows, columns) of many shapes and sizes, lopsided and sparse too."""
    shape = draw(SHAPES)
    if draw(st.booleans()):
        return draw(arrays(np.float32, shape, elements=st.floats(-(2.0**126), 2.0**126, width=32)))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    values = random.standard_t(3, shape).clip(-9, 9) + draw(st.sampled_from([0.0, 5.0, -20.0]))
    values[random.random(shape) < draw(st.sampled_from([0.0, 0.5]))] = 0.0
    return (values * draw(SIZES)).astype(np.float32)


every_scheme = pytest.mark.parametrize("scheme", TENSOR_SCHEMES, ids=str)
every_tensor = given(values=tensors())
few = settings(max_examples=3, deadline=None, derandomize=True)


@every_scheme
@few
@every_tensor
def test_quantizing_again_changes_nothing(scheme: QuantScheme, values: np.ndarray) -> None:
    first = quantize(values, scheme)
    again = first.map.quantize(first.dequantize())
    np.testing.assert_array_equal(again, first.codes)


@every_scheme
@few
@every_tensor
def test_rounding_moves_no_value_further_than_half_a_step(
    scheme: QuantScheme, values: np.ndarray
) -> None:
    made = quantize(values, scheme)
    alpha, beta = made.map.spread(made.map.alpha), made.map.spread(made.map.beta)
    error = np.abs(made.dequantize() - np.clip(values, alpha, beta))
    assert (error <= 0.5001 * made.map.spread(made.map.scale)).all()


@every_scheme
@few
@every_tensor
def test_codes_stay_within_their_bits(scheme: QuantScheme, values: np.ndarray) -> None:
    codes = quantize(values, scheme).codes
    low, high = code_range(scheme.bits, scheme.symmetric)
    assert codes.dtype == (np.int8 if scheme.symmetric else np.uint8)
    assert codes.shape == values.shape
    assert low <= codes.min() <= codes.max() <= high


@every_scheme
@few
@every_tensor
def test_zero_survives_exactly(scheme: QuantScheme, values: np.ndarray) -> None:
    chosen = affine_for(values, scheme)
    codes = chosen.quantize(np.zeros_like(values))
    zero_point = np.broadcast_to(chosen.spread(chosen.zero_point), values.shape)
    np.testing.assert_array_equal(codes, zero_point)
    np.testing.assert_array_equal(chosen.dequantize(codes), 0.0)


@every_scheme
@few
@every_tensor
def test_order_is_kept_within_a_slice(scheme: QuantScheme, values: np.ndarray) -> None:
    made = quantize(values, scheme)
    blocks = zip(scheme.grain.blocks(values), scheme.grain.blocks(made.dequantize()), strict=True)
    for values_SM, rebuilt_SM in blocks:
        order_SM = np.argsort(values_SM, axis=1)
        steps = np.diff(np.take_along_axis(rebuilt_SM, order_SM, axis=1), axis=1)
        assert (steps >= 0).all()


@pytest.mark.parametrize("scheme", [s for s in TENSOR_SCHEMES if s.symmetric], ids=str)
@few
@every_tensor
def test_symmetric_quantization_commutes_with_a_sign_flip(
    scheme: QuantScheme, values: np.ndarray
) -> None:
    made, flipped = quantize(values, scheme), quantize(-values, scheme)
    np.testing.assert_array_equal(made.map.scale, flipped.map.scale)
    np.testing.assert_array_equal(made.codes, -flipped.codes)


@every_scheme
def test_a_constant_tensor_comes_back(scheme: QuantScheme) -> None:
    for value in (0.0, 3.25, -0.1):
        for shape in ((1, 1), (40, 3)):
            values = np.full(shape, value, np.float32)
            np.testing.assert_allclose(quantize(values, scheme).dequantize(), values, rtol=1e-6)
