"""Vectors of distances under a scheme, as DeBERTa's attention meets them, as ONNX nodes.

The vectors are weights, and so is what a layer makes of them with the kernels of its keys and
queries: onnxruntime computes that once when a session starts, from the codes that the file holds
anyway. Shapes: N texts, H heads, L tokens, P positions, C = 2 P - 1 distances, U vectors, D width,
A width of the heads, S of one.
"""

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto

from emoray.export.fused_matmul import signed_codes
from emoray.export.kernels import IDS, Kernels
from emoray.export.matmul import multiply
from emoray.export.weights import scales
from emoray.quant.scheme import EMBEDDING


def _kernel(kernels: Kernels, name: str) -> str:
    """The dequantized kernel of an integer product, from the very codes that it reads."""
    stored, writer = kernels.store(name), kernels.writer
    assert stored is not None
    chosen = stored.map
    steps = writer.cast(signed_codes(writer, stored), TensorProto.FLOAT)
    if not chosen.symmetric:
        points = chosen.spread(chosen.zero_point).astype(np.float32) - 128
        steps = writer.node("Sub", steps, writer.constant(points))
    shape = chosen.spread(chosen.scale).shape
    return writer.node("Mul", steps, scales(writer, stored, shape))


class DistanceVectors:
    """Writes what the heads of a layer add to scores by the vectors of distances."""

    def __init__(self, kernels: Kernels, rows_UD: np.ndarray, at_C: np.ndarray) -> None:
        self._kernels = kernels
        self._rows_UD, self._at_C = rows_UD, at_C
        self._length = kernels.writer.node("Shape", IDS, start=1)

    def _vectors(self, name: str, bias_A: np.ndarray, heads: int, *, backwards: bool) -> str:
        """Each head's vectors of all distances, (H, S, C); backwards: the farthest first."""
        kernels, writer = self._kernels, self._kernels.writer
        rows = writer.constant(self._rows_UD)
        if kernels.scheme.of(EMBEDDING) is not None:  # as positions are
            rows = writer.cast(writer.constant(self._rows_UD.astype(np.float16)), TensorProto.FLOAT)
        stored = kernels.store(name)
        if stored is not None and kernels.activation(name, False) is not None:
            product = writer.node("MatMul", rows, _kernel(kernels, name))
            if bias_A.any():
                product = writer.node("Sum", product, writer.constant(bias_A))
        else:
            product, _ = multiply(
                writer, rows, kernels.weights[name], stored, bias_O=bias_A, plus="Sum"
            )
        at_C = self._at_C[::-1] if backwards else self._at_C
        every_CA = writer.node("Gather", product, writer.constant(np.ascontiguousarray(at_C)))
        every_CHS = writer.node("Reshape", every_CA, writer.ints(len(at_C), heads, -1))
        return writer.node("Transpose", every_CHS, perm=[1, 2, 0])

    def _near(self, every_HSC: str) -> str:
        """Those of the distances that a text has, (H, S, 2 L - 1)."""
        writer, last = self._kernels.writer, len(self._at_C)
        start = writer.node("Sub", writer.ints((last + 1) // 2), self._length)
        end = writer.node("Add", writer.ints((last - 1) // 2), self._length)
        return writer.node("Slice", every_HSC, start, end, writer.ints(2))

    def _heads(self, x_NLA: str, heads: int) -> str:
        """(N, H, L, S)."""
        writer = self._kernels.writer
        x_NLHS = writer.node("Reshape", x_NLA, writer.ints(0, 0, heads, -1))
        return writer.node("Transpose", x_NLHS, perm=[0, 2, 1, 3])

    def _shifted(self, by_distance_NHLC: str) -> str:
        """From a column a distance to one a token, (N, H, L, L): row i begins L - 1 - i columns on.

        Rows that are one column longer, cut to rows of their old length, move so (Dai et al. 2019).

        Returns:
            The name of the value.
        """
        writer, length = self._kernels.writer, self._length
        pads = writer.ints(0, 0, 0, 0, 0, 0, 0, 1)
        wider = writer.node("Pad", by_distance_NHLC, pads)
        flat = writer.node("Reshape", wider, writer.ints(0, 0, -1))
        one, last = writer.ints(1), writer.ints(-1)
        start = writer.node("Sub", length, one)
        columns = writer.node("Sub", writer.node("Add", length, length), one)
        count = writer.node("Mul", length, columns)
        end = writer.node("Add", start, count)
        rows = writer.node("Slice", flat, start, end, last)
        zero = writer.ints(0, 0)
        shape = writer.node("Concat", zero, length, columns, axis=0)
        return writer.node(
            "Slice", writer.node("Reshape", rows, shape), writer.ints(0), length, last
        )

    def of_all(
        self, name: str, query: str, key: str, heads: int, biases: Mapping[str, np.ndarray]
    ) -> str:
        """What is added to the scores of all queries, (N, H, L, L), not yet scaled.

        Args:
            name: of the layer.
            query: (N, L, A).
            key: (N, L, A).
            heads: of the layer.
            biases: of its `query` and `key`.

        Returns:
            The name of the value.
        """
        writer = self._kernels.writer
        keys = self._vectors(f"{name}.key", biases["key"], heads, backwards=True)
        queries = self._vectors(f"{name}.query", biases["query"], heads, backwards=False)
        of_query = writer.node("MatMul", self._heads(query, heads), self._near(keys))
        of_key = writer.node("MatMul", self._heads(key, heads), self._near(queries))
        turned = writer.node("Transpose", self._shifted(of_key), perm=[0, 1, 3, 2])
        return writer.node("Add", self._shifted(of_query), turned)

    def of_first(
        self, name: str, query: str, key: str, heads: int, biases: Mapping[str, np.ndarray]
    ) -> str:
        """The same for the query of the first token alone, (N, H, 1, L); query: (N, 1, A)."""
        writer = self._kernels.writer
        keys = self._vectors(f"{name}.key", biases["key"], heads, backwards=True)
        queries = self._vectors(f"{name}.query", biases["query"], heads, backwards=True)
        middle = writer.ints(len(self._at_C) // 2)
        end = writer.node("Add", middle, self._length)
        last = writer.ints(2)
        keys_HSL, queries_HSL = (
            writer.node("Slice", each, middle, end, last) for each in (keys, queries)
        )
        of_query = writer.node("MatMul", self._heads(query, heads), keys_HSL)
        turned_NHSL = writer.node("Transpose", self._heads(key, heads), perm=[0, 1, 3, 2])
        met_NHSL = writer.node("Mul", turned_NHSL, queries_HSL)
        return writer.node("Add", of_query, writer.node("ReduceSum", met_NHSL, last))
