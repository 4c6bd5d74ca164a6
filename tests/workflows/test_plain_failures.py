import pytest

from emoray.artifact.scoring import scoring_session
from emoray.workflows.plain_failures import plainly


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
