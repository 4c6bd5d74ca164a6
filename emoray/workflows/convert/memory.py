"""Peak memory of a fresh process that loads a model and runs it, as a server does."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from emoray.artifact.memory import memory_mb

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of one process, in MB of 2 ** 20 bytes; `library_mb` before it loaded the model."""

    peak_mb: float
    library_mb: float


def torch_memory(folder: Path, max_tokens: int, ids_NL: np.ndarray, threads: int) -> Memory:
    """Measure PyTorch. Runs in the process that it measures."""
    from emoray.models.encoder import torch_baseline
    from emoray.stages.checkpoint_source import find_loaded
    from emoray.workflows.convert.reference import reference

    given = find_loaded(folder, max_tokens=max_tokens)
    if given.checkpoint.kind != "ours":
        from emoray.models.encoder.onnx_export import load_transformers

        load_transformers()
    held = memory_mb("VmRSS")
    with torch_baseline.threads(threads):
        reference(given)(ids_NL)
    return Memory(peak_mb=memory_mb("VmHWM"), library_mb=held)


def onnx_memory(model: Path, ids_NL: np.ndarray, threads: int) -> Memory:
    """Measure ONNX Runtime. Runs in the process that it measures."""
    from emoray.stages.speed import session_model

    held = memory_mb("VmRSS")
    session_model(model, threads)(ids_NL)
    return Memory(peak_mb=memory_mb("VmHWM"), library_mb=held)


def measure_in_process(measured: Callable[..., T], *given: Any) -> T:
    """Run the measurement in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, *given).result()
