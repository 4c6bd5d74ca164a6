"""Optimum's ORTQuantizer: `python optimum_dynamic.py CHECKPOINT FLOAT.onnx OUT.onnx`.

Its dynamic configuration for CPUs with AVX512-VNNI. --optimize: the transformers optimizer first,
on a graph that this environment's older transformers export, which it knows better how to fuse.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from onnxruntime_dynamic import optimized  # type: ignore[import-not-found]
from optimum.onnxruntime import ORTQuantizer  # type: ignore[import-not-found]
from optimum.onnxruntime.configuration import (  # type: ignore[import-not-found]
    AutoQuantizationConfig,
)

if __name__ == "__main__":
    checkpoint, model, out = map(Path, sys.argv[1:4])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "--optimize" in sys.argv:
            from torch_model import export, read  # type: ignore[import-not-found]

            export(read(checkpoint, attention="eager"), folder / "exported.onnx")
            model = optimized(checkpoint, folder / "exported.onnx", folder / "optimized.onnx")
        shutil.copyfile(model, folder / "model.onnx")
        config = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=True)
        made = ORTQuantizer(folder / "model.onnx").quantize(
            quantization_config=config, save_dir=folder / "quantized"
        )
        (found,) = Path(made).glob("*.onnx")
        shutil.copyfile(found, out)
