"""Olive's passes for dynamic int8: `python olive_dynamic.py CHECKPOINT FLOAT.onnx OUT.onnx`.

--optimize: its OrtTransformersOptimization first.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from olive.workflows import run  # type: ignore[import-not-found]

CPU = {"device": "cpu", "execution_providers": ["CPUExecutionProvider"]}


def workflow(checkpoint: Path, model: Path, folder: Path, *, optimize: bool) -> dict[str, object]:
    """What Olive is asked to do."""
    heads = json.loads((checkpoint / "encoder.json").read_text("utf-8"))["heads"]
    passes: dict[str, object] = {}
    if optimize:
        passes["optimize"] = {
            "type": "OrtTransformersOptimization",
            "model_type": "bert",
            "num_heads": heads,
        }
    passes["quantize"] = {"type": "OnnxDynamicQuantization", "per_channel": True}
    return {
        "input_model": {"type": "ONNXModel", "model_path": str(model)},
        "systems": {"here": {"type": "LocalSystem", "accelerators": [CPU]}},
        "host": "here",
        "target": "here",
        "passes": passes,
        "cache_dir": str(folder / "cache"),
        "output_dir": str(folder / "made"),
    }


if __name__ == "__main__":
    checkpoint, model, out = map(Path, sys.argv[1:4])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(workflow(checkpoint, model, folder, optimize="--optimize" in sys.argv))
        (found,) = (folder / "made").rglob("*.onnx")
        shutil.copyfile(found, out)
