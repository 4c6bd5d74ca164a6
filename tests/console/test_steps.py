from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emoray.artifact.scoring import scoring_session
from emoray.console.steps import plainly, steps
from emoray.workflows.convert import memory
from emoray.workflows.convert.memory import Memory


def test_a_model_that_onnxruntime_cannot_run_is_said_plainly() -> None:
    with pytest.raises(ValueError, match=r"kernels of the installed onnxruntime, got none for x"):
        with plainly("x"):
            scoring_session(b"\x08\x0a")  # ONNX, of no graph


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't allocate memory: 9 bytes")])
def test_a_lack_of_memory_says_what_to_do(error: Exception) -> None:
    with pytest.raises(ValueError, match=r"none left at int8.*ask for fewer schemes"):
        with plainly("int8"):
            raise error


def test_a_training_that_diverges_is_the_schemes_failure() -> None:
    with pytest.raises(ValueError, match="qat2 could not be trained for its codes"):
        with plainly("qat2"):
            raise FloatingPointError("training loss is nan in epoch 1")


def test_what_is_clear_already_and_what_is_ours_pass_through() -> None:
    with pytest.raises(ValueError, match=r"^mine$"), plainly("x"):
        raise ValueError("mine")
    with pytest.raises(ZeroDivisionError), plainly("x"):
        raise ZeroDivisionError


def test_steps_are_lines_in_a_log_and_a_bar_on_a_terminal(tmp_path: Path) -> None:
    for terminal in (False, True):
        with (tmp_path / "said").open("w") as file:
            console = Console(file=file, force_terminal=terminal, width=60)
            with steps(console, 2) as say:
                say("reading")
                say("timing")
        said = (tmp_path / "said").read_text()
        assert ("… reading\n… timing\n" in said) is not terminal


def _took(size: int) -> Memory:
    held = memory.memory_mb("VmRSS")
    np.ones(size, np.uint8)
    return Memory(peak_mb=memory.memory_mb("VmHWM"), library_mb=held)


def test_memory_is_that_of_a_process_of_its_own() -> None:
    np.ones(300 << 20, np.uint8)  # the parent's own peak must not be seen
    found = memory.measure_in_process(_took, 100 << 20)
    assert found.library_mb < found.peak_mb < found.library_mb + 250
    assert found.peak_mb - found.library_mb > 90
