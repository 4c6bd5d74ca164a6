"""A small classifier as another program would export it: other names, Gemm, a branch, an old opset.

Shapes: N texts, L tokens, V rows, D width, K labels.
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

ROWS, WIDTH, INNER, LABELS, OPSET = 80, 16, 24, 3, 20


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {
        "enc.table.weight": (ROWS, WIDTH),
        "enc.up.weight": (WIDTH, INNER),
        "enc.up.bias": (INNER,),
        "enc.down.weight": (INNER, WIDTH),
        "enc.attended.weight": (WIDTH, WIDTH),
        "cls.weight": (LABELS * 8, WIDTH),  # as Gemm with transB has it
        "cls.bias": (LABELS * 8,),
        "enc.norm.weight": (WIDTH,),
    }
    found = {n: rng.normal(size=s, scale=0.2).astype(np.float32) for n, s in shapes.items()}
    return found | {"enc.norm.bias": np.zeros(WIDTH, np.float32)}


def made_graph(rows_V: np.ndarray | None = None) -> ModelProto:
    """The graph; rows_V: ids of its own table, looked up as PyTorch exports it."""
    node = helper.make_node
    rows = np.arange(ROWS) if rows_V is None else rows_V
    whole = {
        "rows": rows.astype(np.int64),
        "last": np.array([-1], np.int64),
        "one": np.array([1], np.int64),
        "two": np.array([2], np.int64),
        "zero": np.array(0, np.int32),
    }
    then = helper.make_graph(
        [node("Tanh", ["pooled"], ["bent"])],
        "then",
        [],
        [helper.make_tensor_value_info("bent", TensorProto.FLOAT, None)],
    )
    other = helper.make_graph(
        [node("Identity", ["pooled"], ["same"])],
        "other",
        [],
        [helper.make_tensor_value_info("same", TensorProto.FLOAT, None)],
    )
    nodes = [
        node("Cast", ["ids"], ["wide"], to=TensorProto.INT64),
        node("Unsqueeze", ["wide", "last"], ["at"]),
        node("GatherND", ["rows", "at"], ["own"]),
        node("Gather", ["enc.table.weight", "own"], ["x"]),
        node("LayerNormalization", ["x", "enc.norm.weight", "enc.norm.bias"], ["normed"]),
        node("MatMul", ["normed", "enc.up.weight"], ["up"], name="up"),
        node("Add", ["enc.up.bias", "up"], ["upped"]),
        node("Relu", ["upped"], ["inner"]),
        node("MatMul", ["inner", "enc.down.weight"], ["down"]),
        node("Transpose", ["down"], ["turned"], perm=[0, 2, 1]),
        node("MatMul", ["down", "turned"], ["scores"]),
        node("Softmax", ["scores"], ["shares"]),
        node("MatMul", ["shares", "down"], ["seen"]),
        node("MatMul", ["seen", "enc.attended.weight"], ["attended"]),
        node("Equal", ["ids", "zero"], ["hidden"]),
        node("Not", ["hidden"], ["real"]),
        node("Cast", ["real"], ["ones"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["ones", "two"], ["ones1"]),
        node("Mul", ["attended", "ones1"], ["kept"]),
        node("ReduceSum", ["kept", "one"], ["pooled"], keepdims=0),
        node("Shape", ["ids"], ["shape"], start=1),
        node("Greater", ["shape", "two"], ["long1"]),
        node("Squeeze", ["long1"], ["long"]),
        node("If", ["long"], ["chosen"], then_branch=then, else_branch=other),
        node("Gemm", ["chosen", "cls.weight", "cls.bias"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "theirs",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["N", "L"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", LABELS * 8])],
        [numpy_helper.from_array(v, n) for n, v in {**arrays(), **whole}.items()],
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", OPSET)])


class Texts:
    """Texts of one to ten random ids."""

    def __init__(self, seed: int = 0, most: int = ROWS) -> None:
        rng = np.random.default_rng(seed)
        self.rows = [rng.integers(1, most, n).astype(np.int32) for n in [*range(1, 11)] * 4]
        self.lengths = np.array([len(row) for row in self.rows])

    def padded(self, rows: np.ndarray) -> np.ndarray:
        found_NL = np.zeros((len(rows), int(self.lengths[rows].max())), np.int32)
        for i, row in enumerate(rows):
            found_NL[i, : self.lengths[row]] = self.rows[row]
        return found_NL


def summed(equation: str, x: tuple[int, ...], own: tuple[int, ...]) -> ModelProto:
    """Six ids, each a vector's scale, through one Einsum with a constant of the shape `own`."""
    node, rng = helper.make_node, np.random.default_rng(0)
    floats = {"base": rng.normal(size=x), "own": rng.normal(size=own)}
    arrays = {name: values.astype(np.float32) for name, values in floats.items()}
    flat = {"shape": np.array([1, -1], np.int64)}
    nodes = [
        node("Cast", ["ids"], ["wide"], to=TensorProto.FLOAT),
        node("ReduceMean", ["wide"], ["mean"], keepdims=0),
        node("Mul", ["base", "mean"], ["x"]),
        node("Einsum", ["x", "own"], ["product"], equation=equation),
        node("Reshape", ["product", "shape"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "theirs",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["N", "L"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None, None])],
        [numpy_helper.from_array(v, n) for n, v in {**arrays, **flat}.items()],
    )
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", OPSET)])
