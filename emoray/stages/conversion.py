"""A checkpoint as a float ONNX graph: our own where we have one, else PyTorch's export."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.export.coverage import coverage
from emoray.export.graph import Built
from emoray.stages.checkpoint_source import (
    LoadedCheckpoint,
    find_loaded,
    pieces_of,
    read_loaded,
    unchanged,
)
from emoray.stages.foreign import exported_graph, of_one_length
from emoray.stages.spec import CorpusRef

BASE, COVERAGE = "artifact", "coverage.txt"
OURS, THEIRS = "emoray", "torch.onnx.export and onnxruntime's fusions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A model's file, what made it, and a summary of its parts."""

    file: bytes
    by: str
    coverage: str


def _ours(given: LoadedCheckpoint) -> Built:
    from emoray.export.encoder.layers import build_encoder
    from emoray.export.encoder.network import Encoder

    tensors, settings, _ = read_loaded(given)
    return build_encoder(Encoder.from_tensors(tensors, asdict(settings)))


def graph_of(given: LoadedCheckpoint) -> Graph:
    """Our graph of the model; of a foreign encoder what PyTorch exports, fused by onnxruntime."""
    if given.checkpoint.kind != "foreign":
        built = _ours(given)
        return Graph(file=built.file, by=OURS, coverage=str(coverage(built)))
    from emoray.export.given.graph import build_given
    from emoray.export.given.network import read_network_bytes

    made = exported_graph(given)
    built = build_given(read_network_bytes(made.file))
    lines = [
        f"an encoder we cannot fuse ({given.checkpoint.why})",
        f"made by {THEIRS}: every product is float32, attention is not fused",
        *([of_one_length(made.tokens)] if made.tokens else []),
        str(coverage(built)),
    ]
    return Graph(file=built.file, by=THEIRS, coverage="\n".join(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Convert:
    """A model's folder as the files of an artifact, all but its decision."""

    name: ClassVar[str] = "convert"
    version: ClassVar[int] = 3

    sha256: str
    max_tokens: int
    folder: Path

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write the artifact's base files, and what made the graph."""
        from emoray.artifact.packaging import base_files

        given = unchanged(find_loaded(self.folder, max_tokens=self.max_tokens), self.sha256)
        made, pieces = graph_of(given), pieces_of(given)
        files: Mapping[str, bytes] = base_files(
            made.file,
            vocabulary=pieces.vocabulary(),
            tokenizer=pieces.settings_json(),
            labels=given.checkpoint.labels,
        )
        (out / BASE).mkdir()
        for name, content in files.items():
            (out / BASE / name).write_bytes(content)
        (out / COVERAGE).write_text(f"{made.coverage}\n", "utf-8")
        (out / "graph.json").write_text(json.dumps({"by": made.by}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreConverted:
    """Logits of dev from the converted model, and true labels, in the model's order of labels."""

    name: ClassVar[str] = "score_converted"
    version: ClassVar[int] = 1

    converted: Convert
    corpus: CorpusRef
    taxonomy: str

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `dev.npz`: logits and labels."""
        from emoray.artifact.scoring import logits

        given = find_loaded(
            self.converted.folder,
            max_tokens=self.converted.max_tokens,
            among=self.corpus.taxonomies,
        )
        dev = self.corpus.read(self.taxonomy).dev
        ragged = pieces_of(given).encode_all(dev.texts)
        found_NK = logits(inputs["converted"] / BASE / "model.onnx", ragged)
        own_K = np.argsort(given.columns_K)  # columns_K: where the taxonomy's labels stand
        np.savez(
            out / "dev.npz",
            allow_pickle=False,
            logits_NK=found_NK,
            labels_NK=dev.labels_NK[:, own_K],
        )
