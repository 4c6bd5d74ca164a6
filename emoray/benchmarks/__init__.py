"""Measured speed and memory of emoray against the usual alternatives, in one run."""
