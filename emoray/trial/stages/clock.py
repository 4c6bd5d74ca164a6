"""From models to milliseconds, measured alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from emoray.tables.rows import LatencyRow
from emoray.trial.stages.compression import BASE, Compress
from emoray.trial.stages.finetuning import Pieces
from emoray.trial.stages.text import Encode, read_texts
from emoray.trial.store import id_of

if TYPE_CHECKING:
    from emoray.export.latency import Sample


def _rows(samples: "Sequence[Sample]", chosen: np.ndarray, threads: int) -> list[LatencyRow]:
    """Samples as the table has them; their texts are counted in `chosen`."""
    from emoray.export.cpu import cpu

    found = cpu()
    return [
        LatencyRow(
            model=sample.model,
            beside=sample.beside,
            turn=sample.turn,
            text=int(chosen[sample.text]),
            tokens=sample.tokens,
            milliseconds=sample.milliseconds,
            threads=threads,
            cpu=found.model,
            instruction_sets=found.instruction_sets,
        )
        for sample in samples
    ]


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
        from emoray.export.latency import measure
        from emoray.export.score import evenly
        from emoray.tables.files import write_table

        baseline = "baseline"
        models = {baseline: inputs["baseline"] / BASE / "model.onnx"}
        for i, compressed in enumerate(self.compressed):
            models[id_of(compressed)] = inputs[f"compressed.{i}"] / BASE / "model.onnx"
        test, _ = read_texts(inputs["text"], "test")
        again, _ = read_texts(inputs["baseline_text"], "test")
        chosen = evenly(test.lengths, self.texts)
        samples = measure(
            models,
            [test.row(int(i)) for i in chosen],
            baseline=baseline,
            baseline_texts=[again.row(int(i)) for i in chosen],
            repeats=self.turns,
            threads=self.threads,
        )
        write_table(_rows(samples, chosen, self.threads), out / "latency.parquet", LatencyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMembers:
    """The time of the same texts by every member of an ensemble, each beside the first."""

    name: ClassVar[str] = "clock_members"
    version: ClassVar[int] = 1

    compressed: tuple[Compress, ...]
    texts_of: tuple[Encode | Pieces, ...]  # by member: its own ids of the same texts
    cpu: str  # another processor, another measurement
    cpus: int  # of the node: reserved, so that nothing else runs there
    threads: int = 1
    texts: int = 100
    turns: int = 2

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.export.latency import measure
        from emoray.export.score import evenly
        from emoray.tables.files import write_table

        paths = [
            inputs[f"compressed.{i}"] / BASE / "model.onnx" for i in range(len(self.compressed))
        ]
        read = [read_texts(inputs[f"texts_of.{i}"], "test")[0] for i in range(len(self.texts_of))]
        chosen = evenly(read[0].lengths, self.texts)
        ids = [[of_member.row(int(i)) for i in chosen] for of_member in read]
        samples = []
        for compressed, path, its_ids in zip(self.compressed, paths, ids, strict=True):
            samples += measure(
                {"baseline": paths[0], id_of(compressed): path},
                its_ids,
                baseline="baseline",
                baseline_texts=ids[0],
                repeats=self.turns,
                threads=self.threads,
            )
        write_table(_rows(samples, chosen, self.threads), out / "latency.parquet", LatencyRow)
