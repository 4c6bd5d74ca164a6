"""A text's logits alone and beside others."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from emoray.artifact.batch_invariance import TOGETHER, two_ways
from emoray.export.graph import build_graph
from emoray.text.vocabulary import Ragged
from tests.export.made import network, texts

NET, TEXTS = network(), texts(count=100)


def scaled_by_batch() -> bytes:
    """A graph whose 8-bit scale is the whole batch's, as per-tensor dynamic quantization has it."""
    rng = np.random.default_rng(0)
    rows_VD = rng.normal(size=(50, 8)).astype(np.float32)
    rows_VD[7] *= 40  # whoever shares a batch with this word is rounded coarsely
    nodes = [
        helper.make_node("Gather", ["rows", "ids"], ["words"]),
        helper.make_node("ReduceMean", ["words", "axes"], ["mean"], keepdims=0),
        helper.make_node("DynamicQuantizeLinear", ["mean"], ["code", "scale", "zero"]),
        helper.make_node("DequantizeLinear", ["code", "scale", "zero"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["n", "l"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 8])],
        [
            numpy_helper.from_array(rows_VD, "rows"),
            numpy_helper.from_array(np.array([1], np.int64), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def test_a_float_model_says_the_same_either_way() -> None:
    both = two_ways(build_graph(NET).file, TEXTS, 64)
    np.testing.assert_allclose(both.alone_MK, both.batched_MK, atol=1e-5)
    assert len(both.alone_MK) == 64 == 2 * TOGETHER


def test_a_scale_taken_from_the_batch_shows() -> None:
    words = Ragged.from_lists([[i % 50, (3 * i) % 50] for i in range(96)])
    both = two_ways(scaled_by_batch(), words, 96)
    assert ((both.alone_MK >= 0.3) != (both.batched_MK >= 0.3)).mean() > 0.01


def test_fewer_texts_than_asked_for_are_all_read() -> None:
    assert len(two_ways(build_graph(NET).file, TEXTS, 1000).batched_MK) == 100
