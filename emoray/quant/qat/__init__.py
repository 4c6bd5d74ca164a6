"""Quantization-aware training: any PyTorch module computes with the codes that it is stored in."""
