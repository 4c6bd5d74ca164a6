"""Export a trained network as an ONNX graph for onnxruntime alone."""
