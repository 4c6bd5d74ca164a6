"""Simplify graphs of other programs by onnxruntime's own rules."""

import tempfile
from pathlib import Path

import onnxruntime
from onnx import ModelProto, load_from_string

# They merge a matrix with what stands beside it.
MERGES = ("MatMulAddFusion", "MatMulScaleFusion", "MatMulActivationFusion", "ReshapeFusion")


def folded(model: ModelProto) -> ModelProto:
    """The model with everything computed that constants alone decide, matrices by themselves."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(
            model.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=list(MERGES),
        )
        return load_from_string(path.read_bytes())
