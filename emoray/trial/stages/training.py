"""From a recipe to weights: the dear part."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.model.recipe import GloveRecipe
from emoray.trial.spec import recipe_id
from emoray.trial.stages.text import Embed, Encode, read_texts
from emoray.trial.store import id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """One recipe with one seed: the dear part."""

    name: ClassVar[str] = "train"
    version: ClassVar[int] = 3

    recipe: GloveRecipe
    text: Encode
    vectors: Embed

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.model import glove
        from emoray.tables.files import write_table
        from emoray.tables.rows import TrainingRow

        def texts(split: str) -> glove.Texts:
            ragged, labels_NK = read_texts(inputs["text"], split)
            ids_NL = ragged.padded(np.arange(len(ragged)))
            return glove.Texts(ids_NL=ids_NL, lengths_N=ragged.lengths, labels_NK=labels_NK)

        with np.load(inputs["vectors"] / "vectors.npz", allow_pickle=False) as data:
            vectors_VD, rare_M = data["vectors_VD"], data["rare_M"]
        dev = texts("dev")
        trained = glove.train(
            self.recipe,
            train=texts("train"),
            dev=dev,
            vectors_VD=vectors_VD,
            rare_M=rare_M,
            score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
        )
        np.savez(out / "weights.npz", allow_pickle=False, **trained.tensors)
        rows = [
            TrainingRow(
                training_id=id_of(self),
                recipe=recipe_id(self.recipe),
                taxonomy=self.recipe.taxonomy,
                seed=self.recipe.seed,
                kept=epoch.epoch == trained.kept,
                **asdict(epoch),
            )
            for epoch in trained.epochs
        ]
        write_table(rows, out / "trainings.parquet", TrainingRow)
