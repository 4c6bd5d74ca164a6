"""Layouts of tokens between the layers: padded as they come, or packed without the padding.

Attention needs a text's tokens in one row; all else is done token by token, so padding would be
wasted work. Shapes: N texts, L tokens, D width, T real tokens of all texts.
"""

from typing import Protocol

import numpy as np
from onnx import TensorProto

from emoray.export.writer import Writer


class Tokens(Protocol):
    """A layout of tokens."""

    def pack(self, x_NLD: str, width: int) -> str:
        """From (N, L, D) to the layout's own shape; width: D, which differs where heads do."""

    def spread(self, x: str) -> str:
        """From the layout's own shape to (N, L, D)."""

    def first(self, x: str) -> str:
        """From the layout's own shape to (N, D): each text's first token."""


def _zero(writer: Writer) -> str:
    """The index 0, without an axis."""
    return writer.constant(np.array(0, np.int64))


class Padded:
    """The layout (N, L, D)."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def pack(self, x_NLD: str, width: int) -> str:
        """Return the value unchanged."""
        return x_NLD

    def spread(self, x: str) -> str:
        """Return the value unchanged."""
        return x

    def first(self, x: str) -> str:
        """Take it from the second axis."""
        return self._writer.node("Gather", x, _zero(self._writer), axis=1)


class Packed:
    """The layout (T, D). Spread out, padding repeats the token before it: it must be masked."""

    def __init__(self, writer: Writer, real_NL: str) -> None:
        self._writer = writer
        real_R = writer.node("Reshape", real_NL, writer.ints(-1))
        at_1T = writer.node("NonZero", real_R)
        self._at_T = writer.node("Squeeze", at_1T, writer.ints(0))
        counts_R = writer.cast(real_R, TensorProto.INT32)
        upto_R = writer.node("CumSum", counts_R, writer.constant(np.array(0, np.int32)))
        slots_R = writer.node("Sub", upto_R, writer.constant(np.array(1, np.int32)))
        self._slots_NL = writer.node("Reshape", slots_R, writer.node("Shape", real_NL))

    def pack(self, x_NLD: str, width: int) -> str:
        """Gather the real tokens, (T, D)."""
        rows_RD = self._writer.node("Reshape", x_NLD, self._writer.ints(-1, width))
        return self._writer.node("Gather", rows_RD, self._at_T, axis=0)

    def spread(self, x: str) -> str:
        """Put the tokens back, (N, L, D)."""
        return self._writer.node("Gather", x, self._slots_NL, axis=0)

    def first(self, x: str) -> str:
        """Take the row in its text's first slot."""
        slots_N = self._writer.node("Gather", self._slots_NL, _zero(self._writer), axis=1)
        return self._writer.node("Gather", x, slots_N, axis=0)


def is_full(writer: Writer, real_NL: str) -> str:
    """A value that is true where no text of the batch has padding, as with a single one."""
    real_NL = writer.cast(real_NL, TensorProto.INT32)
    return writer.cast(writer.node("ReduceMin", real_NL, keepdims=0), TensorProto.BOOL)
