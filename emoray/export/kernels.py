"""Write the products of a network under its scheme, and record how each weight is computed."""

from collections.abc import Mapping

import numpy as np

from emoray.export.execution import INTEGER, Execution
from emoray.export.fused_matmul import fused_product
from emoray.export.lookup import look_up
from emoray.export.matmul import Activation, Codes, PerRow, multiply, quantize_inputs
from emoray.export.weights import Stored, store
from emoray.export.writer import Writer
from emoray.quant.affine import AffineMap, affine_between
from emoray.quant.scheme import EMBEDDING, Dynamic, ModelScheme, Static

IDS, FEATURES, LOGITS = "ids", "features", "logits"
Ranges = Mapping[str, tuple[float, float]]


class Kernels:
    """Writes products; records for each weight how it is stored and computed, and its input.

    ranges: (alpha, beta) of each product's input. maps: of weights whose codes were learned;
    all others get the map their scheme chooses. fused: integer products are one node where they
    can, and those that read one value in one way share its codes. features: as of the writer.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        scheme: ModelScheme,
        ranges: Ranges,
        maps: Mapping[str, AffineMap],
        *,
        fused: bool = False,
        features: int | None = None,
    ) -> None:
        self.weights = weights
        self.scheme = scheme
        self.ranges = ranges
        self.maps = maps
        self.fused = fused
        self.writer = Writer(features)
        self.stored: dict[str, Stored] = {}
        self.execution: dict[str, Execution] = {}
        self.bytes: dict[str, int] = {}
        self.inputs: dict[str, str] = {}
        self.reads: dict[str, tuple[str, ...]] = {}  # all inputs of a weight that is applied again
        self._codes: dict[tuple[object, ...], Codes] = {}

    def store(self, name: str) -> Stored | None:
        """The codes of a weight; None where it stays float32."""
        scheme = self.scheme.of(name)
        if scheme is None:
            return None
        if name not in self.stored:
            self.stored[name] = store(self.weights[name], scheme, self.maps.get(name))
        return self.stored[name]

    def activation(self, name: str, nonnegative: bool) -> Activation:
        """How a product's input is quantized; None where it stays float32."""
        match self.scheme.activations:
            case Dynamic():
                return PerRow(nonnegative)
            case Static(symmetric=symmetric):
                return affine_between(*self.ranges[name], symmetric=symmetric)
        return None

    def look_up(self, ids: str) -> str:
        """Write the embedding's vectors of ids."""
        stored, before = self.store(EMBEDDING), self.writer.stored_bytes()
        vectors, how = look_up(self.writer, ids, self.weights[EMBEDDING], stored)
        self.execution[EMBEDDING] = how
        self.bytes.setdefault(EMBEDDING, self.writer.stored_bytes() - before)
        return vectors

    def _quantized(self, name: str, x: str, activation: PerRow | AffineMap) -> Codes:
        """Write the codes of x, once for all products that read it in the same way."""
        how = activation if isinstance(activation, PerRow) else tuple(self.ranges[name])
        if (x, how) not in self._codes:
            inputs = len(self.weights[name])
            self._codes[x, how] = quantize_inputs(self.writer, x, inputs, activation)
        return self._codes[x, how]

    def _product(
        self, name: str, x: str, activation: Activation, bias_O: np.ndarray | None
    ) -> tuple[str, Execution]:
        stored, writer = self.stored.get(name), self.writer
        if self.fused and stored is not None and activation is not None:
            left = self._quantized(name, x, activation)
            return fused_product(writer, left, stored, bias_O), INTEGER
        return multiply(
            writer,
            x,
            self.weights[name],
            stored,
            activation=activation,
            bias_O=bias_O,
            plus="Sum" if self.fused else "Add",
        )

    def multiply(
        self, name: str, x: str, *, nonnegative: bool = False, bias_O: np.ndarray | None = None
    ) -> str:
        """Write x @ kernel + bias; written for two branches, a weight is stored once."""
        self.inputs[name] = x
        self.reads[name] = (*self.reads.get(name, ()), x)
        stored, before = self.store(name), self.writer.stored_bytes()
        activation = None if stored is None else self.activation(name, nonnegative)
        product, self.execution[name] = self._product(name, x, activation, bias_O)
        bias_bytes = 0 if bias_O is None else bias_O.nbytes
        self.bytes.setdefault(name, self.writer.stored_bytes() - before - bias_bytes)
        return product
