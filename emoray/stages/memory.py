"""Errors of trainings that do not fit into memory, with what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from emoray.models.memory import GpuOutOfMemoryError, is_out_of_memory


@contextmanager
def enough_memory() -> Iterator[None]:
    """Say what to do where the memory of the machine, or of its GPU, does not suffice."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch has no type of its own for the CPU's
        text = str(error)
        if not is_out_of_memory(error):
            raise
        on_gpu = type(error).__name__ == "OutOfMemoryError"  # torch's, which is not imported here
        raise (GpuOutOfMemoryError if on_gpu else ValueError)(
            f"a training must fit into memory, got {text.splitlines()[0] if text else 'no more'}: "
            "lower batch_size or max_tokens"
        ) from error
