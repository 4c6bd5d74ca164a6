"""Build the ONNX model of a network: `ids` int32 [N, L] in, `logits` [N, K] out.

A text's logits depend on its own words only: padding is masked and activations are quantized row
by row, so batches may be put together freely. A text has at least one id that is not 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto

from emoray.export.execution import Execution, model_execution
from emoray.export.kernels import LOGITS, Kernels, Ranges
from emoray.export.network import Network
from emoray.export.weights import Stored
from emoray.export.wiring import wire_network
from emoray.quant.affine import AffineMap
from emoray.quant.inspect import HISTOGRAM_BINS, TensorFacts, explain, kurtosis
from emoray.quant.scheme import EMBEDDING, FLOAT, ModelScheme, QuantScheme, Static


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerFacts:
    """One tensor of a model: its execution, its bytes in the file, and statistics.

    Attributes:
        name: of the tensor.
        scheme: None where it stays float32; its facts then have 32 bits and no scale.
        execution: how it is computed.
        stored_bytes: codes, scales, zero-points and the constants that unpack them.
        facts: statistics of quantizing it.
    """

    name: str
    scheme: QuantScheme | None
    execution: Execution
    stored_bytes: int
    facts: TensorFacts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Built:
    """A model, its tensors in the order the data meets them, and the execution of its products.

    Attributes:
        model: the graph.
        layers: its tensors.
        execution: of its products.
        embedding_bytes: the word vectors in the file, scales and zero-points included; 0 without
            any.
        macs: multiply-accumulates of a text by tensor, where its name does not tell them.
        float_macs: the same of products of two activations.
        float_nodes: a line on what else is computed in float; empty where that is by design.
    """

    model: ModelProto
    layers: tuple[LayerFacts, ...]
    execution: str
    embedding_bytes: int
    macs: Mapping[str, int] | None = None
    float_macs: int = 0
    float_nodes: str = ""

    @property
    def file(self) -> bytes:
        """The bytes of model.onnx, the same for the same model."""
        return self.model.SerializeToString(deterministic=True)


def checked_ranges(
    weights: Mapping[str, np.ndarray], scheme: ModelScheme, ranges: Ranges | None
) -> Ranges:
    """The ranges that a scheme's activations need; refuse a missing one."""
    if not isinstance(scheme.activations, Static):
        return {}
    needed = [n for n in weights if n != EMBEDDING and scheme.of(n) is not None]
    missing = sorted(set(needed) - set(ranges or {}))
    if missing:
        raise ValueError(
            f"static activations need a range for every product, got none for {missing}: "
            "calibrate with `calibrate(network, texts, scheme)`"
        )
    return ranges or {}


def check_names(
    weights: Mapping[str, np.ndarray], scheme: ModelScheme, maps: Mapping[str, AffineMap] | None
) -> None:
    """Refuse a scheme or learned maps that name no weight of the network."""
    for what, names in (
        ("keep_float names", scheme.keep_float),
        ("own names", dict(getattr(scheme, "own", ()))),
        ("maps are for", maps or {}),
    ):
        unknown = sorted(set(names) - set(weights))
        if unknown:
            raise ValueError(
                f"{what} weights of the network, got {unknown}: choose among {', '.join(weights)}"
            )
    for name, chosen in (maps or {}).items():
        wanted = scheme.of(name)
        if wanted is None or (chosen.bits, chosen.symmetric) != (wanted.bits, wanted.symmetric):
            kind = "symmetric" if chosen.symmetric else "affine"
            raise ValueError(
                f"a learned map has its scheme's bits and symmetry, got {chosen.bits} bits, {kind} "
                f"for {name} under {wanted}: train and export with one scheme"
            )


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


def finished_model(kernels: Kernels) -> Built:
    """The finished model, once every node is written."""
    return Built(
        model=kernels.writer.model({LOGITS: 2}),
        layers=tuple(
            LayerFacts(
                name=name,
                scheme=kernels.scheme.of(name),
                execution=kernels.execution[name],
                stored_bytes=kernels.bytes[name],
                facts=_facts(values, kernels.stored.get(name)),
            )
            for name, values in kernels.weights.items()
        ),
        execution=model_execution(kernels.execution),
        embedding_bytes=kernels.bytes.get(EMBEDDING, 0),
    )


def build_graph(
    network: Network,
    scheme: ModelScheme = FLOAT,
    static_ranges: Ranges | None = None,
    maps: Mapping[str, AffineMap] | None = None,
) -> Built:
    """Build the model of a network under a scheme.

    Args:
        network: its arrays.
        scheme: of weights and activations.
        static_ranges: (alpha, beta) of each product's input, by the name of its kernel; needed for
            Static activations, see `calibrate`.
        maps: learned in training, by the name of their weight.

    Returns:
        The model with facts of its tensors.
    """
    check_names(network.weights(), scheme, maps)
    ranges = checked_ranges(network.weights(), scheme, static_ranges)
    return finished_model(wire_network(network, scheme, ranges, maps))
