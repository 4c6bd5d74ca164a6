"""ONNX nodes and constants with the shortest names, each constant once: small files count."""

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

OPSET = 21  # the first with QuantizeLinear over blocks: one scale per row
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


class Writer:
    """Grows one graph. Methods take and give value names."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[tuple[int, tuple[int, ...], bytes], TensorProto] = {}
        self._taken = 0

    def _name(self) -> str:
        self._taken += 1
        return _short(self._taken - 1)

    def node(
        self, op: str, *inputs: str, domain: str = "", name: str = "", **attributes: object
    ) -> str:
        """One node with one output, called `name` or by itself; "" stands for an input left out."""
        output = name or self._name()
        self.nodes.append(helper.make_node(op, inputs, [output], domain=domain, **attributes))
        return output

    def raw(self, data: bytes, onnx_type: int, shape: tuple[int, ...]) -> str:
        """A constant given as bytes, such as two 4-bit codes to the byte."""
        key = (onnx_type, shape, data)
        if key not in self.constants:
            self.constants[key] = helper.make_tensor(self._name(), onnx_type, shape, data, raw=True)
        return self.constants[key].name

    def constant(self, value: np.ndarray) -> str:
        """A constant with the array's own type and shape."""
        array = np.asarray(value)
        onnx_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        return self.raw(
            array.astype(array.dtype.newbyteorder("<")).tobytes(), onnx_type, array.shape
        )

    def number(self, value: float) -> str:
        """A float32 constant without axes."""
        return self.constant(np.array(value, np.float32))

    def ints(self, *values: int) -> str:
        """An int64 vector: axes, a shape, pads."""
        return self.constant(np.array(values, np.int64))

    def cast(self, value: str, onnx_type: int) -> str:
        return self.node("Cast", value, to=onnx_type)

    def stored_bytes(self) -> int:
        """Bytes of all constants so far."""
        return sum(len(data) for _, _, data in self.constants)

    def model(self, outputs: dict[str, int]) -> ModelProto:
        """The finished model: `ids` int32 [N, L] to float32 outputs, given as name → axes."""
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info("ids", TensorProto.INT32, ["N", "L"])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * axes)
                for name, axes in outputs.items()
            ],
            list(self.constants.values()),
        )
        domains = {"": OPSET} | {node.domain: 1 for node in self.nodes if node.domain}
        opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
        return helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets)
