import numpy as np
import onnx
import onnxruntime

from emoray.export.writer import Writer, _short, all_nodes


def test_names_are_as_short_as_they_can_be_and_never_repeat() -> None:
    names = [_short(i) for i in range(3000)]
    assert names[:3] == ["a", "b", "c"] and len(names[2755]) == 2
    assert len(set(names)) == 3000


def test_equal_constants_are_stored_once() -> None:
    writer = Writer()
    assert writer.ints(1, 2) == writer.constant(np.array([1, 2]))
    assert writer.ints(1, 2) != writer.constant(np.array([1, 2], np.int32))
    assert writer.stored_bytes() == 16 + 8


def test_a_finished_model_is_valid_onnx_that_runs() -> None:
    writer = Writer()
    value = writer.cast("ids", onnx.TensorProto.FLOAT)
    writer.node("Mul", value, writer.number(0.5), name="logits")
    model = writer.model({"logits": 2})
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert session.run(None, {"ids": np.array([[3]], np.int32)})[0] == 1.5


def test_two_ways_share_what_constants_decide() -> None:
    writer = Writer()
    full = writer.cast(writer.node("ReduceMin", "ids", keepdims=0), onnx.TensorProto.BOOL)
    value = writer.cast("ids", onnx.TensorProto.FLOAT)

    def scaled(op: str) -> str:
        four = writer.node("Mul", writer.number(2), writer.number(2))
        return writer.node(op, value, four)

    way = writer.either(full, lambda: scaled("Mul"), lambda: scaled("Sub"))
    writer.node("Identity", way, name="logits")
    model = writer.model({"logits": 2})
    assert [node.op_type for node in all_nodes(model.graph)].count("Mul") == 2
    assert [node.op_type for node in model.graph.node][-3:] == ["Mul", "If", "Identity"]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert session.run(None, {"ids": np.array([[3]], np.int32)})[0] == 12
    assert list(session.run(None, {"ids": np.array([[3, 0]], np.int32)})[0][0]) == [-1, -4]
