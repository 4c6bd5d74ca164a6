"""Training of word models: from a recipe to weights."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.models.sampling import calibrated_on_shots
from emoray.models.word.recipe import GloveRecipe
from emoray.stages.encoding import Embed, read_padded
from emoray.stages.families.protocol import TextStage
from emoray.stages.trained import WEIGHTS, read_joint_train, training_rows
from emoray.storage.store.keys import Stage
from emoray.tables.rows import TrainingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainWords:
    """Train one recipe with one seed."""

    name: ClassVar[str] = "train"
    version: ClassVar[int] = 3

    recipe: GloveRecipe
    text: TextStage
    vectors: Embed
    targets: Stage | None = field(default=None, metadata={"key_default": None})

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `weights.npz` and `trainings.parquet`."""
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.models.word import keras_model
        from emoray.tables.files import write_table

        with np.load(inputs["vectors"] / "vectors.npz", allow_pickle=False) as data:
            vectors_VD, rare_M = data["vectors_VD"], data["rare_M"]
        dev = read_padded(inputs["text"], "dev")
        trained = keras_model.train_keras(
            self.recipe,
            train=read_joint_train(
                self.recipe, inputs["text"], self.text.corpus, inputs.get("targets")
            ),
            dev=dev,
            vectors_VD=vectors_VD,
            rare_M=rare_M,
            keep_last=calibrated_on_shots(self.recipe.sample) is not None,
            score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
        )
        np.savez(out / WEIGHTS, allow_pickle=False, **trained.tensors)
        write_table(
            training_rows(self, self.recipe, trained), out / "trainings.parquet", TrainingRow
        )
