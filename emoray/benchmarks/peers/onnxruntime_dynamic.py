"""onnxruntime's own quantize_dynamic.

`python onnxruntime_dynamic.py CHECKPOINT FLOAT.onnx OUT.onnx`.

--optimize: its transformers optimizer first. --per-channel: a scale for each output of a product.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic


def optimized(checkpoint: Path, model: Path, to: Path) -> Path:
    """Write the model with what the optimizer for BERT fuses; print how much that was.

    The types of all values are written too, without which quantize_dynamic stops at fused nodes.

    Returns:
        The file `to`.
    """
    from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference
    from onnxruntime.transformers.optimizer import optimize_model

    heads = json.loads((checkpoint / "encoder.json").read_text("utf-8"))["heads"]
    with np.load(checkpoint / "weights.npz", allow_pickle=False) as data:
        width = data["positions"].shape[1]
    found = optimize_model(str(model), model_type="bert", num_heads=heads, hidden_size=width)
    sys.stdout.write(f"{found.get_fused_operator_statistics()}\n")
    onnx.save(SymbolicShapeInference.infer_shapes(found.model, auto_merge=True), to)
    return to


if __name__ == "__main__":
    checkpoint, model, out = map(Path, sys.argv[1:4])
    with tempfile.TemporaryDirectory() as folder:
        if "--optimize" in sys.argv:
            model = optimized(checkpoint, model, Path(folder) / "optimized.onnx")
        quantize_dynamic(
            model, out, per_channel="--per-channel" in sys.argv, weight_type=QuantType.QInt8
        )
