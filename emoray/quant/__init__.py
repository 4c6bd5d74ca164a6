"""Quantization of tensors: schemes, clipping ranges, affine maps, packing. NumPy only."""
