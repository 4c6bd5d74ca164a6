"""From models to milliseconds, measured alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.trial.stages.compression import BASE, Compress
from emoray.trial.stages.finetuning import Pieces
from emoray.trial.stages.text import Encode, read_texts
from emoray.trial.store import id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time of one text, batch 1: these models beside a baseline, a whole node to themselves."""

    name: ClassVar[str] = "clock"
    version: ClassVar[int] = 2

    compressed: tuple[Compress, ...]
    baseline: Compress
    text: Encode | Pieces
    baseline_text: Encode | Pieces
    cpu: str  # another processor, another measurement
    cpus: int  # of the node: reserved, so that nothing else runs there
    threads: int = 1
    texts: int = 100
    turns: int = 2

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.export.cpu import cpu
        from emoray.export.latency import measure
        from emoray.tables.files import write_table
        from emoray.tables.rows import LatencyRow

        baseline = "baseline"
        models = {baseline: inputs["baseline"] / BASE / "model.onnx"}
        for i, compressed in enumerate(self.compressed):
            models[id_of(compressed)] = inputs[f"compressed.{i}"] / BASE / "model.onnx"
        test, _ = read_texts(inputs["text"], "test")
        again, _ = read_texts(inputs["baseline_text"], "test")
        # Evenly over the sorted lengths: the real mix of lengths, in few texts.
        order = np.argsort(test.lengths, kind="stable")
        chosen = order[np.linspace(0, len(order) - 1, min(self.texts, len(order))).astype(int)]
        samples = measure(
            models,
            [test.row(int(i)) for i in chosen],
            baseline=baseline,
            baseline_texts=[again.row(int(i)) for i in chosen],
            repeats=self.turns,
            threads=self.threads,
        )
        found = cpu()
        rows = [
            LatencyRow(
                model=sample.model,
                beside=sample.beside,
                turn=sample.turn,
                text=int(chosen[sample.text]),
                tokens=sample.tokens,
                milliseconds=sample.milliseconds,
                threads=self.threads,
                cpu=found.model,
                instruction_sets=found.instruction_sets,
            )
            for sample in samples
        ]
        write_table(rows, out / "latency.parquet", LatencyRow)
