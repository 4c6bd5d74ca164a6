"""From a fine-tuned encoder to one of fewer layers, and to word vectors, end to end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.artifact.packaging import decision_json
from emoray.models.encoder.recipe import BertRecipe, UsedPieces
from emoray.models.objectives import Distilled, MoreTexts
from emoray.models.recipe import Recipe
from emoray.quant.scheme import FLOAT
from emoray.stages.compression import BASE
from emoray.stages.decisions import Decide
from emoray.stages.distillation.at_hand import with_teachers
from emoray.stages.encoder_training import ENCODER
from emoray.stages.inputs import require_encoder, summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, Decision
from emoray.storage.store.local import Store
from tests.models.encoder.encoders_made import make_encoder
from tests.stages.chain import RECIPE as WORDS

TEACHER = BertRecipe(
    taxonomy="sentiment",
    encoder="bert",
    layers=2,
    embedding_dim=8,
    pieces=UsedPieces(min_count=2, allowance=50),
    epochs=2,
    learning_rate=3e-3,
    batch_size=32,
    max_tokens=24,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("students") / "store")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    folder = make_encoder(tmp_path_factory.mktemp("encoders") / "bert", "bert")
    return summarize_corpus(
        "sentiment", None, download=False, encoders=[str(folder)], vectors_too=True
    ).data


def decided(recipe: Recipe, data: Data) -> Decide:
    return deciding(training(recipe, with_teachers(data, [recipe])), FLOAT, (Decision(),))


@pytest.fixture(scope="module")
def artifact(store: Store, data: Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The teacher as its user has it."""
    made = store.make(decided(TEACHER, data).compressed).folder / BASE
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    files[runtime.DECISION] = decision_json(1.0, np.zeros(4), "fixed0.5")
    folder = tmp_path_factory.mktemp("teacher") / "artifact"
    runtime.write(folder, files)
    return folder


def test_the_first_layers_of_a_trained_encoder_learn_from_all_of_it(
    store: Store, data: Data, artifact: Path
) -> None:
    trained = store.folder(training(TEACHER, data)) / ENCODER
    with_own = replace(data, encoders=(require_encoder(str(trained)),))
    student = replace(
        TEACHER,
        encoder=with_own.encoders[0].name,
        layers=1,
        epochs=1,
        objective=Distilled(teacher=str(artifact), transfer=MoreTexts(copies=1)),
    )
    done = store.make(decided(student, with_own))
    assert (done.folder / "points.parquet").is_file()
    with np.load(
        store.folder(training(student, with_teachers(with_own, [student]))) / "weights.npz"
    ) as found:
        assert {n.partition(".")[0] for n in found if n.startswith("layer")} == {"layer0"}
    wanted_NK = runtime.load(artifact).logits(data.corpus.texts("dev"))
    with np.load(store.folder(decided(student, with_own).scored) / "logits.npz") as logits:
        assert np.corrcoef(logits["dev"].ravel(), wanted_NK.ravel())[0, 1] > 0.9


def test_word_vectors_learn_from_an_encoder(store: Store, data: Data, artifact: Path) -> None:
    student = replace(WORDS, objective=Distilled(teacher=str(artifact), hard=0.0), epochs=6)
    wanted_NK = runtime.load(artifact).logits(data.corpus.texts("dev"))
    store.make(decided(student, data))
    with np.load(store.folder(decided(student, data).scored) / "logits.npz") as logits:
        assert np.corrcoef(logits["dev"].ravel(), wanted_NK.ravel())[0, 1] > 0.5
