"""From weights to a model under one scheme, and what that model says. Shapes: K labels."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.labels import taxonomy as taxonomy_of
from emoray.quant.scheme import ModelScheme
from emoray.trial.stages.text import MAX_TOKENS, Encode, read_texts
from emoray.trial.stages.training import Train
from emoray.trial.store import id_of

BASE = "artifact"  # of a finished Compress: the files that all decisions on it share


@dataclass(frozen=True, slots=True, kw_only=True)
class Compress:
    """A trained model under one scheme: the artifact, all but its decision."""

    name: ClassVar[str] = "compress"
    version: ClassVar[int] = 1

    trained: Train
    text: Encode
    scheme: ModelScheme

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.export.calibrate import calibrate
        from emoray.export.graph import build
        from emoray.export.network import Network
        from emoray.export.shipping import base_files
        from emoray.tables.files import write_table
        from emoray.tables.rows import LayerRow
        from emoray.text.words import rules_json
        from emoray.trial.layers import layer_columns

        recipe = self.trained.recipe
        with np.load(inputs["trained"] / "weights.npz", allow_pickle=False) as weights:
            network = Network.from_tensors(dict(weights), [str(p) for p in recipe.pools])
        dev, _ = read_texts(inputs["text"], "dev")
        built = build(network, self.scheme, calibrate(network, dev, self.scheme))
        files = base_files(
            built.file,
            vocabulary=(inputs["text"] / "vocabulary.txt").read_text("utf-8"),
            tokenizer={**rules_json(), "max_tokens": MAX_TOKENS},
            labels=taxonomy_of(recipe.taxonomy).labels,
        )
        (out / BASE).mkdir()
        for name, content in files.items():
            (out / BASE / name).write_bytes(content)
        facts = {
            "execution": built.execution,
            "embedding_bytes": built.embedding_bytes,
            "parameters": network.parameters,
        }
        (out / "facts.json").write_text(json.dumps(facts))
        rows = layer_columns(built.layers, id_of(self))
        write_table(rows, out / "layers.parquet", LayerRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Logits of dev and test from the compressed model, run as a user would."""

    name: ClassVar[str] = "score"
    version: ClassVar[int] = 1

    compressed: Compress
    text: Encode

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.export.score import logits

        model = inputs["compressed"] / BASE / "model.onnx"
        found = {s: logits(model, read_texts(inputs["text"], s)[0]) for s in ("dev", "test")}
        np.savez(out / "logits.npz", allow_pickle=False, **found)
