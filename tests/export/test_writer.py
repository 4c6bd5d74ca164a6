import numpy as np
import onnx
import onnxruntime

from emoray.export.writer import Writer, _short


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
