"""What codes say, read back the slow way: packing undone, an output's error measured."""

import numpy as np

from emoray.quant.affine import AffineMap, checked_values
from emoray.quant.packing import packed_length, planes


def unpack(packed: tuple[np.ndarray, ...], bits: int, last_axis_length: int) -> np.ndarray:
    """The unsigned codes (..., last_axis_length) that `pack` was given."""
    widths = planes(bits)
    if len(packed) != len(widths):
        raise ValueError(f"{bits} bits take {len(widths)} planes, got {len(packed)}")
    codes, below = np.uint8(0), 0
    for width, plane in zip(widths, packed, strict=True):
        if plane.shape[-1] != packed_length(last_axis_length, width):
            raise ValueError(
                f"{last_axis_length} values of {width} bits take "
                f"{packed_length(last_axis_length, width)} bytes, got {plane.shape[-1]}"
            )
        values = (plane[..., None] >> np.arange(0, 8, width, dtype=np.uint8)) & np.uint8(
            2**width - 1
        )
        values = values.reshape(*plane.shape[:-1], plane.shape[-1] * (8 // width))
        codes = codes | (values[..., :last_axis_length] << np.uint8(below))
        below += width
    return np.asarray(codes)


def output_error(values: np.ndarray, chosen: AffineMap, weights: np.ndarray | None = None) -> float:
    """Share of the output's energy that is error when a map stores a weight: 0.01 is 20 dB.

    weights: of each squared error, broadcasting over the tensor, see `emphasis`.
    """
    values = checked_values(values)
    error = np.square(values - chosen.dequantize(chosen.quantize(values)), dtype=np.float64)
    signal = np.square(values, dtype=np.float64)
    if weights is not None:
        error, signal = error * weights, signal * weights
    total = float(signal.sum())
    return float(error.sum()) / total if total > 0 else 0.0
