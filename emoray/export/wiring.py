"""A network under a scheme as ONNX nodes, in the order the data meets them."""

from collections.abc import Mapping
from functools import partial

from emoray.export.kernels import IDS, LOGITS, Kernels, Ranges
from emoray.export.network import Network, dense_name
from emoray.export.pooling import WordBatch, pool_words
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import ModelScheme


def wire_network(
    network: Network,
    scheme: ModelScheme,
    ranges: Ranges,
    maps: Mapping[str, AffineMap] | None = None,
) -> Kernels:
    """Write the nodes from `ids` to `logits`, and record how each weight is stored and computed."""
    kernels = Kernels(network.weights(), scheme, ranges, maps or {})
    writer = kernels.writer
    words = WordBatch(writer, IDS, kernels.look_up(IDS))
    pooled = []
    for i, pool in enumerate(network.pools):
        kernel = next((n for n in kernels.weights if n.startswith(f"pool{i}.")), "")
        pooled.append(pool_words(words, pool, partial(kernels.multiply, kernel)))
    value = writer.node("Concat", *pooled, axis=1) if len(pooled) > 1 else pooled[0]
    for i, layer in enumerate(network.dense):
        name = dense_name(network, i)
        value = kernels.multiply(name, value, nonnegative=i > 0, bias_O=layer.bias_O)
        if name != "head":
            value = writer.node("Relu", value)
    writer.nodes[-1].output[0] = LOGITS
    return kernels
