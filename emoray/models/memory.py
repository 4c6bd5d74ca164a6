"""The error of a training that does not fit into memory; without torch, for the driver."""


class GpuOutOfMemoryError(ValueError):
    """The GPU had no room for a training, not even a text at a time; a freer one may have."""


# What torch, onnxruntime and the C++ library say; none has a type of its own for it on the CPU.
SIGNS = ("bad_alloc", "allocate memory", "out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library ended for want of memory, of the machine or of a GPU."""
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in SIGNS)
