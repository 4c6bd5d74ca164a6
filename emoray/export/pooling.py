"""Pools over a text's real words, as ONNX nodes. Padding (id 0) counts nowhere.

Shapes: N texts, L tokens, D width, F filters. The vectors of padding are zeros already.
"""

from collections.abc import Callable

from onnx import TensorProto

from emoray.export.network import AttentionPool, ConvMaxPool, MaxPool, MeanPool, MinPool, Pool
from emoray.export.writer import Writer

Multiply = Callable[[str], str]  # x @ this pool's kernel


class WordBatch:
    """A batch of texts inside the graph: vectors_NLD and a mask of words."""

    def __init__(self, writer: Writer, ids: str, vectors_NLD: str) -> None:
        self.writer = writer
        self.vectors = vectors_NLD
        self.real_NL = writer.cast(ids, TensorProto.BOOL)
        self._real_NL1 = ""

    def keep(self, value_NLX: str, elsewhere: float) -> str:
        """Write the value at real words, `elsewhere` at padding."""
        writer = self.writer
        if not self._real_NL1:
            self._real_NL1 = writer.node("Unsqueeze", self.real_NL, writer.ints(2))
        return writer.node("Where", self._real_NL1, value_NLX, writer.number(elsewhere))

    def over(self, op: str, value_NLX: str) -> str:
        """Reduce over the words: (N, L, X) → (N, X)."""
        return self.writer.node(op, value_NLX, self.writer.ints(1), keepdims=0)


def _mean(words: WordBatch) -> str:
    writer = words.writer
    ones_NL = writer.cast(words.real_NL, TensorProto.FLOAT)
    counts_N1 = writer.node("ReduceSum", ones_NL, writer.ints(1))
    return writer.node("Div", words.over("ReduceSum", words.vectors), counts_N1)


def _attention(words: WordBatch, multiply: Multiply) -> str:
    writer = words.writer
    scores_NL1 = words.keep(multiply(words.vectors), float("-inf"))
    shares_NL1 = writer.node("Softmax", scores_NL1, axis=1)
    return words.over("ReduceSum", writer.node("Mul", words.vectors, shares_NL1))


def _convolution(words: WordBatch, pool: ConvMaxPool, multiply: Multiply) -> str:
    """Write bias and ReLU after the maximum, as they keep values' order: L times less work."""
    writer, axis = words.writer, words.writer.ints(1)
    padded = writer.node("Pad", words.vectors, writer.ints(0, 1, 0, 0, 1, 0))
    before = writer.node("Slice", padded, writer.ints(0), writer.ints(-2), axis)
    after = writer.node("Slice", padded, writer.ints(2), writer.ints(2**31), axis)
    three_NLW = writer.node("Concat", before, words.vectors, after, axis=2)
    found_NLF = words.keep(multiply(three_NLW), float("-inf"))
    best_NF = words.over("ReduceMax", found_NLF)
    return writer.node("Relu", writer.node("Add", best_NF, writer.constant(pool.bias_F)))


def pool_words(words: WordBatch, pool: Pool, multiply: Multiply) -> str:
    """Write a pool, (N, L, D) → (N, D), or (N, F) for a convolution."""
    match pool:
        case MeanPool():
            return _mean(words)
        case MaxPool():
            return words.over("ReduceMax", words.keep(words.vectors, float("-inf")))
        case MinPool():
            return words.over("ReduceMin", words.keep(words.vectors, float("inf")))
        case AttentionPool():
            return _attention(words, multiply)
        case ConvMaxPool():
            return _convolution(words, pool, multiply)
