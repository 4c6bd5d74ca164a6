"""What a training raises that does not fit into memory; not torch's, so that the fleet knows it."""


class GpuOutOfMemoryError(ValueError):
    """The GPU had no room for a training, not even a text at a time; a freer one may have."""
