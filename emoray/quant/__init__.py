"""How tensors become integers: schemes, clipping ranges, affine maps, packing. NumPy only."""
