"""From a recipe to weights: the dear part."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.models.batches import PaddedTexts
from emoray.models.outcome import Outcome
from emoray.models.word.recipe import GloveRecipe
from emoray.stages.encoding import Embed, Encode, read_padded
from emoray.stages.spec import Recipe, recipe_id
from emoray.storage.store.keys import Stage, id_of
from emoray.tables.rows import TrainingRow


def read_train(recipe: Recipe, text: Path) -> PaddedTexts:
    """The train texts of a finished `Encode` or `Pieces` that the recipe's sample draws."""
    train = read_padded(text, "train")
    return train.taken(recipe.sample.rows(len(train.lengths_N), recipe.seed))


def training_rows(stage: Stage, recipe: Recipe, trained: Outcome) -> list[TrainingRow]:
    """The epochs of a training as rows of `trainings`."""
    return [
        TrainingRow(
            training_id=id_of(stage),
            recipe=recipe_id(recipe),
            taxonomy=recipe.taxonomy,
            seed=recipe.seed,
            kept=epoch.epoch == trained.kept,
            **asdict(epoch),
        )
        for epoch in trained.epochs
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainWords:
    """One recipe with one seed: the dear part."""

    name: ClassVar[str] = "train"
    version: ClassVar[int] = 3

    recipe: GloveRecipe
    text: Encode
    vectors: Embed

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.models.word import keras_model
        from emoray.tables.files import write_table

        with np.load(inputs["vectors"] / "vectors.npz", allow_pickle=False) as data:
            vectors_VD, rare_M = data["vectors_VD"], data["rare_M"]
        dev = read_padded(inputs["text"], "dev")
        trained = keras_model.train_keras(
            self.recipe,
            train=read_train(self.recipe, inputs["text"]),
            dev=dev,
            vectors_VD=vectors_VD,
            rare_M=rare_M,
            score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
        )
        np.savez(out / "weights.npz", allow_pickle=False, **trained.tensors)
        write_table(
            training_rows(self, self.recipe, trained), out / "trainings.parquet", TrainingRow
        )
