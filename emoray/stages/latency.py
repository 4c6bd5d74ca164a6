"""From models to milliseconds, measured alone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from emoray.stages.compression import BASE, Compress
from emoray.stages.encoding import read_texts
from emoray.stages.families.protocol import TextStage
from emoray.stages.spec import CorpusRef
from emoray.storage.store.keys import id_of
from emoray.tables.rows import LatencyRow

if TYPE_CHECKING:
    from emoray.artifact.latency import Sample, TimedArtifact

TIMED_TEXTS = 45  # twice each: 90 samples a model, of texts of all lengths


def _rows(samples: "Sequence[Sample]", chosen: np.ndarray, threads: int) -> list[LatencyRow]:
    """Samples as rows; `chosen` has the index of each timed text."""
    from emoray.artifact.cpu import cpu

    found = cpu()
    return [
        LatencyRow(
            model=sample.model,
            beside=sample.beside,
            turn=sample.turn,
            text=int(chosen[sample.text]),
            tokens=sample.tokens,
            milliseconds=sample.milliseconds,
            model_milliseconds=sample.model_milliseconds,
            threads=threads,
            cpu=found.model,
            instruction_sets=found.instruction_sets,
        )
        for sample in samples
    ]


def _timed(compressed: Path, threads: int) -> "TimedArtifact":
    """A finished `Compress`, deciding at 0.5: every decision takes the same time."""
    from emoray.artifact.latency import TimedArtifact
    from emoray.artifact.packaging import BASE_FILES, decision_json
    from emoray.artifact.runtime import DECISION, LABELS, Classifier

    files = {name: (compressed / BASE / name).read_bytes() for name in BASE_FILES}
    labels = len(json.loads(files[LABELS]))
    decision = decision_json(1.0, np.zeros(labels), "fixed0.5")
    return TimedArtifact(Classifier({**files, DECISION: decision}, threads=threads))


def _texts(
    corpus: CorpusRef, taxonomy: str, encoded: Path, most: int
) -> tuple[np.ndarray, list[Any], list[Any]]:
    """Which test texts, or rows, are timed, evenly over their lengths, those, and the others."""
    from emoray.artifact.scoring import evenly

    texts = corpus.read(taxonomy).test.inputs
    chosen = evenly(read_texts(encoded, "test")[0].lengths, most)
    others = np.setdiff1d(np.arange(len(texts)), chosen)
    return chosen, [texts[i] for i in chosen], [texts[i] for i in others]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureLatency:
    """The time of one text, batch 1: these models against a baseline, on a whole node."""

    name: ClassVar[str] = "clock"
    version: ClassVar[int] = 5

    compressed: tuple[Compress, ...]
    baseline: Compress
    text: TextStage
    corpus: CorpusRef
    taxonomy: str
    cpu: str  # another processor, another measurement
    cpus: int  # of the node: reserved, so that nothing else runs there
    threads: int = 1
    texts: int = TIMED_TEXTS
    turns: int = 2

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `latency.parquet`."""
        from emoray.artifact.latency import measure_latency
        from emoray.tables.files import write_table

        models = {"baseline": _timed(inputs["baseline"], self.threads)}
        for i, compressed in enumerate(self.compressed):
            models[id_of(compressed)] = _timed(inputs[f"compressed.{i}"], self.threads)
        chosen, texts, others = _texts(self.corpus, self.taxonomy, inputs["text"], self.texts)
        samples = measure_latency(
            models, texts, baseline="baseline", others=others, repeats=self.turns
        )
        write_table(_rows(samples, chosen, self.threads), out / "latency.parquet", LatencyRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureMemberLatency:
    """The time of the same texts by every member of an ensemble, each against the first."""

    name: ClassVar[str] = "clock_members"
    version: ClassVar[int] = 4

    compressed: tuple[Compress, ...]
    text: TextStage  # of the first: whose lengths choose the texts
    corpus: CorpusRef
    taxonomy: str
    cpu: str  # another processor, another measurement
    cpus: int  # of the node: reserved, so that nothing else runs there
    threads: int = 1
    texts: int = TIMED_TEXTS
    turns: int = 2

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `latency.parquet`."""
        from emoray.artifact.latency import measure_latency
        from emoray.tables.files import write_table

        chosen, texts, others = _texts(self.corpus, self.taxonomy, inputs["text"], self.texts)
        first = _timed(inputs["compressed.0"], self.threads)
        samples = []
        for i, compressed in enumerate(self.compressed):
            models = {
                "baseline": first,
                id_of(compressed): _timed(inputs[f"compressed.{i}"], self.threads),
            }
            samples += measure_latency(
                models, texts, baseline="baseline", others=others, repeats=self.turns
            )
        write_table(_rows(samples, chosen, self.threads), out / "latency.parquet", LatencyRow)
