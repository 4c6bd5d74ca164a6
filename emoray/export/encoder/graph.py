"""An encoder under a scheme as ONNX nodes, in the order the data meets them."""

from collections.abc import Mapping

import numpy as np
from onnx import TensorProto

from emoray.export.encoder.network import Encoder, EncoderLayer, Norm
from emoray.export.encoder.padding import Packed, Padded, Tokens, is_full
from emoray.export.kernels import IDS, LOGITS, Kernels, Ranges
from emoray.export.writer import CONTRIB
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import EMBEDDING, ModelScheme

NEVER = -1e30


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

    def _activated(self, x: str) -> str:
        match self.settings.activation:
            case "gelu":
                return self.writer.node("Gelu", x, domain=CONTRIB)
            case "gelu_tanh":
                return self.writer.node("FastGelu", x, domain=CONTRIB)
        return self.writer.node("Relu", x)

    def _layer(self, i: int, layer: EncoderLayer, x: str, bias: str, tokens: Tokens) -> str:
        def product(name: str, x: str) -> str:
            return self.kernels.multiply(
                f"layer{i}.{name}", x, bias_O=layer.products()[name].bias_O
            )

        read = [tokens.spread(product(name, x)) for name in ("query", "key", "value")]
        seen_NLD = self.writer.node(
            "MultiHeadAttention",
            *read,
            "",
            "",
            bias,
            domain=CONTRIB,
            num_heads=self.settings.heads,
        )
        x = self._normed(product("attention", tokens.pack(seen_NLD)), x, layer.attention_norm)
        inner = self._activated(product("inner", x))
        return self._normed(product("outer", inner), x, layer.outer_norm)

    def _table(self, positions_PD: np.ndarray) -> str:
        """Store positions as float16 with a quantized embedding, still far finer than its codes."""
        if self.kernels.scheme.of(EMBEDDING) is None:
            return self.writer.constant(positions_PD)
        return self.writer.cast(
            self.writer.constant(positions_PD.astype(np.float16)), TensorProto.FLOAT
        )

    def _bias(self, real_NL: str) -> str:
        """The summand of attention's scores, (N, 1, L, L), which masks padding."""
        writer = self.writer
        bias_NL = writer.node("Where", real_NL, writer.number(0), writer.number(NEVER))
        length = writer.node("Shape", IDS, start=1)
        shape = writer.node("Concat", writer.ints(1, 1), length, writer.ints(1), axis=0)
        return writer.node("Expand", writer.node("Unsqueeze", bias_NL, writer.ints(1, 2)), shape)

    def _layers(self, x_NLD: str, real_NL: str) -> str:
        """All layers, (N, L, D) to (N, L, D); written twice where padding is worth a detour."""
        writer, bias = self.writer, self._bias(real_NL)

        def through(tokens: Tokens) -> str:
            x = tokens.pack(x_NLD)
            for i, layer in enumerate(self.encoder.layers):
                x = self._layer(i, layer, x, bias, tokens)
            return tokens.spread(x)

        if not self.packing:
            return through(Padded())
        return writer.either(
            is_full(writer, real_NL),
            lambda: through(Padded()),
            lambda: through(Packed(writer, real_NL, self.encoder.width)),
        )

    def wire(self) -> None:
        """Write all nodes."""
        writer, encoder = self.writer, self.encoder
        x = self.kernels.look_up(IDS)
        if encoder.projection_RD is not None:
            x = self.kernels.multiply("projection", x)
        shape = writer.node("Shape", IDS, start=1)
        positions = writer.node(
            "Slice", self._table(encoder.positions_PD), writer.ints(0), shape, writer.ints(0)
        )
        x = self._normed(x, positions, encoder.norm)
        real_NL = writer.cast(IDS, TensorProto.BOOL)
        x = self._layers(x, real_NL)
        pooled = self._pooled(x, real_NL)
        if encoder.pooler is not None:
            pooled = self.kernels.multiply("pooler", pooled, bias_O=encoder.pooler.bias_O)
            pooled = writer.node("Tanh" if self.settings.pooler == "tanh" else "Relu", pooled)
        self.kernels.multiply("head", pooled, bias_O=encoder.head.bias_O)
        writer.nodes[-1].output[0] = LOGITS

    def _pooled(self, x: str, real_NL: str) -> str:
        writer = self.writer
        if self.settings.pooling == "cls":
            return writer.node("Gather", x, writer.constant(np.array(0, np.int64)), axis=1)
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
