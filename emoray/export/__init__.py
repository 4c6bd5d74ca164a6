"""From a trained network to a folder that runs with onnxruntime alone, and the clock beside it."""
