"""Statistics of one quantized tensor for a table, and a histogram for a plot."""

import math
from dataclasses import dataclass

import numpy as np

from emoray.quant.affine import QuantizedTensor, checked_values
from emoray.quant.packing import packed_length, planes
from emoray.quant.scheme import QuantScheme

HISTOGRAM_BINS = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TensorFacts:
    """Statistics of one quantized tensor.

    Attributes:
        shape: of the tensor.
        slices: number of scales.
        bits: of a code.
        alpha: lowest end of all slices' clip ranges.
        beta: highest end.
        scale: the median slice's.
        zero_point: the median slice's.
        kurtosis: excess, 0 for a Gaussian and for a constant; never NaN.
        share_clipped: of values outside their slice's clip range.
        sqnr_db: 10 log10(signal / error), infinite without error.
        bytes_before: of the float tensor.
        bytes_after: packed codes, scales, and zero-points where affine.
        counts: values per bin of `edges`, over the whole tensor.
        edges: of the histogram's bins.
    """

    shape: tuple[int, ...]
    slices: int
    bits: int
    alpha: float
    beta: float
    scale: float
    zero_point: int
    kurtosis: float
    share_clipped: float
    sqnr_db: float
    bytes_before: int
    bytes_after: int
    counts: np.ndarray
    edges: np.ndarray


def kurtosis(values: np.ndarray) -> float:
    """Excess kurtosis, the fourth standardised moment less 3; 0 for a constant tensor."""
    centred = values - values.mean(dtype=np.float64)
    largest = np.abs(centred).max()
    if largest <= 1e-7 * np.abs(values).max():
        return 0.0
    squares = np.square(centred / largest)
    return float(np.square(squares).mean() / squares.mean() ** 2 - 3)


def sqnr_db(values: np.ndarray, rebuilt: np.ndarray) -> float:
    """Signal-to-quantization-noise ratio in decibels."""
    signal = np.square(values, dtype=np.float64).sum()
    noise = np.square(np.subtract(values, rebuilt, dtype=np.float64)).sum()
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal > 0 else float("-inf")


def _bytes(shape: tuple[int, ...], bits: int, scales: int, zero_points: int) -> int:
    *rows, length = shape or (1,)
    per_row = sum(packed_length(length, width) for width in planes(bits))
    return math.prod(rows) * per_row + 4 * scales + zero_points


def bytes_of(quantized: QuantizedTensor) -> int:
    """Bytes of the packed codes, the scales, and the zero-points where affine."""
    slices = quantized.map.scale.size
    zero_points = 0 if quantized.map.symmetric else slices
    return _bytes(quantized.codes.shape, quantized.map.bits, slices, zero_points)


def bytes_under(shape: tuple[int, ...], scheme: QuantScheme) -> int:
    """Bytes of a tensor of this shape under a scheme, without quantizing it."""
    slices = scheme.grain.slices(shape)
    return _bytes(shape, scheme.bits, slices, 0 if scheme.symmetric else slices)


def explain(values: np.ndarray, quantized: QuantizedTensor) -> TensorFacts:
    """Compute the statistics of a tensor and its quantized form."""
    values = checked_values(values)
    used = quantized.map
    below, above = values < used.spread(used.alpha), values > used.spread(used.beta)
    counts, edges = np.histogram(values, bins=HISTOGRAM_BINS)
    return TensorFacts(
        shape=values.shape,
        slices=used.scale.size,
        bits=used.bits,
        alpha=float(used.alpha.min()),
        beta=float(used.beta.max()),
        scale=float(np.median(used.scale)),
        zero_point=int(np.median(used.zero_point)),
        kurtosis=kurtosis(values),
        share_clipped=float((below | above).mean()),
        sqnr_db=sqnr_db(values, quantized.dequantize()),
        bytes_before=values.nbytes,
        bytes_after=bytes_of(quantized),
        counts=counts,
        edges=edges,
    )
