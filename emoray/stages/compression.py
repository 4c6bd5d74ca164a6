"""From weights to a model under one scheme, and its logits. Shapes: K labels."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.quant.policy import Scheme
from emoray.stages.encoding import FACTS, TOKENIZER, VOCABULARY, read_texts
from emoray.stages.families.protocol import TextStage, TrainStage
from emoray.stages.families.registry import EVERY_FAMILY
from emoray.stages.pruning import HealModel, PruneModel
from emoray.stages.qat import QuantizationAwareTraining
from emoray.stages.shots import FOLDS
from emoray.storage.store.keys import id_of
from emoray.text.normal_steps import served_settings

BASE = "artifact"  # of a finished Compress: the files that all decisions on it share
LOGITS = "logits.npz"  # of a finished Score: dev and test
BATCHES = "batches.npz"  # of a finished Score: the same test texts one by one, and many at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Compress:
    """A trained model under one scheme: the artifact, all but its decision.

    Attributes:
        trained: the training.
        text: the texts as the model reads them.
        scheme: how weights and activations are stored.
        refined: quantization-aware training, where the scheme has it.
        left: what pruning leaves of the training, where the scheme prunes.
    """

    name: ClassVar[str] = "compress"

    trained: TrainStage
    text: TextStage
    scheme: Scheme
    refined: QuantizationAwareTraining | None = None
    left: PruneModel | HealModel | None = field(default=None, metadata={"key_default": None})

    @property
    def pruned(self) -> PruneModel | None:
        """The stage that pruned the training; None where the scheme prunes nothing."""
        return self.left.pruned if isinstance(self.left, HealModel) else self.left

    @property
    def version(self) -> int:
        """Raised for one family alone where its own graph changes."""
        return 3 + EVERY_FAMILY[self.trained.recipe.family].graph_version

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write the artifact's base files, `layers.parquet`, facts and coverage."""
        from emoray.artifact.packaging import base_files
        from emoray.stages.compressing import compressed
        from emoray.stages.layer_rows import layer_columns
        from emoray.tables.files import write_table
        from emoray.tables.rows import LayerRow

        dev, _ = read_texts(inputs["text"], "dev")
        made = compressed(
            self.trained.recipe,
            inputs["trained"],
            dev,
            self.scheme,
            refined=inputs.get("refined"),
            left=inputs.get("left"),
        )
        files = base_files(
            made.built.file,
            vocabulary=(inputs["text"] / VOCABULARY).read_bytes().decode(),
            tokenizer=served_settings(json.loads((inputs["text"] / TOKENIZER).read_text("utf-8"))),
            labels=self.text.corpus.taxonomy(self.trained.recipe.taxonomy).labels,
        )
        (out / BASE).mkdir()
        for name, content in files.items():
            (out / BASE / name).write_bytes(content)
        of_text = json.loads((inputs["text"] / FACTS).read_text())
        (out / FACTS).write_text(json.dumps({**made.facts, **of_text}))
        (out / "coverage.txt").write_text(f"{made.coverage}\n", "utf-8")
        rows = layer_columns(made.built.layers, id_of(self), made.reasons)
        write_table(rows, out / "layers.parquet", LayerRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Logits of dev and test from the compressed model, run as a user would.

    Attributes:
        compressed: the model.
        text: its texts.
        folds: of a model that is calibrated on its shots, the models without each fold: logits of
            dev are each text's by the one that has not learned it.
    """

    name: ClassVar[str] = "score"
    version: ClassVar[int] = 2

    compressed: Compress
    text: TextStage
    folds: tuple[Compress, ...] = field(default=(), metadata={"key_default": ()})

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `logits.npz` of dev and test, and logits of some texts read both ways."""
        from emoray.artifact.batch_invariance import two_ways
        from emoray.artifact.scoring import logits

        model = inputs["compressed"] / BASE / "model.onnx"
        dev, test = (read_texts(inputs["text"], split)[0] for split in ("dev", "test"))
        dev_NK = logits(model, dev)
        for fold in range(len(self.folds)):
            without = logits(inputs[f"folds.{fold}"] / BASE / "model.onnx", dev)
            left_out_N = np.load(inputs["text"] / FOLDS, allow_pickle=False) == fold
            dev_NK[left_out_N] = without[left_out_N]
        np.savez(out / LOGITS, allow_pickle=False, dev=dev_NK, test=logits(model, test))
        family = EVERY_FAMILY[self.compressed.trained.recipe.family]
        both = two_ways(model, test, family.texts_both_ways)
        np.savez(
            out / BATCHES, allow_pickle=False, alone_MK=both.alone_MK, batched_MK=both.batched_MK
        )
