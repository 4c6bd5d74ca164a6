"""A finished classifier as a folder: its runtime, packing, decisions, scores and latency."""
