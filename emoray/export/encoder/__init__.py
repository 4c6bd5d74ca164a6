"""BERT encoders as ONNX graphs."""
