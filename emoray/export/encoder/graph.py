"""An encoder under a scheme as ONNX nodes, in the order the data meets them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from emoray.export.encoder.margins import write_margins
from emoray.export.encoder.network import Encoder, EncoderLayer, Norm
from emoray.export.encoder.padding import Packed, Padded, Tokens, is_full
from emoray.export.kernels import IDS, LOGITS, Kernels, Ranges
from emoray.export.writer import CONTRIB
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import EMBEDDING, ModelScheme

NEVER = -1e30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mask:
    """For the queries of all tokens, and of the first one alone; H is 1 but for distances."""

    of_all_NHLL: str
    of_first_NH1L: str


class _Wiring:
    def __init__(self, encoder: Encoder, kernels: Kernels, packing: bool) -> None:
        self.packing = packing
        self.encoder = encoder
        self.kernels = kernels
        self.writer = kernels.writer
        self.settings = encoder.settings

    def _normed(self, x: str, skip: str, norm: Norm) -> str:
        """Add by Sum: onnxruntime fuses Add and what follows into one node, slower than both."""
        writer = self.writer
        return writer.node(
            "LayerNormalization",
            writer.node("Sum", x, skip),
            writer.constant(norm.scale_D),
            writer.constant(norm.bias_D),
            axis=-1,
            epsilon=self.settings.epsilon,
        )

    def _activated(self, x: str, activation: str) -> str:
        match activation:
            case "gelu":
                return self.writer.node("Gelu", x, domain=CONTRIB)
            case "gelu_tanh":
                return self.writer.node("FastGelu", x, domain=CONTRIB)
            case "tanh":
                return self.writer.node("Tanh", x)
        return self.writer.node("Relu", x)

    def _layer(self, i: int, layer: EncoderLayer, x: str, mask: _Mask, tokens: Tokens) -> str:
        """One layer, in the tokens' layout; (N, D) of the last one where a text's first counts."""
        alone = f"layer{i}.outer" in self.encoder.read_once_a_text

        def product(name: str, x: str) -> str:
            return self.kernels.multiply(
                f"layer{i}.{name}", x, bias_O=layer.products()[name].bias_O
            )

        mine = tokens.first(x) if alone else x
        query = product("query", mine)
        key, value = (tokens.spread(product(name, x)) for name in ("key", "value"))
        seen = self.writer.node(
            "Attention",
            self.writer.node("Unsqueeze", query, self.writer.ints(1))
            if alone
            else tokens.spread(query),
            key,
            value,
            mask.of_first_NH1L if alone else mask.of_all_NHLL,
            q_num_heads=self.encoder.heads(layer),
            kv_num_heads=self.encoder.heads(layer),
        )
        seen = (
            self.writer.node("Squeeze", seen, self.writer.ints(1))
            if alone
            else tokens.pack(seen, layer.value.bias_O.size)
        )
        x = self._normed(product("attention", seen), mine, layer.attention_norm)
        inner = self._activated(product("inner", x), self.settings.activation)
        return self._normed(product("outer", inner), x, layer.outer_norm)

    def _table(self, positions_PE: np.ndarray) -> str:
        """Store positions as float16 with a quantized embedding, still far finer than its codes."""
        if self.kernels.scheme.of(EMBEDDING) is None:
            return self.writer.constant(positions_PE)
        return self.writer.cast(
            self.writer.constant(positions_PE.astype(np.float16)), TensorProto.FLOAT
        )

    def _mask(self, real_NL: str) -> _Mask:
        """The summands of attention's scores that hide padding, and those of distances."""
        writer = self.writer
        bias_NL = writer.node("Where", real_NL, writer.number(0), writer.number(NEVER))
        of_first_N11L = writer.node("Unsqueeze", bias_NL, writer.ints(1, 2))
        length = writer.node("Shape", IDS, start=1)
        shape = writer.node("Concat", writer.ints(1, 1), length, writer.ints(1), axis=0)
        if self.encoder.relative_HC is not None:
            return self._by_distance(self.encoder.relative_HC, length, of_first_N11L)
        return _Mask(
            of_all_NHLL=writer.node("Expand", of_first_N11L, shape), of_first_NH1L=of_first_N11L
        )

    def _by_distance(self, relative_HC: np.ndarray, length: str, hidden_N11L: str) -> _Mask:
        """Add what heads add by distance: looked up in a table, for it is small."""
        writer, zero = self.writer, self.writer.ints(0)
        table = writer.constant(relative_HC)
        every_P = np.arange(self.encoder.positions)
        places_L = writer.node("Slice", writer.constant(every_P), zero, length, zero)
        middle = writer.constant(np.array(self.encoder.positions - 1))
        at_L = writer.node("Add", places_L, middle)
        queries_L1 = writer.node("Unsqueeze", places_L, writer.ints(1))
        at_LL = writer.node("Sub", writer.node("Unsqueeze", at_L, zero), queries_L1)
        of_all_HLL = writer.node("Gather", table, at_LL, axis=1)
        of_first_H1L = writer.node(
            "Unsqueeze", writer.node("Gather", table, at_L, axis=1), writer.ints(1)
        )
        return _Mask(
            of_all_NHLL=writer.node("Add", hidden_N11L, of_all_HLL),
            of_first_NH1L=writer.node("Add", hidden_N11L, of_first_H1L),
        )

    def _layers(self, x_NLD: str, real_NL: str) -> str:
        """All layers, to (N, L, D), or (N, D) by first token; twice where padding costs."""
        writer, mask = self.writer, self._mask(real_NL)

        def through(tokens: Tokens) -> str:
            x = tokens.pack(x_NLD, self.encoder.width)
            for _ in range(self.settings.repeats):
                for i, layer in enumerate(self.encoder.layers):
                    x = self._layer(i, layer, x, mask, tokens)
            if self.settings.pooling != "cls":
                return tokens.spread(x)
            return x if self.settings.repeats == 1 else tokens.first(x)

        if not self.packing:
            return through(Padded(writer))
        return writer.either(
            is_full(writer, real_NL),
            lambda: through(Padded(writer)),
            lambda: through(Packed(writer, real_NL)),
        )

    def wire(self) -> None:
        """Write all nodes."""
        writer, encoder = self.writer, self.encoder
        x = self.kernels.look_up(IDS)
        if encoder.projection_RE is not None:
            x = self.kernels.multiply("projection", x)
        shape = writer.node("Shape", IDS, start=1)
        positions = writer.node(
            "Slice", self._table(encoder.positions_PE), writer.ints(0), shape, writer.ints(0)
        )
        x = self._normed(x, positions, encoder.norm)
        if encoder.expansion is not None:
            x = self.kernels.multiply("expansion", x, bias_O=encoder.expansion.bias_O)
        real_NL = writer.cast(IDS, TensorProto.BOOL)
        x = self._layers(x, real_NL)
        pooled = self._pooled(x, real_NL)
        if encoder.pooler is not None:
            pooled = self.kernels.multiply("pooler", pooled, bias_O=encoder.pooler.bias_O)
            pooled = self._activated(pooled, str(self.settings.pooler))
        logits = self.kernels.multiply("head", pooled, bias_O=encoder.head.bias_O)
        if self.settings.softmax:
            write_margins(writer, logits, encoder.head.bias_O.size)
        writer.nodes[-1].output[0] = LOGITS

    def _pooled(self, x: str, real_NL: str) -> str:
        writer = self.writer
        if self.settings.pooling == "cls":
            return x
        ones_NL = writer.cast(real_NL, TensorProto.FLOAT)
        counts_N1 = writer.node("ReduceSum", ones_NL, writer.ints(1))
        real_NL1 = writer.node("Unsqueeze", ones_NL, writer.ints(2))
        total = writer.node(
            "ReduceSum", writer.node("Mul", x, real_NL1), writer.ints(1), keepdims=0
        )
        return writer.node("Div", total, counts_N1)


def wire_encoder(
    encoder: Encoder,
    scheme: ModelScheme,
    ranges: Ranges,
    maps: Mapping[str, AffineMap] | None = None,
    *,
    packing: bool = True,
) -> Kernels:
    """Write the nodes from `ids` to `logits`.

    Args:
        encoder: its arrays.
        scheme: of weights and activations.
        ranges: (alpha, beta) of each product's input, for static activations.
        maps: learned in training, by the name of their weight.
        packing: whether batches with padding take a second branch, where only attention reads it.

    Returns:
        The kernels, with how each weight is stored and computed.
    """
    kernels = Kernels(encoder.weights(), scheme, ranges, maps or {}, fused=True)
    _Wiring(encoder, kernels, packing).wire()
    return kernels
