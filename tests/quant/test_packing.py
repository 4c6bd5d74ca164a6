import numpy as np
import pytest

from emoray.quant.affine import quantize
from emoray.quant.packing import pack, packed_length, planes
from emoray.quant.scheme import QuantScheme
from tests.quant.oracles import unpack

WIDTHS = range(2, 9)


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("shape", [(5, 8), (3, 50), (4, 1), (7,), (2, 3, 13), (0, 9)], ids=str)
def test_packed_codes_come_back(bits: int, shape: tuple[int, ...]) -> None:
    codes = np.random.default_rng(bits).integers(0, 2**bits, shape, dtype=np.uint8)
    packed = pack(codes, bits)
    again = unpack(packed, bits, shape[-1])
    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again, codes)


@pytest.mark.parametrize("bits", WIDTHS)
def test_rows_of_a_multiple_of_eight_waste_no_bit(bits: int) -> None:
    packed = pack(np.zeros((10, 16), np.uint8), bits)
    assert sum(plane.nbytes for plane in packed) * 8 == 10 * 16 * bits


@pytest.mark.parametrize("bits", WIDTHS)
def test_a_row_is_packed_by_itself(bits: int) -> None:
    codes = np.random.default_rng(0).integers(0, 2**bits, (6, 13), dtype=np.uint8)
    rows = [4, 0, 4]
    gathered = tuple(plane[rows] for plane in pack(codes, bits))
    np.testing.assert_array_equal(unpack(gathered, bits, 13), codes[rows])


def test_the_layout_is_the_documented_one() -> None:
    fours, twos, ones = pack(np.array([0b1011010, 0b0100111], np.uint8), 7)
    assert fours == 0b0111_1010  # first value in the lowest bits
    assert twos == 0b10_01
    assert ones == 0b0_1


@pytest.mark.parametrize("bits", WIDTHS)
def test_plane_widths_add_up_and_divide_a_byte(bits: int) -> None:
    assert sum(planes(bits)) == bits
    assert all(8 % width == 0 for width in planes(bits))
    assert packed_length(13, 4) == 7


def test_signed_codes_pack_as_offset_binary() -> None:
    made = quantize(np.linspace(-1, 1, 21)[None], QuantScheme(bits=3))
    codes, zero_point = made.unsigned()
    again = unpack(pack(codes, 3), 3, 21)
    np.testing.assert_array_equal(again.astype(int) - zero_point, made.codes)


@pytest.mark.parametrize("codes", [np.zeros(4, np.int8), np.array(3, np.uint8)], ids=repr)
def test_only_arrays_of_unsigned_codes_are_packed(codes: np.ndarray) -> None:
    with pytest.raises(
        ValueError, match=r"packing takes a uint8 array, got .* QuantizedTensor\.unsigned"
    ):
        pack(codes, 4)


def test_a_code_beyond_its_bits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"3-bit codes lie in 0\.\.7, got 8"):
        pack(np.array([1, 8], np.uint8), 3)


def test_planes_that_do_not_fit_are_refused() -> None:
    packed = pack(np.zeros((2, 9), np.uint8), 6)
    with pytest.raises(ValueError, match="5 bits take 2 planes, got 1"):
        unpack(packed[:1], 5, 9)
    with pytest.raises(ValueError, match="16 values of 4 bits take 8 bytes, got 5"):
        unpack(packed, 6, 16)
