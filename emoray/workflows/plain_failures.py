"""What a library says of a lack of memory or of kernels, as an error that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from emoray.models.memory import is_out_of_memory


@contextmanager
def plainly(what: str) -> Iterator[None]:
    """Turn what a library says of a lack of memory or of kernels into a ValueError to act on.

    Args:
        what: is being done in the block, as the error names it.

    Raises:
        OSError: the block raised it.
        ValueError: memory ran out, a kernel is missing or training diverged.
    """
    try:
        yield
    except (ValueError, OSError):
        raise
    except FloatingPointError as error:
        raise ValueError(f"{what} could not be trained for its codes: {error}") from error
    except Exception as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if is_out_of_memory(error):
            raise ValueError(
                f"a job fits into this machine's memory, got none left at {what} ({first}): close "
                "other programs or ask for fewer schemes; what is finished is kept"
            ) from error
        if type(error).__module__.startswith("onnxruntime"):
            raise ValueError(
                f"a model runs on kernels of the installed onnxruntime, got none for {what} "
                f"({first}): choose another scheme or install a newer onnxruntime"
            ) from error
        raise
