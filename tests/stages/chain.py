"""The real stages on the embedded sample, with a recipe of seconds."""

from dataclasses import dataclass
from pathlib import Path

from emoray.models.losses import WeightedBCE
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.catalogue import quick_schemes
from emoray.stages.decisions import Decide
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, all_decisions
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


def made(root: Path, data: Data) -> Chain:
    """The chain of four schemes, made in a store of its own."""
    store = Store(root)
    schemes = list(quick_schemes().values())
    train = training(RECIPE, data)
    decided = tuple(deciding(train, schemes[i], all_decisions()) for i in (0, 3, 5, -3))
    folders = tuple(store.make(decide).folder for decide in decided)
    return Chain(store=store, data=data, decided=decided, folders=folders)
