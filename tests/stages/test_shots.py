"""Models of a few shots, calibrated on what they have and on nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.decide.weighing import MeanOf
from emoray.models.objectives import Distilled, MoreTexts
from emoray.models.sampling import OutOfFold, Shots, WholeDev
from emoray.quant.policy import Scheme
from emoray.quant.pruning import Prune
from emoray.quant.scheme import FLOAT
from emoray.stages.compression import LOGITS
from emoray.stages.decisions import Decide
from emoray.stages.distillation.refs import TeacherRef
from emoray.stages.distillation.targets import SoftTargets
from emoray.stages.encoding import read_padded, read_texts
from emoray.stages.ensembles import Combine
from emoray.stages.plan import deciding, training
from emoray.stages.shots import ShotsAsDev, by_fold
from emoray.stages.spec import Data, Decision
from emoray.storage.store.keys import key_of
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import TrainingRow
from tests.stages.chain import RECIPE, Chain

SHOTS = Shots(per_label=6, calibration=OutOfFold(folds=2))
FEW = replace(RECIPE, sample=SHOTS, patience=1)
ON_DEV = replace(RECIPE, sample=replace(SHOTS, calibration=WholeDev()))


def decided(recipe: object, data: Data, scheme: Scheme = FLOAT) -> Decide:
    return deciding(training(recipe, data), scheme, (Decision(),))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(chain: Chain) -> tuple[Store, Decide]:
    decide = decided(FEW, chain.data)
    chain.store.make(decide)
    return chain.store, decide


def test_dev_is_the_shots_and_test_is_whole(chain: Chain, made: tuple[Store, Decide]) -> None:
    store, decide = made
    few, whole = store.folder(decide.text), store.folder(chain.decided[0].text)
    train = read_padded(whole, "train")
    rows_S = SHOTS.rows(train.labels_NK, FEW.seed)
    dev = read_padded(few, "dev")
    np.testing.assert_array_equal(dev.labels_NK, train.labels_NK[rows_S])
    width = dev.ids_NL.shape[1]
    np.testing.assert_array_equal(dev.ids_NL, train.ids_NL[rows_S, :width])
    for split in ("train", "test"):
        np.testing.assert_array_equal(read_texts(few, split)[1], read_texts(whole, split)[1])


def test_every_shot_is_scored_by_the_model_that_has_not_learned_it(
    chain: Chain, made: tuple[Store, Decide]
) -> None:
    store, decide = made
    few = store.folder(decide.text)
    fold_S = SHOTS.folds(read_texts(few, "train")[1], FEW.seed)
    with np.load(store.folder(decide.scored) / LOGITS) as data:
        dev_NK = data["dev"]
    alone = []
    for fold, without in enumerate(decide.scored.folds):
        rows = without.trained.recipe.sample.rows(read_texts(few, "train")[1], FEW.seed)
        assert len(rows) == (fold_S != fold).sum()
        own = replace(decide.scored, compressed=without, folds=())
        with np.load(store.make(own).folder / LOGITS) as data:
            alone.append(data["dev"])
            np.testing.assert_array_equal(dev_NK[fold_S == fold], data["dev"][fold_S == fold])
    assert (alone[0] != alone[1]).any()


def test_the_last_epoch_is_kept_as_no_text_is_left_to_choose_by(
    made: tuple[Store, Decide],
) -> None:
    store, decide = made
    trained = store.folder(decide.compressed.trained)
    epochs = read_table(trained / "trainings.parquet", TrainingRow).column("kept").to_pylist()
    assert epochs == [False] * (FEW.epochs - 1) + [True]


def test_a_row_says_its_shots_and_what_calibrated_it(
    chain: Chain, made: tuple[Store, Decide]
) -> None:
    def told(folder: Path) -> tuple[object, object]:
        row = read_table(folder / "points.parquet", MeasuredPointRow).to_pylist()[0]
        return row["shots"], row["calibrated_on"]

    store, decide = made
    assert told(store.folder(decide)) == (6, "shots")
    assert told(chain.folders[0]) == (0, "dev")
    assert told(store.make(decided(ON_DEV, chain.data)).folder) == (6, "dev")


def test_calibrated_on_dev_a_few_shots_read_the_texts_of_all(chain: Chain) -> None:
    decide = decided(ON_DEV, chain.data)
    assert key_of(decide.text) == key_of(chain.decided[0].text) and not decide.scored.folds


def test_what_the_shots_alone_cannot_calibrate_is_refused(
    chain: Chain, made: tuple[Store, Decide]
) -> None:
    with pytest.raises(ValueError, match="is not pruned, as each fold would be pruned otherwise"):
        decided(FEW, chain.data, replace(FLOAT, prune=Prune(rows=0.5)))
    other = decided(replace(FEW, seed=1), chain.data)
    with pytest.raises(ValueError, match="calibrated on the same texts, got those of 2 samples"):
        Combine.of([made[1], other], MeanOf(), plan="few")


def test_a_teacher_of_a_few_shots_is_not_trained_on_others(chain: Chain) -> None:
    teacher = TeacherRef(sha256="a" * 64, folder=Path("/nowhere"), recipes=(FEW,))
    data = replace(chain.data, teachers=(("few", teacher),))
    student = replace(RECIPE, objective=Distilled(teacher="few", folds=2))
    with pytest.raises(ValueError, match="a teacher of a few shots has not learned the other"):
        training(student, data)


def test_a_student_learns_its_shots_and_all_that_the_teacher_labels_besides(chain: Chain) -> None:
    teacher = TeacherRef(sha256="a" * 64, folder=Path("/nowhere"), recipes=())
    data = replace(chain.data, teachers=(("one", teacher),))
    aim = Distilled(teacher="one", transfer=MoreTexts(copies=1))
    student = training(replace(FEW, objective=aim), data)
    assert isinstance(student.text, ShotsAsDev) and isinstance(student.targets, SoftTargets)
    assert student.targets.text == student.text.text, "targets are of the whole train"
    assert student.targets.transfer is not None
    for without in by_fold(student):
        assert without.targets == student.targets and without.text == student.text
