"""Quantization-aware training: any PyTorch module computes with the codes it will be shipped in."""
