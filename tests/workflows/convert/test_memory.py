import numpy as np

from emoray.workflows.convert import memory
from emoray.workflows.convert.memory import Memory


def _took(size: int) -> Memory:
    held = memory.memory_mb("VmRSS")
    np.ones(size, np.uint8)
    return Memory(peak_mb=memory.memory_mb("VmHWM"), library_mb=held)


def test_memory_is_that_of_a_process_of_its_own() -> None:
    np.ones(300 << 20, np.uint8)  # the parent's own peak must not be seen
    found = memory.measure_in_process(_took, 100 << 20)
    assert found.library_mb < found.peak_mb < found.library_mb + 250
    assert found.peak_mb - found.library_mb > 90
