"""Quantized tensors in the file: packed codes and narrow scales, unpacked once at load.

Every node here reads constants only, so onnxruntime folds it away when a session starts: the file
stays small and a run pays nothing. Zero-points and scales keep quant's compact shapes.
"""

from dataclasses import dataclass, replace

import numpy as np
from onnx import TensorProto

from emoray.export.writer import Writer
from emoray.quant.affine import AffineMap, QuantizedTensor, affine_for
from emoray.quant.granularity import PerGroup
from emoray.quant.levels import code_range
from emoray.quant.packing import pack, planes
from emoray.quant.scheme import QuantScheme

CAST_BYTES = 24  # what one more node costs the file, about


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A quantized tensor whose scales are the ones in the file; half: they are float16 there."""

    quantized: QuantizedTensor
    half: bool

    @property
    def map(self) -> AffineMap:
        """The tensor's map."""
        return self.quantized.map

    @property
    def middle(self) -> int:
        """The unsigned code of 0 in a symmetric tensor."""
        return int(2 ** (self.map.bits - 1))


def _fits_half(chosen: AffineMap) -> bool:
    """Whether float16 scales move no code by more than half a step, and save bytes."""
    if 2 * chosen.scale.size <= CAST_BYTES:
        return False
    with np.errstate(over="ignore"):
        halved = chosen.scale.astype(np.float16).astype(np.float32)
    error = np.abs(halved - chosen.scale) / chosen.scale
    _, highest = code_range(chosen.bits, chosen.symmetric)
    return bool((error * highest <= 0.5).all())


def store(values: np.ndarray, scheme: QuantScheme, learned: AffineMap | None = None) -> Stored:
    """Quantize a tensor for the file.

    Scales are rounded to float16 first where that is harmless, then codes are chosen for those
    scales, so that a graph computes exactly what `dequantize` returns.

    Args:
        values: the tensor.
        scheme: of the tensor.
        learned: the map to use instead of the one that the scheme would choose; its codes stay
            those of training.

    Returns:
        Codes and map.
    """
    chosen = affine_for(values, scheme) if learned is None else learned
    half = _fits_half(chosen)
    kept = chosen
    if half:
        kept = replace(chosen, scale=chosen.scale.astype(np.float16).astype(np.float32))
    return Stored(
        QuantizedTensor((kept if learned is None else learned).quantize(values), kept), half
    )


def scales(writer: Writer, stored: Stored, shape: tuple[int, ...]) -> str:
    """Write the scales as float32 of this shape."""
    scale = stored.map.scale.reshape(shape)
    if not stored.half:
        return writer.constant(scale)
    return writer.cast(writer.constant(scale.astype(np.float16)), TensorProto.FLOAT)


def _plane(writer: Writer, packed: np.ndarray, width: int, below: int, size: int) -> str:
    """Write one bit plane as bytes (size,), its values moved up by the bits below it."""
    if width == 4:
        value = writer.cast(
            writer.raw(packed.tobytes(), TensorProto.UINT4, (size,)), TensorProto.UINT8
        )
    else:
        shifts = writer.constant(np.arange(0, 8, width, dtype=np.uint8))
        value = writer.node("BitShift", writer.constant(packed[:, None]), shifts, direction="RIGHT")
        value = writer.node("BitwiseAnd", value, writer.constant(np.array(2**width - 1, np.uint8)))
        value = writer.node("Reshape", value, writer.ints(-1))
        if packed.size * (8 // width) != size:
            value = writer.node("Slice", value, writer.ints(0), writer.ints(size))
    if below == 0:
        return value
    up = writer.constant(np.array(below, np.uint8))
    return writer.node("BitShift", value, up, direction="LEFT")


def codes(writer: Writer, stored: Stored) -> str:
    """Write the unsigned codes as uint8 in the tensor's shape."""
    unsigned, _ = stored.quantized.unsigned()
    if stored.map.bits == 8:
        return writer.constant(unsigned)
    below, together = 0, ""
    packed = pack(unsigned.reshape(-1), stored.map.bits)  # flat: no bits are lost at row ends
    for width, part in zip(planes(stored.map.bits), packed, strict=True):
        value = _plane(writer, part, width, below, unsigned.size)
        together = writer.node("BitwiseOr", together, value) if together else value
        below += width
    return writer.node("Reshape", together, writer.ints(*unsigned.shape))


def _spread(writer: Writer, stored: Stored, value: str, params: np.ndarray) -> str:
    """Write compact float parameters in a shape that broadcasts over the tensor."""
    grain = stored.map.grain
    if not isinstance(grain, PerGroup):
        return value
    axis, shape = grain.axis % 2, list(params.shape)
    split = [*shape[: axis + 1], grain.size, *shape[axis + 1 :]]
    value = writer.node("Expand", value, writer.ints(*split))
    shape[axis] *= grain.size
    value = writer.node("Reshape", value, writer.ints(*shape))
    length = stored.map.shape[axis]
    if shape[axis] == length:
        return value
    return writer.node("Slice", value, writer.ints(0), writer.ints(length), writer.ints(axis))


def _between(stored: Stored, params: np.ndarray) -> tuple[int, ...]:
    """The shape in which compact parameters are written before `_spread`."""
    grain = stored.map.grain
    if not isinstance(grain, PerGroup):
        return stored.map.spread(params).shape
    axis = grain.axis % 2 + 1
    return (*params.shape[:axis], 1, *params.shape[axis:])


def dequantized(writer: Writer, stored: Stored) -> str:
    """Write the tensor as float32, computed once when a session starts."""
    chosen = stored.map
    steps = writer.cast(codes(writer, stored), TensorProto.FLOAT)
    shape = _between(stored, chosen.scale)
    if chosen.symmetric:
        zero_point = writer.number(stored.middle)
    else:
        points = writer.constant(chosen.zero_point.reshape(shape))
        points = writer.cast(points, TensorProto.FLOAT)
        zero_point = _spread(writer, stored, points, chosen.scale)
    steps = writer.node("Sub", steps, zero_point)
    scale = _spread(writer, stored, scales(writer, stored, shape), chosen.scale)
    return writer.node("Mul", steps, scale)
