"""The error of a training that does not fit into memory; without torch, for the driver."""


class GpuOutOfMemoryError(ValueError):
    """The GPU had no room for a training, not even a text at a time; a freer one may have."""
