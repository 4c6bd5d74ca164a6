import numpy as np
import pytest

from emoray.quant.levels import check_bits, code_range, scale_and_zero_point


@pytest.mark.parametrize(
    "bits, symmetric, expected",
    [
        (8, True, (-127, 127)),
        (8, False, (0, 255)),
        (2, True, (-1, 1)),
        (2, False, (0, 3)),
    ],
)
def test_codes_span_what_their_bits_allow(
    bits: int, symmetric: bool, expected: tuple[int, int]
) -> None:
    assert code_range(bits, symmetric) == expected


def test_an_empty_range_takes_unit_steps() -> None:
    scale, zero_point = scale_and_zero_point(np.zeros(2), np.zeros(2), 8, False)
    np.testing.assert_array_equal(scale, 1.0)
    np.testing.assert_array_equal(zero_point, 0)


def test_a_range_below_float32_keeps_a_normal_step() -> None:
    scale, _ = scale_and_zero_point(np.array(-1e-44), np.array(1e-44), 8, True)
    assert scale == np.finfo(np.float32).tiny


@pytest.mark.parametrize("bits", [1, 9, 0, 4.0, True])
def test_a_width_outside_2_to_8_is_refused(bits: int) -> None:
    with pytest.raises(ValueError, match=r"bits must be a whole number in 2\.\.8, got"):
        check_bits(bits)
