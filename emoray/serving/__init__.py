"""An artifact behind HTTP, with numpy, onnxruntime and the extra `serve` alone."""
