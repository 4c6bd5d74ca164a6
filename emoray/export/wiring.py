"""A network under a scheme, laid out as ONNX nodes in the order the data meets them."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from emoray.export.execution import Execution
from emoray.export.lookup import look_up
from emoray.export.network import Network, dense_name
from emoray.export.pooling import Words, pool_words
from emoray.export.products import Activation, PerRow, multiply
from emoray.export.stored import Stored, store
from emoray.export.writer import Writer
from emoray.quant.affine import affine_between
from emoray.quant.scheme import EMBEDDING, Dynamic, ModelScheme, Static

IDS, LOGITS = "ids", "logits"
Ranges = Mapping[str, tuple[float, float]]


class Wiring:
    """The nodes; and for each weight how it is stored and computed, and what its product reads."""

    def __init__(self, network: Network, scheme: ModelScheme, ranges: Ranges) -> None:
        self.network = network
        self.scheme = scheme
        self.ranges = ranges
        self.writer = Writer()
        self.weights = network.weights()
        self.stored: dict[str, Stored] = {}
        self.execution: dict[str, Execution] = {}
        self.bytes: dict[str, int] = {}
        self.inputs: dict[str, str] = {}
        self.logits = self._wire()

    def _store(self, name: str) -> Stored | None:
        scheme = self.scheme.of(name)
        if scheme is None:
            return None
        self.stored[name] = store(self.weights[name], scheme)
        return self.stored[name]

    def _activation(self, name: str, nonnegative: bool) -> Activation:
        match self.scheme.activations:
            case Dynamic():
                return PerRow(nonnegative)
            case Static(symmetric=symmetric):
                return affine_between(*self.ranges[name], symmetric=symmetric)
        return None

    def _multiply(
        self, name: str, x: str, *, nonnegative: bool = False, bias_O: np.ndarray | None = None
    ) -> str:
        self.inputs[name] = x
        stored, before = self._store(name), self.writer.stored_bytes()
        product, self.execution[name] = multiply(
            self.writer,
            x,
            self.weights[name],
            stored,
            activation=None if stored is None else self._activation(name, nonnegative),
            bias_O=bias_O,
        )
        bias_bytes = 0 if bias_O is None else bias_O.nbytes
        self.bytes[name] = self.writer.stored_bytes() - before - bias_bytes
        return product

    def _wire(self) -> str:
        network, writer = self.network, self.writer
        stored = self._store(EMBEDDING)
        vectors, self.execution[EMBEDDING] = look_up(writer, IDS, network.embedding_VD, stored)
        self.bytes[EMBEDDING] = writer.stored_bytes()
        words = Words(writer, IDS, vectors)
        pooled = []
        for i, pool in enumerate(network.pools):
            kernel = next((n for n in self.weights if n.startswith(f"pool{i}.")), "")
            pooled.append(pool_words(words, pool, partial(self._multiply, kernel)))
        value = writer.node("Concat", *pooled, axis=1) if len(pooled) > 1 else pooled[0]
        for i, layer in enumerate(network.dense):
            name = dense_name(network, i)
            value = self._multiply(name, value, nonnegative=i > 0, bias_O=layer.bias_O)
            if name != "head":
                value = writer.node("Relu", value)
        writer.nodes[-1].output[0] = LOGITS
        return LOGITS
