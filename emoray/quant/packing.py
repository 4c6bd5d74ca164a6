"""Codes of 2 to 7 bits, packed without waste into bytes by bit planes.

A b-bit code is cut into planes of 4, 2 and 1 bits (7 = 4 + 2 + 1, 6 = 4 + 2, 5 = 4 + 1, 3 = 2 + 1),
lowest bits in the first plane. Each plane packs 2, 4 or 8 values of the **last axis** into a byte,
the first value in the lowest bits, so a row (a word's vector) stays a row: a graph gathers packed
rows, then shifts and masks them.
"""

import math

import numpy as np

from emoray.quant.levels import check_bits


def planes(bits: int) -> tuple[int, ...]:
    """Widths of the planes, lowest bits first; 8 bits are one plane of whole bytes."""
    check_bits(bits)
    return (8,) if bits == 8 else tuple(width for width in (4, 2, 1) if bits & width)


def packed_length(length: int, width: int) -> int:
    """Bytes that `length` values of the last axis take in a plane of this width."""
    return math.ceil(length * width / 8)


def _shifts(width: int) -> np.ndarray:
    """How far each value of a byte is shifted, first value lowest."""
    return np.arange(0, 8, width, dtype=np.uint8)


def pack(codes: np.ndarray, bits: int) -> tuple[np.ndarray, ...]:
    """Pack unsigned codes (..., n) into one uint8 array per plane, the last axis shortened."""
    widths = planes(bits)
    if codes.dtype != np.uint8 or codes.ndim == 0:
        raise ValueError(
            f"packing takes a uint8 array, got {codes.dtype} of shape {codes.shape}: "
            "use QuantizedTensor.unsigned()"
        )
    if codes.size and codes.max() >= 2**bits:
        raise ValueError(f"{bits}-bit codes lie in 0..{2**bits - 1}, got {codes.max()}")
    packed, below = [], 0
    *rows, length = codes.shape
    for width in widths:
        per_byte, in_bytes = 8 // width, packed_length(length, width)
        part = np.zeros((*rows, in_bytes * per_byte), np.uint8)
        part[..., :length] = (codes >> np.uint8(below)) & np.uint8(2**width - 1)
        in_place = part.reshape(*rows, in_bytes, per_byte) << _shifts(width)
        packed.append(np.bitwise_or.reduce(in_place, axis=-1))
        below += width
    return tuple(packed)
