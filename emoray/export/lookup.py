"""Look up word vectors of token ids in a table of codes.

4-bit tables use GatherBlockQuantized; all others stay one byte a value in memory, and only the
gathered rows become float. Shapes: N texts, L tokens, V words, D width.
"""

import math

import numpy as np
from onnx import TensorProto

from emoray.export.execution import DEQUANTIZED, FLOAT, FOUR_BIT, Execution
from emoray.export.weights import Stored, codes, scales
from emoray.export.writer import CONTRIB, Writer
from emoray.quant.granularity import PerChannel, PerGroup, PerTensor
from emoray.quant.packing import pack

SMALLEST_BLOCK = 16  # GatherBlockQuantized takes powers of two from here on
LOWEST = float(np.finfo(np.float32).min)


def _by_column(stored: Stored) -> bool:
    """Whether all words have the same scales."""
    grain = stored.map.grain
    return isinstance(grain, PerTensor) or (isinstance(grain, PerChannel) and grain.axis % 2 == 1)


def _block_of(stored: Stored) -> int | None:
    """The block in which GatherBlockQuantized reads this table; None where it cannot."""
    if stored.map.bits != 4:
        return None
    if isinstance(stored.map.grain, PerGroup):
        length = stored.map.grain.size
    else:
        length = stored.map.shape[0 if _by_column(stored) else 1]
    block = int(max(SMALLEST_BLOCK, 2 ** math.ceil(math.log2(length))))
    return None if isinstance(stored.map.grain, PerGroup) and block != length else block


def _blockwise(writer: Writer, ids: str, stored: Stored, block: int) -> str:
    """Write GatherBlockQuantized, which gathers, unpacks and scales in one node."""
    chosen = stored.map
    words, width = chosen.shape
    axis = 0 if _by_column(stored) else 1
    shape = (1, width) if axis == 0 else (words, chosen.scale.size // words)
    if isinstance(chosen.grain, PerTensor):
        scale = writer.node("Expand", scales(writer, stored, (1, 1)), writer.ints(*shape))
    else:
        scale = scales(writer, stored, shape)
    onnx_type = TensorProto.INT4 if chosen.symmetric else TensorProto.UINT4

    def nibbles(values: np.ndarray) -> str:
        low = values.astype(np.uint8).reshape(-1) & np.uint8(15)
        return writer.raw(pack(low, 4)[0].tobytes(), onnx_type, values.shape)

    inputs = [nibbles(stored.quantized.codes), ids, scale]
    if not chosen.symmetric:
        per_tensor = chosen.zero_point.size == 1
        points = chosen.zero_point.reshape((1, 1) if per_tensor else shape)
        inputs.append(nibbles(np.broadcast_to(points, shape)))
    return writer.node(
        "GatherBlockQuantized",
        *inputs,
        domain=CONTRIB,
        block_size=block,
        quantize_axis=axis,
    )


def _signed(writer: Writer, stored: Stored) -> str:
    """Write symmetric codes as int8, which need no zero-point."""
    if stored.map.bits == 8:
        return writer.constant(stored.quantized.codes)
    wide = writer.cast(codes(writer, stored), TensorProto.INT32)
    moved = writer.node("Sub", wide, writer.constant(np.array(stored.middle, np.int32)))
    return writer.cast(moved, TensorProto.INT8)


def _in_groups(writer: Writer, ids: str, rows_NLD: str, stored: Stored) -> str:
    """Write gathered codes as float, with a scale for every group of a row."""
    chosen = stored.map
    assert isinstance(chosen.grain, PerGroup)
    inputs = [rows_NLD]
    inputs.append(writer.node("Gather", scales(writer, stored, chosen.scale.shape), ids))
    if not chosen.symmetric:
        inputs.append(writer.node("Gather", writer.constant(chosen.zero_point), ids))
    values = writer.node("DequantizeLinear", *inputs, axis=2, block_size=chosen.grain.size)
    # onnxruntime repeats a DequantizeLinear for everyone who reads it; a Clip has it read once
    return writer.node("Clip", values, writer.number(LOWEST), "")


def _bytewise(writer: Writer, ids: str, stored: Stored) -> str:
    """Write a gather of bytes, and the gathered rows as float."""
    chosen = stored.map
    table = _signed(writer, stored) if chosen.symmetric else codes(writer, stored)
    rows = writer.node("Gather", table, ids)
    if isinstance(chosen.grain, PerGroup):
        return _in_groups(writer, ids, rows, stored)
    by_column = _by_column(stored)
    shape = chosen.scale.shape if by_column else (-1, 1)

    def params(value: str) -> str:
        return value if by_column else writer.node("Gather", value, ids)

    steps = writer.cast(rows, TensorProto.FLOAT)
    if not chosen.symmetric:
        points = writer.constant(chosen.zero_point.reshape(shape))
        steps = writer.node("Sub", steps, params(writer.cast(points, TensorProto.FLOAT)))
    return writer.node("Mul", steps, params(scales(writer, stored, shape)))


def look_up(
    writer: Writer, ids: str, values_VD: np.ndarray, stored: Stored | None
) -> tuple[str, Execution]:
    """Write vectors (N, L, D) of ids (N, L), zeros for padding; return also their execution."""
    if stored is None:
        return writer.node("Gather", writer.constant(values_VD), ids), FLOAT
    grain = stored.map.grain
    if isinstance(grain, PerGroup) and grain.axis % 2 == 0:
        raise ValueError(
            f"an embedding's groups run along a word's vector, got {grain} across words: "
            f"use PerGroup({grain.size}, axis=-1)"
        )
    if block := _block_of(stored):
        return _blockwise(writer, ids, stored, block), FOUR_BIT
    return _bytewise(writer, ids, stored), DEQUANTIZED
