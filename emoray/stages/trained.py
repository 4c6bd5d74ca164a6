"""What the training of every family reads and leaves."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from emoray.models.batches import PaddedTexts
from emoray.models.outcome import Outcome
from emoray.models.recipe import Recipe
from emoray.stages.encoding import read_padded
from emoray.stages.spec import recipe_id
from emoray.storage.store.keys import Stage, id_of
from emoray.tables.rows import TrainingRow

WEIGHTS = "weights.npz"  # of a finished training: its tensors by name
SETTINGS = "encoder.json"  # of a finished training: what an encoder's tensors do not say


def read_train(recipe: Recipe, text: Path) -> PaddedTexts:
    """The train texts of a finished text stage that the recipe's sample draws."""
    train = read_padded(text, "train")
    return train.taken(recipe.sample.rows(len(train.lengths_N), recipe.seed))


def read_tensors(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of a finished training, by name."""
    with np.load(folder / WEIGHTS, allow_pickle=False) as data:
        return dict(data)


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
