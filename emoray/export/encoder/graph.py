"""An encoder under a scheme as ONNX nodes, in the order the data meets them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from onnx import TensorProto

from emoray.export.encoder.distances import DistanceVectors
from emoray.export.encoder.margins import write_margins
from emoray.export.encoder.network import Encoder, EncoderLayer, Norm
from emoray.export.encoder.padding import Packed, Padded, Tokens, is_full
from emoray.export.encoder.places import Mask, Places
from emoray.export.kernels import IDS, LOGITS, Kernels, Ranges
from emoray.export.network import Linear
from emoray.export.writer import CONTRIB
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import EMBEDDING, ModelScheme

SHORTEST = 1e-12  # length of a vector, as PyTorch's normalize has it


class _Wiring:
    def __init__(self, encoder: Encoder, kernels: Kernels, packing: bool) -> None:
        self.packing = packing
        self.encoder = encoder
        self.kernels = kernels
        self.writer = kernels.writer
        self.settings = encoder.settings
        self.places = Places(kernels.writer, encoder)
        self.distances = None
        if encoder.distances_UD is not None and encoder.distances_at_C is not None:
            self.distances = DistanceVectors(kernels, encoder.distances_UD, encoder.distances_at_C)

    def _added(self, x: str, more: str) -> str:
        """Add by Sum: onnxruntime fuses Add and what follows into one node, slower than both."""
        return self.writer.node("Sum", x, more)

    def _normed(self, x: str, norm: Norm | None) -> str:
        if norm is None:
            return x
        given = [x, self.writer.constant(norm.scale_D)]
        if norm.bias_D.any():
            given.append(self.writer.constant(norm.bias_D))
        return self.writer.node(
            "LayerNormalization", *given, axis=-1, epsilon=self.settings.epsilon
        )

    def _product(self, name: str, x: str, linear: Linear) -> str:
        bias_O = linear.bias_O if linear.bias_O.any() else None
        return self.kernels.multiply(name, x, bias_O=bias_O)

    def _activated(self, x: str, activation: str) -> str:
        match activation:
            case "gelu":
                return self.writer.node("Gelu", x, domain=CONTRIB)
            case "gelu_tanh":
                return self.writer.node("FastGelu", x, domain=CONTRIB)
            case "tanh":
                return self.writer.node("Tanh", x)
        return self.writer.node("Relu", x)

    def _seen(
        self, i: int, layer: EncoderLayer, x: str, mask: Mask, tokens: Tokens, alone: bool
    ) -> str:
        """What the heads make of the tokens; alone: of each text's first one."""
        writer, products = self.writer, layer.products()

        def product(name: str, x: str) -> str:
            return self._product(f"layer{i}.{name}", x, products[name])

        query = product("query", tokens.first(x) if alone else x)
        key, value = (tokens.spread(product(name, x)) for name in ("key", "value"))
        heads = self.encoder.heads(layer)
        scale: dict[str, Any] = {}
        if alone:  # at place 0 nothing is turned
            query = writer.node("Unsqueeze", query, writer.ints(1))
        else:
            query = self.places.turned(tokens.spread(query), layer.rotary_T, heads)
        bias = mask.of_first_NH1L if alone else mask.of_all_NHLL
        if self.distances is not None:
            biases = {name: products[name].bias_O for name in ("query", "key")}
            write = self.distances.of_first if alone else self.distances.of_all
            scale = {"scale": (3 * self.encoder.head_width) ** -0.5}
            more = write(f"layer{i}", query, key, heads, biases)
            more = writer.node("Mul", more, writer.number(scale["scale"]))
            bias = writer.node("Add", more, bias)
        seen = writer.node(
            "Attention",
            query,
            self.places.turned(key, layer.rotary_T, heads),
            value,
            bias,
            q_num_heads=heads,
            kv_num_heads=heads,
            **scale,
        )
        if alone:
            return writer.node("Squeeze", seen, writer.ints(1))
        return tokens.pack(seen, layer.value.bias_O.size)

    def _columns(self, i: int, layer: EncoderLayer, x: str) -> str:
        """The activated columns of the feed-forward part, multiplied by their gate."""
        inner = self._activated(
            self._product(f"layer{i}.inner", x, layer.inner), self.settings.activation
        )
        if layer.gate is None:
            return inner
        return self.writer.node("Mul", inner, self._product(f"layer{i}.gate", x, layer.gate))

    def _layer(self, i: int, layer: EncoderLayer, x: str, mask: Mask, tokens: Tokens) -> str:
        """One layer, in the tokens' layout; (N, D) of the last one where a text's first counts."""
        alone = f"layer{i}.outer" in self.encoder.read_once_a_text
        first = self.settings.pre_norm
        mine = tokens.first(x) if alone else x
        read = self._normed(x, layer.attention_norm) if first else x
        seen = self._seen(i, layer, read, mask, tokens, alone)
        x = self._added(self._product(f"layer{i}.attention", seen, layer.attention), mine)
        if not first:
            x = self._normed(x, layer.attention_norm)
        read = self._normed(x, layer.outer_norm) if first else x
        columns = self._columns(i, layer, read)
        x = self._added(self._product(f"layer{i}.outer", columns, layer.outer), x)
        return x if first else self._normed(x, layer.outer_norm)

    def _table(self, positions_PE: np.ndarray) -> str:
        """Store positions as float16 with a quantized embedding, still far finer than its codes."""
        if self.kernels.scheme.of(EMBEDDING) is None:
            return self.writer.constant(positions_PE)
        return self.writer.cast(
            self.writer.constant(positions_PE.astype(np.float16)), TensorProto.FLOAT
        )

    def _placed(self, x: str) -> str:
        """Add what belongs to each token's place."""
        writer, table_PE = self.writer, self.encoder.positions_PE
        if not table_PE.size:
            return x
        zero, length = writer.ints(0), writer.node("Shape", IDS, start=1)
        return self._added(x, writer.node("Slice", self._table(table_PE), zero, length, zero))

    def _layers(self, x_NLD: str, real_NL: str) -> str:
        """All layers, to (N, L, D), or (N, D) by first token; twice where padding costs."""
        writer, places = self.writer, self.places
        masks = {layer.window: places.mask(real_NL, layer.window) for layer in self.encoder.layers}

        def through(tokens: Tokens) -> str:
            x = tokens.pack(x_NLD, self.encoder.width)
            for _ in range(self.settings.repeats):
                for i, layer in enumerate(self.encoder.layers):
                    x = self._layer(i, layer, x, masks[layer.window], tokens)
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
        self.places.prepare()
        x = self._normed(self._placed(x), encoder.norm)
        if encoder.expansion is not None:
            x = self._product("expansion", x, encoder.expansion)
        real_NL = writer.cast(IDS, TensorProto.BOOL)
        x = self._normed(self._layers(x, real_NL), encoder.final_norm)
        pooled = self._pooled(x, real_NL)
        if self.settings.unit:
            pooled = self._of_length_one(pooled)
        if encoder.pooler is not None:
            pooled = self._product("pooler", pooled, encoder.pooler)
            pooled = self._activated(pooled, str(self.settings.pooler))
            pooled = self._normed(pooled, encoder.pooler_norm)
        logits = self._product("head", pooled, encoder.head)
        if self.settings.softmax:
            write_margins(writer, logits, encoder.head.bias_O.size)
        writer.nodes[-1].output[0] = LOGITS

    def _of_length_one(self, x_ND: str) -> str:
        writer = self.writer
        length_N1 = writer.node("ReduceL2", x_ND, writer.ints(-1))
        return writer.node("Div", x_ND, writer.node("Max", length_N1, writer.number(SHORTEST)))

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
