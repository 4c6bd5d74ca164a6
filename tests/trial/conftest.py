from pathlib import Path

import pytest

from emoray.quant.catalogue import quick_schemes
from emoray.stages.inputs import summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, all_decisions
from emoray.storage.store.local import Store
from tests.trial.chain import RECIPE, Chain


@pytest.fixture(scope="session")
def data() -> Data:
    """The embedded sample and the package's vectors."""
    return summarize_corpus(RECIPE.taxonomy, None, download=False).data


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory, data: Data) -> Chain:
    """Every stage of one small recipe, made once: float and integers, all decisions."""
    store = Store(tmp_path_factory.mktemp("chain") / "store")
    schemes = list(quick_schemes().values())
    train = training(RECIPE, data)
    decided = tuple(deciding(train, schemes[i], all_decisions()) for i in (0, 3, 5, -3))
    folders: tuple[Path, ...] = tuple(store.make(decide).folder for decide in decided)
    return Chain(store=store, data=data, decided=decided, folders=folders)
