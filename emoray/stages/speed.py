"""Timing of PyTorch, its own quantization and the artifacts in one interleaved run."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.stages.checkpoint import ReadCheckpoint, ReadCorpus, torch_model
from emoray.stages.compression import BASE, Compress
from emoray.stages.encoding import read_texts
from emoray.stages.interleaved_timing import Model, TimingPlan, time_interleaved

TORCH, TORCH_INT8 = "torch", "torch-int8"
TOGETHER = 8  # artifacts in one run: all of them lie in memory at once


def session_model(model: Path, threads: int) -> Model:
    """An artifact's model.onnx as a function of ids_NL."""
    from emoray.artifact.scoring import scoring_session

    session = scoring_session(model, threads=threads)

    def run(ids_NL: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(None, {"ids": ids_NL})[0])

    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeModels:
    """Times of some compressed models and PyTorch's; `names` are theirs, in the same order."""

    name: ClassVar[str] = "time_models"
    version: ClassVar[int] = 1

    checkpoint: ReadCheckpoint
    text: ReadCorpus
    compressed: tuple[Compress, ...]
    names: tuple[str, ...]
    cpu: str  # another processor, another measurement
    cores: int
    threads: int
    plan: TimingPlan = field(default_factory=TimingPlan)

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `speed.parquet`."""
        from emoray.artifact.cpu import cpu
        from emoray.models.encoder.torch_baseline import threads
        from emoray.tables.files import write_table
        from emoray.tables.finished_rows import SpeedRow

        folder = inputs["checkpoint"]
        test, _ = read_texts(inputs["text"], "test")
        with threads(self.threads):
            models: dict[str, Model] = {
                TORCH: torch_model(self.checkpoint, folder),
                TORCH_INT8: torch_model(self.checkpoint, folder, by_torch=True),
            }
            for i, name in enumerate(self.names):
                path = inputs[f"compressed.{i}"] / BASE / "model.onnx"
                models[name] = session_model(path, self.threads)
            here = cpu()
            rows = time_interleaved(
                models,
                test,
                self.plan,
                threads=self.threads,
                cpu=(here.model, here.instruction_sets),
            )
        write_table(rows, out / "speed.parquet", SpeedRow)


def timing_groups(
    checkpoint: ReadCheckpoint,
    text: ReadCorpus,
    compressed: dict[str, Compress],
    *,
    threads: int,
    plan: TimingPlan,
) -> list[TimeModels]:
    """One measurement for as many models as fit; every one has PyTorch in it to compare with."""
    from emoray.artifact.cpu import cpu

    names = list(compressed)
    return [
        TimeModels(
            checkpoint=checkpoint,
            text=text,
            compressed=tuple(compressed[name] for name in names[start : start + TOGETHER]),
            names=tuple(names[start : start + TOGETHER]),
            cpu=cpu().model,
            cores=os.cpu_count() or 1,
            threads=threads,
            plan=plan,
        )
        for start in range(0, len(names), TOGETHER)
    ]
