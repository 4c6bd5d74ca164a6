"""Optimise models of other programs by onnxruntime's own fusions."""

import tempfile
from pathlib import Path

import onnxruntime


def optimised(model: bytes) -> bytes:
    """The model after the fusions that hold on every processor: GELU, layer norms, constants."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return path.read_bytes()
