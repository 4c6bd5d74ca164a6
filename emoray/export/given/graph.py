"""A given graph under a scheme: its products and token table as emoray's nodes, the rest as it is.

Shapes: N texts, L tokens, K labels, I inputs.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from onnx import AttributeProto, GraphProto, NodeProto, numpy_helper

from emoray.artifact.scoring import scoring_session
from emoray.export.given.network import GivenNetwork, GivenProduct, computing_nodes
from emoray.export.graph import Built, check_names, checked_ranges, finished_model
from emoray.export.kernels import IDS, LOGITS, Kernels, Ranges
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import EMBEDDING, FLOAT, ModelScheme

TOKENS = 20  # of the text whose multiplications are counted


class _Copying:
    """Copies nodes under names that no other value has: those of emoray are letters alone."""

    def __init__(self, network: GivenNetwork, kernels: Kernels) -> None:
        self.network = network
        self.writer = kernels.writer
        self.names: dict[str, str] = {"": "", IDS: IDS}

    def value(self, name: str) -> str:
        """The new name of a value; a constant is written when it is first read."""
        if name not in self.names:
            if (tensor := self.network.initializers.get(name)) is not None:
                data = numpy_helper.to_array(tensor)
                self.names[name] = self.writer.raw(
                    data.astype(data.dtype.newbyteorder("<")).tobytes(),
                    tensor.data_type,
                    tuple(tensor.dims),
                )
            else:
                self.names[name] = str(len(self.names))
        return self.names[name]

    def copy(self, node: NodeProto) -> NodeProto:
        """The node, and those of its branches, under the new names."""
        made = NodeProto()
        made.CopyFrom(node)
        del made.metadata_props[:]
        made.name = made.doc_string = ""
        made.input[:] = [self.value(name) for name in node.input]
        made.output[:] = [self.value(name) for name in node.output]
        for attribute in made.attribute:
            if attribute.type == AttributeProto.GRAPH:
                self._rename(attribute.g)
        return made

    def _rename(self, graph: GraphProto) -> None:
        """New names within a branch, whose own constants stay where they are."""
        for tensor in graph.initializer:
            self.names[tensor.name] = tensor.name = f"c{len(self.names)}_"
        for value in (*graph.input, *graph.output):
            value.name = self.value(value.name)
        nodes = [self.copy(node) for node in graph.node]
        del graph.node[:], graph.value_info[:]
        graph.node.extend(nodes)


def _needed(network: GivenNetwork) -> set[str]:
    """Outputs of the nodes that are left once products and table are written anew."""
    written = {output for each in network.products.values() for output in each.nodes}
    by_output = {o: node for node in network.model.graph.node for o in node.output}
    begins = {each.writes: each.reads for each in network.products.values()}
    if network.table is not None:
        begins[network.table.writes] = network.table.reads
    left, seen = [network.model.graph.output[0].name], set()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in begins:
            left.append(begins[name])
        elif name in by_output and name not in written:
            left += _reads(by_output[name])
    return seen


def _reads(node: NodeProto) -> list[str]:
    """Values that a node or its branches read."""
    found = list(node.input)
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            found += [name for inner in attribute.g.node for name in _reads(inner)]
    return found


def _multiplied(kernels: Kernels, name: str, product: GivenProduct, copying: _Copying) -> str:
    """Write one product; axes that a kernel has as one are joined before it and split after it."""
    x, ints = copying.value(product.reads), kernels.writer.ints
    same = [0] * product.rank  # as they are
    if product.joined:
        x = kernels.writer.node("Reshape", x, ints(*same, len(product.kernel_IO)))
    found = kernels.multiply(name, x, nonnegative=product.nonnegative, bias_O=product.bias_O)
    if not product.split:
        return found
    return kernels.writer.node("Reshape", found, ints(*same, *product.split))


def wire_given(
    network: GivenNetwork,
    scheme: ModelScheme,
    ranges: Ranges,
    maps: Mapping[str, AffineMap] | None = None,
) -> Kernels:
    """Write the nodes from `ids` to `logits`, and record how each weight is stored and computed."""
    kernels = Kernels(network.weights(), scheme, ranges, maps or {}, fused=True)
    copying, needed = _Copying(network, kernels), _needed(network)
    begins = {each.nodes[0]: name for name, each in network.products.items()}
    inside = {output for each in network.products.values() for output in each.nodes}
    for node in network.model.graph.node:
        (first, *_) = node.output
        if network.table is not None and first == network.table.writes:
            copying.names[first] = kernels.look_up(copying.value(network.table.reads))
        elif first in begins:
            name = begins[first]
            product = network.products[name]
            copying.names[product.writes] = _multiplied(kernels, name, product, copying)
        elif first not in inside and needed & set(node.output):
            kernels.writer.nodes.append(copying.copy(node))
    last = copying.value(network.model.graph.output[0].name)
    if network.columns_K is not None:
        last = kernels.writer.node(
            "Gather", last, kernels.writer.constant(network.columns_K.astype(np.int64)), axis=1
        )
    kernels.writer.node("Identity", last, name=LOGITS)
    return kernels


def values_of(network: GivenNetwork, kernels: Kernels, values: list[str]) -> bytes:
    """The graph with these values as its outputs, of any rank."""
    model = kernels.writer.model(dict.fromkeys(values, 1))
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return bytes(model.SerializeToString())


def _counted(network: GivenNetwork) -> tuple[dict[str, int], int]:
    """Multiply-accumulates of one text: of each product, and of products of two activations."""
    kernels = wire_given(network, FLOAT, {})
    constants = {tensor.name for tensor in kernels.writer.constants.values()}
    pairs = [
        node
        for node in kernels.writer.nodes
        if node.op_type in ("MatMul", "Einsum") and not constants & set(node.input)
    ]
    read = [name for node in pairs for name in (*node.output, *node.input)]
    names = list(dict.fromkeys([*kernels.inputs.values(), *read]))
    if not names:
        return {}, 0
    session = scoring_session(values_of(network, kernels, names))
    found = dict(zip(names, session.run(names, {IDS: np.ones((1, TOKENS), np.int32)}), strict=True))
    products = {
        name: found[value].size * network.products[name].kernel_IO.shape[1]
        for name, value in kernels.inputs.items()
    }
    shapes = {name: values.shape for name, values in found.items()}
    return products, sum(_pair_macs(node, shapes) for node in pairs)


def _pair_macs(node: NodeProto, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Multiply-accumulates of a product of two activations."""
    if node.op_type == "MatMul":
        return int(np.prod(shapes[node.output[0]])) * shapes[node.input[0]][-1]
    equation = next(a.s for a in node.attribute if a.name == "equation").decode()
    letters = equation.replace(" ", "").partition("->")[0].split(",")
    sizes = {
        letter: size
        for name, part in zip(node.input, letters, strict=True)
        for letter, size in zip(part, shapes[name], strict=True)
    }
    return int(np.prod(list(sizes.values()))) if len(letters) > 1 else 0


def _length(network: GivenNetwork) -> str:
    if network.tokens is None:
        return ""
    return f"; computed for {network.tokens} tokens whatever a text has: a smaller limit is faster"


def build_given(
    network: GivenNetwork,
    scheme: ModelScheme = FLOAT,
    static_ranges: Ranges | None = None,
    maps: Mapping[str, AffineMap] | None = None,
) -> Built:
    """Build the model of a given graph under a scheme.

    Args:
        network: its graph and matrices.
        scheme: of weights and activations.
        static_ranges: (alpha, beta) of each product's input by name, for Static activations.
        maps: chosen or learned, by the name of their weight.

    Returns:
        The model with facts of its tensors, what multiplies, and what stays float.
    """
    check_names(network.weights(), scheme, maps)
    ranges = checked_ranges(network.weights(), scheme, static_ranges)
    built = finished_model(wire_given(network, scheme, ranges, maps))
    products, float_macs = _counted(network)
    counts = Counter(node.op_type for node in computing_nodes(network))
    listed = ", ".join(f"{op} {count}" for op, count in counts.most_common())
    return replace(
        built,
        macs={**products, EMBEDDING: 0},
        float_macs=float_macs,
        float_nodes=f"operators that stay float, as the graph has them: {listed}{_length(network)}",
    )
