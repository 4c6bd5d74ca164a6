"""The real stages on the embedded sample, with a recipe of seconds."""

from dataclasses import dataclass
from pathlib import Path

from emoray.models.losses import WeightedBCE
from emoray.models.word.recipe import GloveRecipe
from emoray.stages.decisions import Decide
from emoray.stages.spec import Data
from emoray.storage.store.local import Store

RECIPE = GloveRecipe(
    taxonomy="sentiment",
    embedding_dim=16,
    vocabulary=500,
    hidden_units=16,
    epochs=3,
    learning_rate=1e-2,
    loss=WeightedBCE(0.4),
)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Where the stages lie; `folders` are those of `decided`."""

    store: Store
    data: Data
    decided: tuple[Decide, ...]
    folders: tuple[Path, ...]
