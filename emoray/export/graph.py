"""A network under a scheme becomes an ONNX model: `ids` int32 [N, L] in, `logits` [N, K] out.

A text's logits depend on its own words only: padding is masked and activations are quantized row
by row, so batches may be put together freely. A text has at least one id that is not 0.
"""

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto

from emoray.export.execution import Execution, summary
from emoray.export.network import Network
from emoray.export.stored import Stored
from emoray.export.wiring import LOGITS, Ranges, Wiring
from emoray.quant.inspect import HISTOGRAM_BINS, TensorFacts, explain, kurtosis
from emoray.quant.scheme import EMBEDDING, FLOAT, ModelScheme, QuantScheme, Static


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerFacts:
    """One tensor of a model: how it is computed, what it takes in the file, what quantizing did.

    scheme: None where it stays float32; its facts then have 32 bits and no scale.
    stored_bytes: codes, scales, zero-points and the constants that unpack them.
    """

    name: str
    scheme: QuantScheme | None
    execution: Execution
    stored_bytes: int
    facts: TensorFacts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Built:
    """A model, its tensors in the order the data meets them, and what its products run in.

    embedding_bytes: the word vectors in the file, scales and zero-points included.
    """

    model: ModelProto
    layers: tuple[LayerFacts, ...]
    execution: str
    embedding_bytes: int

    @property
    def file(self) -> bytes:
        """The bytes of model.onnx, the same for the same model."""
        return self.model.SerializeToString(deterministic=True)


def _check_ranges(network: Network, scheme: ModelScheme, ranges: Ranges | None) -> Ranges:
    if not isinstance(scheme.activations, Static):
        return {}
    needed = [n for n in network.weights() if n != EMBEDDING and scheme.of(n) is not None]
    missing = sorted(set(needed) - set(ranges or {}))
    if missing:
        raise ValueError(
            f"static activations need a range for every product, got none for {missing}: "
            "calibrate with `calibrate(network, texts, scheme)`"
        )
    return ranges or {}


def _facts(values: np.ndarray, stored: Stored | None) -> TensorFacts:
    if stored is not None:
        return explain(values, stored.quantized)
    counts, edges = np.histogram(values, bins=HISTOGRAM_BINS)
    return TensorFacts(
        shape=values.shape,
        slices=0,
        bits=32,
        alpha=float(values.min()),
        beta=float(values.max()),
        scale=0.0,
        zero_point=0,
        kurtosis=kurtosis(values),
        share_clipped=0.0,
        sqnr_db=float("inf"),
        bytes_before=values.nbytes,
        bytes_after=values.nbytes,
        counts=counts,
        edges=edges,
    )


def build(
    network: Network, scheme: ModelScheme = FLOAT, static_ranges: Ranges | None = None
) -> Built:
    """The model of a network under a scheme.

    static_ranges: (alpha, beta) of what each product reads, by the name of its kernel; needed for
    Static activations, see `calibrate`.
    """
    unknown = sorted(set(scheme.keep_float) - set(network.weights()))
    if unknown:
        raise ValueError(
            f"keep_float names weights of the network, got {unknown}: "
            f"choose among {', '.join(network.weights())}"
        )
    wiring = Wiring(network, scheme, _check_ranges(network, scheme, static_ranges))
    return Built(
        model=wiring.writer.model({LOGITS: 2}),
        layers=tuple(
            LayerFacts(
                name=name,
                scheme=scheme.of(name),
                execution=wiring.execution[name],
                stored_bytes=wiring.bytes[name],
                facts=_facts(values, wiring.stored.get(name)),
            )
            for name, values in wiring.weights.items()
        ),
        execution=summary(wiring.execution),
        embedding_bytes=wiring.bytes[EMBEDDING],
    )
