"""What a student learns: mixed targets of train, the teacher's alone of transfer texts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.models.losses import BCE
from emoray.models.objectives import Distilled, MoreTexts, Supervised
from emoray.models.sampling import Bootstrap
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.scheme import FLOAT, ModelScheme, Qat, QuantScheme
from emoray.stages.distillation.at_hand import with_teachers
from emoray.stages.distillation.targets import SoftTargets
from emoray.stages.distillation.texts import AskedTexts
from emoray.stages.encoding import read_padded, read_texts
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, Decision
from emoray.stages.trained import read_tensors, read_train
from emoray.storage.store.keys import key_of
from emoray.storage.store.local import Store
from tests.artifact.finished import make_artifact
from tests.stages.chain import RECIPE


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("learning") / "store")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_artifact(tmp_path_factory.mktemp("teachers") / "one")


def student(teacher: Path, **knobs: object) -> GloveRecipe:
    return replace(RECIPE, objective=Distilled(teacher=str(teacher), **knobs))  # type: ignore[arg-type]


def targets_of(recipe: GloveRecipe, data: Data) -> SoftTargets:
    found = training(recipe, with_teachers(data, [recipe])).targets
    assert isinstance(found, SoftTargets)
    return found


@pytest.mark.parametrize(("hard", "temperature"), [(0.0, 1.0), (0.3, 2.0), (1.0, 1.0)])
def test_targets_mix_true_labels_with_softened_probabilities(
    store: Store, data: Data, teacher: Path, hard: float, temperature: float
) -> None:
    stage = targets_of(student(teacher, hard=hard, temperature=temperature), data)
    made = read_padded(store.make(stage).folder, "train")
    own = read_padded(store.make(stage.text).folder, "train")
    logits_NK = runtime.load(teacher).logits(data.corpus.texts("train"))
    soft_NK = 1 / (1 + np.exp(-logits_NK / temperature))
    np.testing.assert_allclose(
        made.labels_NK, hard * own.labels_NK + (1 - hard) * soft_NK, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(made.ids_NL, own.ids_NL)


def test_transfer_texts_stand_behind_with_the_teachers_answer_alone(
    store: Store, data: Data, teacher: Path
) -> None:
    stage = targets_of(student(teacher, transfer=MoreTexts(copies=1)), data)
    assert stage.texts is not None
    folder = store.make(stage).folder
    asked = AskedTexts.read(store.folder(stage.texts)).texts
    ids, targets_NK = read_texts(folder, "train")
    texts = len(data.corpus.texts("train"))
    assert len(ids) == texts + len(asked)
    soft_NK = 1 / (1 + np.exp(-runtime.load(teacher).logits(asked)))
    np.testing.assert_allclose(targets_NK[texts:], soft_NK, rtol=1e-5)
    text = store.folder(stage.text)
    reader = runtime.Reader(
        (text / "vocabulary.txt").read_bytes(), (text / "tokenizer.json").read_bytes()
    )
    for i in (0, len(asked) // 2, len(asked) - 1):
        assert ids.row(texts + i).tolist() == reader.ids(asked[i])


def test_a_sample_is_drawn_of_train_and_every_transfer_text_is_learned(
    store: Store, data: Data, teacher: Path
) -> None:
    recipe = replace(student(teacher, transfer=MoreTexts(copies=1)), sample=Bootstrap(), seed=3)
    stage = targets_of(recipe, data)
    targets, text = store.make(stage).folder, store.make(stage.text).folder
    whole, found = read_padded(targets, "train"), read_train(recipe, text, targets)
    texts = len(data.corpus.texts("train"))
    rows = Bootstrap().rows(whole.labels_NK[:texts], 3)
    np.testing.assert_array_equal(found.labels_NK[:texts], whole.labels_NK[rows])
    np.testing.assert_array_equal(found.labels_NK[texts:], whole.labels_NK[texts:])


def test_a_student_of_its_teacher_alone_ends_near_it(
    store: Store, data: Data, teacher: Path
) -> None:
    """A linear student on means, as its teacher is one, after enough epochs says what it says."""
    recipe = replace(
        student(teacher, hard=0.0), layers=0, loss=BCE(), epochs=20, dropout=0.0, embedding_dim=50
    )
    train = training(recipe, with_teachers(data, [recipe]))
    plain = replace(train, recipe=replace(recipe, objective=Supervised()), targets=None)
    wanted_NK = runtime.load(teacher).logits(data.corpus.texts("dev"))

    def near(stage: object) -> float:
        decide = deciding(stage, FLOAT, (Decision(),))  # type: ignore[arg-type]
        with np.load(store.make(decide.scored).folder / "logits.npz") as found:
            return float(np.corrcoef(found["dev"].ravel(), wanted_NK.ravel())[0, 1])

    assert near(train) > near(plain)


def test_targets_are_of_the_key_of_a_training_and_of_its_further_training(
    data: Data, teacher: Path
) -> None:
    one, other = student(teacher), student(teacher, hard=0.25)
    at_hand = with_teachers(data, [one, other])
    eight = ModelScheme(dense=QuantScheme(bits=8), qat=Qat(epochs=1))
    refined = [
        deciding(training(recipe, at_hand), eight, (Decision(),)).compressed.refined
        for recipe in (one, other, RECIPE)
    ]
    assert [each is not None and each.targets == each.trained.targets for each in refined] == [
        True
    ] * 3
    assert refined[0] and refined[0].targets and refined[2] and refined[2].targets is None
    assert len({key_of(each) for each in refined if each}) == 3


def test_a_distilled_training_reads_its_targets(store: Store, data: Data, teacher: Path) -> None:
    recipe = student(teacher, hard=0.0)
    train = training(recipe, with_teachers(data, [recipe]))
    same = replace(train, recipe=recipe, targets=None)  # type: ignore[type-var]
    taught, plain = (read_tensors(store.make(stage).folder) for stage in (train, same))
    assert not np.allclose(taught["head.kernel"], plain["head.kernel"])
