"""A tensor's affine map to integers: choose it, quantize, dequantize.

``Q(w) = Int(w / S) + z``, clamped to the codes; ``w' = S * (Q - z)``. Int rounds half to even.
Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-
only inference".
"""

from dataclasses import dataclass

import numpy as np

from emoray.quant.granularity import Grain, PerTensor
from emoray.quant.levels import check_bits, code_dtype, code_range, scale_and_zero_point
from emoray.quant.ranges import Ends, LeastError
from emoray.quant.scheme import QuantScheme

LARGEST = 1e38  # near float32's end a dequantized code could overflow


def checked_values(values: np.ndarray) -> np.ndarray:
    """Return the values as float32; refuse an empty tensor, other types, NaN and Inf."""
    values = np.asarray(values)
    if values.size == 0:
        raise ValueError(f"a tensor to quantize holds values, got shape {values.shape}: drop it")
    if values.dtype.kind not in "fiu":
        raise ValueError(f"a tensor to quantize holds real numbers, got dtype {values.dtype}")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes Inf, refused next
        values = values.astype(np.float32, copy=False)
    finite = np.isfinite(values)
    if not finite.all():
        raise ValueError(
            f"a tensor to quantize is finite in float32, got {values.size - finite.sum()} NaN or "
            f"Inf of {values.size} values: look at the training that made it"
        )
    return values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AffineMap:
    """Scale, zero-point and clip range of every slice of one tensor.

    Attributes:
        scale: float32, in the grain's compact shape, as are the next three.
        zero_point: int8 zeros when symmetric, else uint8.
        alpha: float32, lower end of the clip range before rounding to codes.
        beta: float32, upper end.
        bits: of a code.
        symmetric: whether codes are signed and 0 is their middle.
        grain: which values share a scale.
        shape: of the tensor; a map per tensor applies to arrays of any shape.
    """

    scale: np.ndarray
    zero_point: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray
    bits: int
    symmetric: bool
    grain: Grain
    shape: tuple[int, ...]

    def spread(self, params: np.ndarray) -> np.ndarray:
        """Broadcast compact parameters (`scale`, `alpha`, …) over the tensor's shape."""
        return self.grain.spread(params, self.shape)

    def _check_shape(self, array: np.ndarray) -> None:
        if array.shape != self.shape and not isinstance(self.grain, PerTensor):
            raise ValueError(
                f"a map per {self.grain} serves the shape it was made for, {self.shape}, "
                f"got {array.shape}: make a map for this tensor"
            )

    def quantize(self, values: np.ndarray) -> np.ndarray:
        """Return codes, int8 when symmetric, else uint8; refuse NaN and Inf."""
        values = checked_values(values)
        self._check_shape(values)
        low, high = code_range(self.bits, self.symmetric)
        with np.errstate(over="ignore"):  # far outside the range: infinity clips like the rest
            codes = np.asarray(values / self.spread(self.scale))
        np.rint(codes, out=codes)
        codes += self.spread(self.zero_point)
        return np.clip(codes, low, high, out=codes).astype(code_dtype(self.symmetric))

    def dequantize(self, codes: np.ndarray) -> np.ndarray:
        """Return the float32 values of codes; the zero-point gives exactly 0.0."""
        self._check_shape(codes)
        steps = codes.astype(np.float32)
        steps -= self.spread(self.zero_point)
        steps *= self.spread(self.scale)
        return steps


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedTensor:
    """A tensor's codes with their map."""

    codes: np.ndarray
    map: AffineMap

    def dequantize(self) -> np.ndarray:
        """Return the float32 values of the codes."""
        return self.map.dequantize(self.codes)

    def unsigned(self) -> tuple[np.ndarray, np.ndarray]:
        """Return codes and compact zero-points as uint8, the form of packing and kernels.

        Symmetric codes move up by 2^(b-1) (offset binary), and so does their zero-point.

        Returns:
            (codes, zero_points) in 0 … 2^b - 1.
        """
        if not self.map.symmetric:
            return self.codes, self.map.zero_point
        middle = 2 ** (self.map.bits - 1)
        codes, zero_point = self.codes.astype(np.int16), self.map.zero_point.astype(np.int16)
        return (codes + middle).astype(np.uint8), (zero_point + middle).astype(np.uint8)


def affine_between(
    alpha: float, beta: float, *, bits: int = 8, symmetric: bool = False
) -> AffineMap:
    """Build one map for a known range, such as an activation's; refuse one without 0 inside."""
    check_bits(bits)
    if not -LARGEST <= alpha <= 0 <= beta <= LARGEST:
        raise ValueError(
            f"a clip range is finite and holds 0, got [{alpha:g}, {beta:g}]: widen it to 0"
        )
    scale, zero_point = scale_and_zero_point(np.array(alpha), np.array(beta), bits, symmetric)
    return AffineMap(
        scale=scale,
        zero_point=zero_point,
        alpha=np.array(alpha, np.float32),
        beta=np.array(beta, np.float32),
        bits=bits,
        symmetric=symmetric,
        grain=PerTensor(),
        shape=(),
    )


def weighted_slices(
    values: np.ndarray, grain: Grain, weights: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """Return a tensor's slices (S, M) block by block, with the weights of their values."""
    blocks = grain.blocks(values)
    if weights is None:
        return [(block, None) for block in blocks]
    return list(zip(blocks, grain.blocks(np.broadcast_to(weights, values.shape)), strict=True))


def range_of(values_SM: np.ndarray, scheme: QuantScheme, weights_SM: np.ndarray | None) -> Ends:
    """Return the clip range of each slice; only `LeastError` uses weights."""
    if isinstance(scheme.ranges, LeastError):
        return scheme.ranges.of(values_SM, scheme.symmetric, scheme.bits, weights_SM)
    return scheme.ranges.of(values_SM, scheme.symmetric, scheme.bits)


def affine_for(
    values: np.ndarray, scheme: QuantScheme, weights: np.ndarray | None = None
) -> AffineMap:
    """Choose the map of a tensor under a scheme.

    Args:
        values: any shape that has the grain's axis.
        scheme: bits, grain and ranges.
        weights: factors of the squared errors where `LeastError` fits the range, in a shape that
            broadcasts over the tensor.

    Returns:
        The map, in the grain's compact shape.

    Raises:
        ValueError: if a value lies beyond ±1e38.
    """
    values = checked_values(values)
    largest = max(float(values.max()), -float(values.min()))
    if largest > LARGEST:
        raise ValueError(f"a tensor to quantize stays within ±1e38, got {largest:g}: rescale it")
    slices = weighted_slices(values, scheme.grain, weights)
    ends = [range_of(block, scheme, weights_SM) for block, weights_SM in slices]
    alpha = scheme.grain.join([alpha_S for alpha_S, _ in ends], values.shape)
    beta = scheme.grain.join([beta_S for _, beta_S in ends], values.shape)
    scale, zero_point = scale_and_zero_point(alpha, beta, scheme.bits, scheme.symmetric)
    return AffineMap(
        scale=scale,
        zero_point=zero_point,
        alpha=alpha.astype(np.float32),
        beta=beta.astype(np.float32),
        bits=scheme.bits,
        symmetric=scheme.symmetric,
        grain=scheme.grain,
        shape=values.shape,
    )


def quantize(values: np.ndarray, scheme: QuantScheme) -> QuantizedTensor:
    """Choose the map of a tensor and apply it."""
    chosen = affine_for(values, scheme)
    return QuantizedTensor(chosen.quantize(values), chosen)
