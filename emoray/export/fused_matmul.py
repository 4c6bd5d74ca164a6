"""An integer product with its scales and its bias in one node, for graphs dominated by dispatch.

Weights are int8, the fast side of x86's dot products: with VNNI, AMX or ARM's dot products sums are
exact. Older x86 adds two products of uint8 and int8 in 16 bits, which may saturate with 8-bit
weights and never does with weights of 7 bits or fewer. Shapes: I inputs, O outputs.
"""

import numpy as np
from onnx import TensorProto

from emoray.export.matmul import Codes
from emoray.export.weights import Stored, codes, scales
from emoray.export.writer import CONTRIB, Writer
from emoray.quant.packing import pack


def signed_codes(writer: Writer, stored: Stored) -> str:
    """Write the codes as int8; those of an affine map moved down by 128."""
    if stored.map.bits == 8:
        unsigned, _ = stored.quantized.unsigned()
        return writer.constant((unsigned.astype(np.int16) - 128).astype(np.int8))
    if stored.map.bits == 4 and stored.map.symmetric:
        nibbles = stored.quantized.codes.astype(np.uint8).reshape(-1) & np.uint8(15)
        packed = pack(nibbles, 4)[0].tobytes()
        return writer.cast(writer.raw(packed, TensorProto.INT4, stored.map.shape), TensorProto.INT8)
    down = stored.middle if stored.map.symmetric else 128
    wide = writer.cast(codes(writer, stored), TensorProto.INT32)
    moved = writer.node("Sub", wide, writer.constant(np.array(down, np.int32)))
    return writer.cast(moved, TensorProto.INT8)


def fused_product(writer: Writer, left: Codes, stored: Stored, bias_O: np.ndarray | None) -> str:
    """Write x @ kernel + bias for the codes of x (…, I).

    With a scale for each row, its product and the bias follow as nodes of their own: Sum, because
    onnxruntime fuses Add with a GELU into a slower one.

    Returns:
        The name of the product's value.
    """
    chosen = stored.map
    points = np.zeros((), np.int8)
    if not chosen.symmetric:
        points = (chosen.zero_point.astype(np.int16) - 128).astype(np.int8)
    given = [
        left.codes,
        signed_codes(writer, stored),
        writer.number(1) if left.by_row else left.scale,
        scales(writer, stored, chosen.scale.shape),
        left.zero_point,
        writer.constant(points),
    ]
    if bias_O is not None and not left.by_row:
        given.append(writer.constant(bias_O))
    product = writer.node("MatMulIntegerToFloat", *given, domain=CONTRIB)
    if not left.by_row:
        return product
    product = writer.node("Mul", product, left.scale)
    return product if bias_O is None else writer.node("Sum", product, writer.constant(bias_O))
