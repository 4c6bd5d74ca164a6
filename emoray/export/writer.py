"""Write ONNX nodes and constants with the shortest names, each constant once: small files count."""

from collections.abc import Callable, Iterator

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper

OPSET = 21  # the first with QuantizeLinear over blocks: one scale per row
NEWER = {"Attention": 23, "RotaryEmbedding": 23}  # operators that came later
IR_VERSION = 10
CONTRIB = "com.microsoft"  # onnxruntime's own operators
DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _short(number: int) -> str:
    """The names a, b, …, Z, aa, ab, … in turn."""
    name = ""
    while True:
        name = DIGITS[number % len(DIGITS)] + name
        number = number // len(DIGITS) - 1
        if number < 0:
            return name


def all_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Yield the nodes of a graph and of its branches."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                yield from all_nodes(attribute.g)


class Writer:
    """Grows one graph. Methods take and return value names.

    features: how many a row has; None where the graph reads token ids.
    """

    def __init__(self, features: int | None = None) -> None:
        self.features = features
        self.nodes: list[NodeProto] = []
        self.constants: dict[tuple[int, tuple[int, ...], bytes], TensorProto] = {}
        self._taken = 0
        self._branch: list[NodeProto] | None = None
        self._fixed: set[str] = set()  # what constants alone decide
        self._hoisted: dict[tuple[object, ...], str] = {}

    def _name(self) -> str:
        self._taken += 1
        return _short(self._taken - 1)

    def node(
        self, op: str, *inputs: str, domain: str = "", name: str = "", **attributes: object
    ) -> str:
        """Add one node with one output.

        Inside a branch, what reads constants alone is written once for both and stays outside.

        Args:
            op: the operator.
            inputs: value names; "" for an input left out.
            domain: of the operator.
            name: of the output; a short one by default.
            attributes: of the node.

        Returns:
            The name of the output.
        """
        fixed = bool(inputs) and all(not i or i in self._fixed for i in inputs)
        key = (op, inputs, domain, str(attributes)) if fixed else ()
        if self._branch is not None and key in self._hoisted:
            return self._hoisted[key]
        output = name or self._name()
        node = helper.make_node(op, inputs, [output], domain=domain, **attributes)
        if fixed:
            self._fixed.add(output)
            self._hoisted[key] = output
        (self.nodes if fixed or self._branch is None else self._branch).append(node)
        return output

    def _graph(self, write: Callable[[], str]) -> GraphProto:
        """Collect the nodes of `write` as a graph of its own that ends in its value."""
        self._branch = []
        try:
            value = write()
            output = helper.make_tensor_value_info(value, TensorProto.FLOAT, None)
            return helper.make_graph(self._branch, "b", [], [output])
        finally:
            self._branch = None

    def either(self, condition: str, then: Callable[[], str], other: Callable[[], str]) -> str:
        """The float value of one of two branches, chosen while the model runs."""
        branches = {"then_branch": self._graph(then), "else_branch": self._graph(other)}
        return self.node("If", condition, **branches)

    def raw(self, data: bytes, onnx_type: int, shape: tuple[int, ...]) -> str:
        """Add a constant given as bytes, such as two 4-bit codes to the byte."""
        key = (onnx_type, shape, data)
        if key not in self.constants:
            self.constants[key] = helper.make_tensor(self._name(), onnx_type, shape, data, raw=True)
            self._fixed.add(self.constants[key].name)
        return self.constants[key].name

    def constant(self, value: np.ndarray) -> str:
        """Add a constant with the array's own type and shape."""
        array = np.asarray(value)
        onnx_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        return self.raw(
            array.astype(array.dtype.newbyteorder("<")).tobytes(), onnx_type, array.shape
        )

    def number(self, value: float) -> str:
        """Add a float32 constant without axes."""
        return self.constant(np.array(value, np.float32))

    def ints(self, *values: int) -> str:
        """Add an int64 vector: axes, a shape, pads."""
        return self.constant(np.array(values, np.int64))

    def cast(self, value: str, onnx_type: int) -> str:
        """Add a cast to an ONNX type."""
        return self.node("Cast", value, to=onnx_type)

    def stored_bytes(self) -> int:
        """Bytes of all constants so far."""
        return sum(len(data) for _, _, data in self.constants)

    def model(self, outputs: dict[str, int]) -> ModelProto:
        """The finished model: `ids` int32 [N, L], or `features` float32 [N, F], to the outputs.

        Args:
            outputs: float32, given as name → axes.

        Returns:
            The model.
        """
        ids = helper.make_tensor_value_info("ids", TensorProto.INT32, ["N", "L"])
        given = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", self.features])
        graph = helper.make_graph(
            self.nodes,
            "g",
            [ids if self.features is None else given],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * axes)
                for name, axes in outputs.items()
            ],
            list(self.constants.values()),
        )
        opset = max(NEWER.get(node.op_type, OPSET) for node in all_nodes(graph))
        domains = {"": opset} | {node.domain: 1 for node in all_nodes(graph) if node.domain}
        opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
        return helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets)
