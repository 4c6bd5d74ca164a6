"""Write a dense product x @ kernel with the operator of its scheme.

Integer products are uint8 x uint8: on CPUs without VNNI a product with int8 weights saturates in
16 bits, one of uint8 and uint8 is exact on all of them. onnxruntime would fuse MatMulInteger with
a scale per row and the bias after it, and then scales the bias too (1.31); the order of the two
multiplications below keeps it from matching. Shapes: I inputs, O outputs.
"""

import math
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from emoray.export.execution import DEQUANTIZED, FLOAT, FOUR_BIT, INTEGER, Execution
from emoray.export.weights import Stored, codes, dequantized, scales
from emoray.export.writer import CONTRIB, Writer
from emoray.quant.affine import AffineMap
from emoray.quant.granularity import PerChannel, PerGroup
from emoray.quant.packing import pack

SMALLEST_BLOCK, LARGEST_BLOCK = 16, 256  # MatMulNBits takes powers of two between them


@dataclass(frozen=True, slots=True)
class PerRow:
    """Activations become uint8 by each row's own greatest absolute value.

    A row is one text (or one word), so its codes depend on nothing else in the batch. After a ReLU
    (nonnegative) the codes start at 0, else 0 has the code 127.
    """

    nonnegative: bool


Activation = PerRow | AffineMap | None


@dataclass(frozen=True, slots=True)
class Codes:
    """Quantized activations: codes, zero-point and scale as value names; by_row: many scales."""

    codes: str
    zero_point: str
    scale: str
    by_row: bool


def _by_row(writer: Writer, x: str, width: int, nonnegative: bool) -> Codes:
    """Write codes by row; a row of zeros takes scale 0: its products become 0 for any codes."""
    magnitude = x if nonnegative else writer.node("Abs", x)
    top = writer.node("ReduceMax", magnitude, writer.ints(-1))
    steps = 255 if nonnegative else 127
    scale = writer.node("Mul", top, writer.number(1 / steps))
    moved = x if nonnegative else writer.node("Add", x, top)
    quantized = writer.node("QuantizeLinear", moved, scale, axis=-1, block_size=width)
    zero_point = np.array(0 if nonnegative else 127, np.uint8)
    return Codes(quantized, writer.constant(zero_point), scale, by_row=True)


def _by_range(writer: Writer, x: str, chosen: AffineMap) -> Codes:
    """Write codes of a calibrated range; symmetric ones moved up by 128 to be unsigned."""
    point = int(chosen.zero_point) + (128 if chosen.symmetric else 0)
    scale, zero_point = (
        writer.number(float(chosen.scale)),
        writer.constant(np.array(point, np.uint8)),
    )
    codes = writer.node("QuantizeLinear", x, scale, zero_point)
    return Codes(codes, zero_point, scale, by_row=False)


def quantize_inputs(writer: Writer, x: str, width: int, activation: PerRow | AffineMap) -> Codes:
    """Write the codes of x (…, width), whose products are integer."""
    if isinstance(activation, PerRow):
        return _by_row(writer, x, width, activation.nonnegative)
    return _by_range(writer, x, activation)


def _integer(writer: Writer, x: str, stored: Stored, activation: PerRow | AffineMap) -> str:
    chosen = stored.map
    left = quantize_inputs(writer, x, chosen.shape[0], activation)
    _, points = stored.quantized.unsigned()
    if chosen.symmetric:
        points = np.array(stored.middle, np.uint8)
    sums = writer.node(
        "MatMulInteger",
        left.codes,
        codes(writer, stored),
        left.zero_point,
        writer.constant(points),
    )
    sums = writer.cast(sums, TensorProto.FLOAT)
    scale = scales(writer, stored, chosen.scale.shape)
    if isinstance(activation, AffineMap):  # both are constants: one multiplication at run time
        return writer.node("Mul", sums, writer.node("Mul", scale, left.scale))
    return writer.node("Mul", writer.node("Mul", sums, scale), left.scale)


def _block_of(stored: Stored) -> int | None:
    """The block in which MatMulNBits reads this tensor; None where it cannot."""
    grain, inputs = stored.map.grain, stored.map.shape[0]
    if stored.map.bits != 4:
        return None
    sizes = [2**i for i in range(int(math.log2(SMALLEST_BLOCK)), int(math.log2(LARGEST_BLOCK)) + 1)]
    if isinstance(grain, PerGroup):
        return grain.size if grain.axis % 2 == 0 and grain.size in sizes else None
    if isinstance(grain, PerChannel) and grain.axis % 2 == 0:
        return None
    return min(sizes, key=lambda size: (-(-inputs // size) * size, -size))  # least padding


def _four_bit(writer: Writer, x: str, stored: Stored, block: int, bias_O: np.ndarray | None) -> str:
    """Write MatMulNBits; kernels lie as (O, blocks, block / 2), two codes to the byte."""
    chosen = stored.map
    inputs, outputs = chosen.shape
    blocks = -(-inputs // block)
    unsigned_IO, points = stored.quantized.unsigned()
    padded_OI = np.pad(unsigned_IO.T, ((0, 0), (0, blocks * block - inputs)))
    kernel = pack(np.ascontiguousarray(padded_OI).reshape(outputs, blocks, block), 4)[0]
    if isinstance(chosen.grain, PerGroup):
        scale = writer.node("Transpose", scales(writer, stored, (blocks, outputs)))
        points_OB = points.T
    else:
        across = (chosen.scale.size, 1)
        scale = scales(writer, stored, across)
        scale = writer.node("Expand", scale, writer.ints(outputs, blocks))
        points_OB = np.broadcast_to(points.reshape(across), (outputs, blocks))
    zero_points = ""
    if not chosen.symmetric:
        zero_points = writer.constant(pack(np.ascontiguousarray(points_OB), 4)[0])
    bias = "" if bias_O is None else writer.constant(bias_O)
    given = [x, writer.constant(kernel), scale, zero_points, "", bias]
    while not given[-1]:
        given.pop()
    return writer.node(
        "MatMulNBits", *given, domain=CONTRIB, K=inputs, N=outputs, bits=4, block_size=block
    )


def multiply(
    writer: Writer,
    x: str,
    kernel_IO: np.ndarray,
    stored: Stored | None,
    *,
    activation: Activation = None,
    bias_O: np.ndarray | None = None,
    plus: str = "Add",
) -> tuple[str, Execution]:
    """Write x @ kernel + bias for x (…, I).

    Args:
        writer: of the graph.
        x: name of a value.
        kernel_IO: float weights.
        stored: their codes; None where they stay float32.
        activation: how x is quantized; None where it stays float32.
        bias_O: None without.
        plus: the operator that adds the bias; onnxruntime fuses Add with a GELU into a slower one,
            Sum with nothing.

    Returns:
        The name of the product's value, and its execution.
    """
    if stored is None:
        product, how = writer.node("MatMul", x, writer.constant(kernel_IO)), FLOAT
    elif activation is not None:
        product, how = _integer(writer, x, stored, activation), INTEGER
    elif block := _block_of(stored):
        return _four_bit(writer, x, stored, block, bias_O), FOUR_BIT
    else:
        product, how = writer.node("MatMul", x, dequantized(writer, stored)), DEQUANTIZED
    if bias_O is None:
        return product, how
    return writer.node(plus, product, writer.constant(bias_O)), how
