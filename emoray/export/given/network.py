"""Find in a graph the matrices that a scheme may turn into codes: dense products, the token table.

The graph reads `ids` int32 [N, L], 0 = padding, and gives `logits` [N, K]. Shapes: N texts,
L tokens, V rows of the table, D its width, I inputs and O outputs of a product.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, load, load_from_string, numpy_helper

from emoray.export.kernels import IDS, LOGITS
from emoray.export.optimised import folded
from emoray.export.writer import OPSET, all_nodes
from emoray.quant.scheme import EMBEDDING

SMALLEST = 64  # numbers of a matrix: fewer are not worth codes
SCOPES = "pkg.torch.onnx.name_scopes"  # what PyTorch notes of a node
# Operators that move or shape values and compute nothing.
MOVES = {
    *("Cast", "Concat", "Constant", "ConstantOfShape", "Expand", "Flatten", "Gather", "Identity"),
    *("Reshape", "Shape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze", "Size"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenProduct:
    """One x @ kernel + bias.

    Attributes:
        reads: name of x.
        writes: name of the result.
        kernel_IO: float32.
        bias_O: None without.
        nodes: the outputs of the nodes that it stands for.
        nonnegative: whether x comes out of a ReLU.
        rank: axes of x before those that are summed over.
        split: sizes of the result's last axes, which are one axis O of the kernel; empty where it
            is one there too. joined: whether the last axes of x are one axis I of the kernel.
    """

    reads: str
    writes: str
    kernel_IO: np.ndarray
    bias_O: np.ndarray | None
    nodes: tuple[str, ...]
    nonnegative: bool
    rank: int = 0
    split: tuple[int, ...] = ()
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenTable:
    """The look-up of token vectors: `writes` is table_VD[reads], V in the order of ids."""

    reads: str
    writes: str
    table_VD: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenNetwork:
    """A graph and the parts of it that become codes.

    Attributes:
        model: the whole graph, weights included.
        products: by name, in the order the data meets them.
        table: None where no table is read by token.
        columns_K: output of the graph for each label; None where they stand in this order.
        initializers: its constants by name.
        tokens: the one length that the graph computes, whatever a text's; None for any.
    """

    model: ModelProto
    products: Mapping[str, GivenProduct]
    table: GivenTable | None
    columns_K: np.ndarray | None = None
    initializers: Mapping[str, TensorProto] = field(default_factory=dict)
    tokens: int | None = None

    def weights(self) -> dict[str, np.ndarray]:
        """The matrices that a scheme may quantize, by name, the table first."""
        found = {} if self.table is None else {EMBEDDING: self.table.table_VD}
        return found | {name: each.kernel_IO for name, each in self.products.items()}

    @property
    def parameters(self) -> int:
        """Numbers of all floating-point tensors, without the padding row."""
        sizes = [
            int(np.prod(tensor.dims))
            for tensor in self.initializers.values()
            if tensor.data_type == TensorProto.FLOAT
        ]
        return sum(sizes) - (0 if self.table is None else self.table.table_VD.shape[1])


class _Reader:
    """A graph's constants and who reads and writes each value."""

    def __init__(self, model: ModelProto) -> None:
        self.nodes = list(model.graph.node)
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.writer = {output: node for node in self.nodes for output in node.output}
        self.readers = Counter(name for node in all_nodes(model.graph) for name in node.input)
        self.outputs = {output.name for output in model.graph.output}

    def array(self, name: str) -> np.ndarray | None:
        """The float32 constant of that name; None for anything else."""
        tensor = self.constants.get(name)
        if tensor is None or tensor.data_type != TensorProto.FLOAT:
            return None
        return numpy_helper.to_array(tensor)

    def whole(self, name: str) -> np.ndarray | None:
        """The integer constant of that name."""
        tensor = self.constants.get(name)
        whole = (TensorProto.INT32, TensorProto.INT64)
        return numpy_helper.to_array(tensor) if tensor and tensor.data_type in whole else None

    def bias_after(self, value: str, outputs: int) -> tuple[np.ndarray, NodeProto] | None:
        """The bias that the one reader of a value adds to it."""
        if self.readers[value] != 1 or value in self.outputs:
            return None
        added = next((n for n in self.nodes if value in n.input), None)
        if added is None or added.op_type != "Add":
            return None
        other = next((name for name in added.input if name != value), "")
        bias_O = self.array(other)
        return None if bias_O is None or bias_O.shape != (outputs,) else (bias_O, added)


def _attribute(node: NodeProto, name: str, default: float) -> float:
    found = [helper.get_attribute_value(a) for a in node.attribute if a.name == name]
    return float(found[0]) if found else default


def _kernel(reader: _Reader, node: NodeProto) -> np.ndarray | None:
    """The kernel (I, O) of a product with a constant at its right; None for all others."""
    values = reader.array(node.input[1])
    if values is None or reader.array(node.input[0]) is not None or values.size < SMALLEST:
        return None
    if node.op_type == "Gemm":
        plain = [_attribute(node, name, 1.0) == 1.0 for name in ("alpha", "beta")]
        if not all(plain) or _attribute(node, "transA", 0):
            return None
        return np.ascontiguousarray(values.T if _attribute(node, "transB", 0) else values)
    return values if values.ndim == 2 else None


def _product(reader: _Reader, node: NodeProto) -> GivenProduct | None:
    kernel_IO = _kernel(reader, node)
    if kernel_IO is None:
        return None
    bias_O, nodes, writes = None, [node.output[0]], node.output[0]
    if len(node.input) > 2 and node.input[2]:
        bias_O = reader.array(node.input[2])
        if bias_O is None or bias_O.size != kernel_IO.shape[1]:
            return None
        bias_O = np.ascontiguousarray(bias_O.reshape(-1))
    elif (found := reader.bias_after(writes, kernel_IO.shape[1])) is not None:
        bias_O, added = found
        nodes.append(added.output[0])
        writes = added.output[0]
    before = reader.writer.get(node.input[0])
    return GivenProduct(
        reads=node.input[0],
        writes=writes,
        kernel_IO=kernel_IO,
        bias_O=bias_O,
        nodes=tuple(nodes),
        nonnegative=before is not None and before.op_type == "Relu",
    )


def _summed(reader: _Reader, node: NodeProto) -> GivenProduct | None:
    """An Einsum that is one dense product, `ibh,hnd->ibnd` or `ibnd,hnd->ibh`; None for others."""
    equation = next(helper.get_attribute_value(a) for a in node.attribute if a.name == "equation")
    left, _, result = equation.decode().replace(" ", "").partition("->")
    if left.count(",") != 1 or (values := reader.array(node.input[1])) is None:
        return None
    x, own = left.split(",")
    inner = [letter for letter in own if letter not in result]
    outer = [letter for letter in own if letter in result]
    batch = x.removesuffix("".join(letter for letter in x if letter in own))
    alike = set(inner) == {letter for letter in x if letter not in batch}
    if not alike or not inner or not outer or result != batch + "".join(outer):
        return None
    if set(batch) & set(own) or values.size < SMALLEST or len(set(x)) != len(x):
        return None
    order = [own.index(letter) for letter in (*x[len(batch) :], *outer)]
    sizes = [values.shape[own.index(letter)] for letter in outer]
    kernel_IO = values.transpose(order).reshape(-1, int(np.prod(sizes)))
    return GivenProduct(
        reads=node.input[0],
        writes=node.output[0],
        kernel_IO=np.ascontiguousarray(kernel_IO),
        bias_O=None,
        nodes=(node.output[0],),
        nonnegative=False,
        rank=len(batch),
        split=tuple(sizes) if len(sizes) > 1 else (),
        joined=len(inner) > 1,
    )


def _is_ids(reader: _Reader, value: str) -> bool:
    """Whether a value is the token ids, cast or not."""
    while value in reader.writer and reader.writer[value].op_type in ("Cast", "Identity"):
        value = reader.writer[value].input[0]
    return value == IDS


def _table(reader: _Reader, node: NodeProto) -> GivenTable | None:
    """The table that a Gather reads by token, its rows in the order of ids; None for others."""
    table_VD = reader.array(node.input[0]) if node.op_type == "Gather" else None
    if table_VD is None or table_VD.ndim != 2 or _attribute(node, "axis", 0) != 0:
        return None
    if _is_ids(reader, node.input[1]):
        return GivenTable(reads=node.input[1], writes=node.output[0], table_VD=table_VD)
    if (found := _mapped(reader, node.input[1])) is None:
        return None
    rows_V, ids = found
    return GivenTable(
        reads=ids, writes=node.output[0], table_VD=np.ascontiguousarray(table_VD[rows_V])
    )


def _mapped(reader: _Reader, value: str) -> tuple[np.ndarray, str] | None:
    """(rows_V, ids) where a value is rows_V[ids]: what takes our ids to those of a model."""
    node = reader.writer.get(value)
    if node is None or node.op_type not in ("Gather", "GatherND"):
        return None
    rows_V, ids = reader.whole(node.input[0]), node.input[1]
    if rows_V is None or rows_V.ndim != 1 or rows_V.size < SMALLEST:
        return None
    if node.op_type == "Gather":
        return rows_V, ids
    before = reader.writer.get(ids)  # indices along a last axis of their own
    if before is None or before.op_type != "Unsqueeze":
        return None
    axes = reader.whole(before.input[1])
    return (rows_V, before.input[0]) if axes is not None and axes.tolist() == [-1] else None


def _modules(model: ModelProto) -> dict[str, str]:
    """The path of the module that each node was exported from, by its output, where it is kept."""
    found = {}
    for node in model.graph.node:
        for entry in node.metadata_props:
            parts = [part.strip("[]' \"") for part in entry.value.split(",")]
            if entry.key == SCOPES and len(parts) > 1 and parts[-2]:
                found[node.output[0]] = parts[-2]
    return found


def _name(module: str, tensor: str, taken: Mapping[str, object]) -> str:
    """A short name of a matrix: its module's, else that of its constant."""
    name = module or tensor.removesuffix(".weight")
    name = f"layer.{name.removeprefix('module.').removeprefix('model.').replace('/', '.')}"
    while name in taken:
        name = f"{name}_"
    return name


def _checked(model: ModelProto) -> ModelProto:
    """The graph, folded, in a version of the operators that codes need; ValueError for others."""
    from onnx import version_converter

    given = [value.name for value in model.graph.input]
    kept = {tensor.name for tensor in model.graph.initializer}
    if [name for name in given if name not in kept] != [IDS] or len(model.graph.output) != 1:
        raise ValueError(
            f"a graph reads {IDS} and gives {LOGITS}, got {', '.join(given)} and "
            f"{', '.join(value.name for value in model.graph.output)}: export a classifier"
        )
    (version,) = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")] or [0]
    if version < OPSET:
        model = version_converter.convert_version(model, OPSET)
    return folded(model)


READ = {"MatMul": _product, "Gemm": _product, "Einsum": _summed}


def read_network(model: ModelProto, columns_K: np.ndarray | None = None) -> GivenNetwork:
    """Find the matrices of a graph.

    Args:
        model: a graph from ids to logits, its weights within.
        columns_K: output of the graph for each label; None where they stand in this order.

    Returns:
        The network. ValueError where the graph has other inputs or outputs.
    """
    modules, model = _modules(model), _checked(model)
    reader = _Reader(model)
    products: dict[str, GivenProduct] = {}
    for node in reader.nodes:
        if node.op_type in READ and not node.domain:
            if (found := READ[node.op_type](reader, node)) is not None:
                module = modules.get(node.output[0], "")
                products[_name(module, node.input[1], products)] = found
    if products:  # the last one gives the logits
        *_, last = products
        products["head"] = products.pop(last)
    tables = [t for node in reader.nodes if (t := _table(reader, node)) is not None]
    largest = max(tables, key=lambda t: t.table_VD.size, default=None)
    return GivenNetwork(
        model=model,
        products=products,
        table=largest,
        columns_K=columns_K,
        initializers=reader.constants,
    )


def read_network_bytes(file: bytes) -> GivenNetwork:
    """The same of a file's bytes."""
    return read_network(load_from_string(file))


def read_network_file(path: Path, columns_K: np.ndarray | None = None) -> GivenNetwork:
    """The same of a file."""
    return read_network(load(path), columns_K)


def computing_nodes(network: GivenNetwork) -> Iterator[NodeProto]:
    """The nodes that compute in float whatever the scheme, in order."""
    written = {output for each in network.products.values() for output in each.nodes}
    for node in all_nodes(network.model.graph):
        if node.op_type not in MOVES and not written & set(node.output):
            yield node
