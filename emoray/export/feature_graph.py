"""The ONNX model of a network on features, and what its products read.

It reads `features` float32 [N, F] and standardizes them itself. Shapes: N rows, F features, R rows,
I inputs of a product.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from emoray.artifact.scoring import Texts, scoring_batches, scoring_session
from emoray.export.feature_network import COMPONENTS, FeatureNetwork
from emoray.export.graph import Built, check_names, checked_ranges, finished_model
from emoray.export.kernels import FEATURES, LOGITS, Kernels, Ranges
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import FLOAT, ModelScheme


def wire_features(
    network: FeatureNetwork, scheme: ModelScheme, ranges: Ranges, maps: Mapping[str, AffineMap]
) -> Kernels:
    """Write the nodes from `features` to `logits`."""
    width = len(network.mean_F)
    kernels = Kernels(network.weights(), scheme, ranges, maps, features=width)
    writer = kernels.writer
    centred = writer.node("Sub", FEATURES, writer.constant(network.mean_F))
    scaled = writer.node("Mul", centred, writer.constant(network.factor_F))
    ends = writer.number(-network.farthest), writer.number(network.farthest)
    value = writer.node("Clip", scaled, *ends)
    if network.components_FD is not None:
        value = kernels.multiply(COMPONENTS, value)
    for i, layer in enumerate(network.dense):
        name = "head" if layer is network.dense[-1] else f"dense{i}"
        value = kernels.multiply(name, value, nonnegative=i > 0, bias_O=layer.bias_O)
        if name != "head":
            value = writer.node("Relu", value)
    writer.nodes[-1].output[0] = LOGITS
    return kernels


def build_features(
    network: FeatureNetwork,
    scheme: ModelScheme,
    static_ranges: Ranges | None,
    maps: Mapping[str, AffineMap],
) -> Built:
    """Build the model of a network under a scheme; see `build_graph`."""
    check_names(network.weights(), scheme, maps)
    ranges = checked_ranges(network.weights(), scheme, static_ranges)
    return finished_model(wire_features(network, scheme, ranges, maps))


def feature_activations(network: FeatureNetwork, rows: Texts) -> Iterator[dict[str, np.ndarray]]:
    """Run a network in float on rows, batch by batch.

    Yields:
        rows_RI of each product's input, by the name of its kernel.
    """
    kernels = wire_features(network, FLOAT, {}, {})
    model = kernels.writer.model(dict.fromkeys(kernels.inputs.values(), 2))
    session = scoring_session(model.SerializeToString())
    for _, features_NF in scoring_batches(rows):
        found = session.run(None, {FEATURES: features_NF})
        named = dict(zip((end.name for end in session.get_outputs()), found, strict=True))
        yield {name: named[value] for name, value in kernels.inputs.items()}
