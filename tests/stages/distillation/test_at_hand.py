"""Teachers that recipes name: artifacts, points of runs, and what is refused before it begins."""

from dataclasses import replace
from pathlib import Path

import pytest

from emoray.artifact.loading import open_artifact
from emoray.labels import EKMAN, SENTIMENT
from emoray.models.objectives import Distilled, MoreTexts
from emoray.stages.distillation.at_hand import find_teacher, run_and_point, with_teachers
from emoray.stages.distillation.targets import SoftTargets
from emoray.stages.distillation.teachers import CrossFittedLogits
from emoray.stages.plan import training
from emoray.stages.spec import Data
from emoray.storage.store.keys import key_of
from tests.artifact.finished import make_artifact
from tests.runs import Run
from tests.stages.chain import RECIPE


def test_a_teacher_is_named_by_its_model_wherever_it_lies(tmp_path: Path) -> None:
    one, other = (find_teacher(str(make_artifact(tmp_path / n)), SENTIMENT) for n in "ab")
    assert one.sha256 == other.sha256 == open_artifact(tmp_path / "a").model_sha256
    assert one.folder != other.folder and one.recipes == ()


def test_a_teacher_of_other_labels_is_refused(tmp_path: Path) -> None:
    made = make_artifact(tmp_path / "one", labels=("calm", "tense"))
    with pytest.raises(ValueError, match=r"labels of its student, 7 of ekman.*got 2 in .*one"):
        find_teacher(str(made), EKMAN)


def test_a_recipe_without_a_teacher_at_hand_is_refused(data: Data) -> None:
    with pytest.raises(ValueError, match=r"needs a teacher, got none: name .* --teacher"):
        training(replace(RECIPE, objective=Distilled()), data)
    with pytest.raises(ValueError, match="must be at hand, got 'gone' with none"):
        training(replace(RECIPE, objective=Distilled(teacher="gone")), data)


def test_an_artifact_alone_cannot_be_trained_by_folds(data: Data, tmp_path: Path) -> None:
    made = str(make_artifact(tmp_path / "one"))
    recipe = replace(RECIPE, objective=Distilled(teacher=made, folds=2))
    with pytest.raises(ValueError, match="does not say how it was trained: name RUN:POINT"):
        training(recipe, with_teachers(data, [recipe]))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("results/run:point-1", ("results/run", "point-1")),
        ("s3://bucket/run:point-1", ("s3://bucket/run", "point-1")),
        ("s3://bucket/artifact", None),
        ("model:emotions@production", None),
        ("results/run/artifacts/best", None),
    ],
)
def test_a_point_stands_behind_its_run(name: str, wanted: tuple[str, str] | None) -> None:
    assert run_and_point(name) == wanted


def test_a_file_whose_name_has_a_colon_is_no_point(tmp_path: Path) -> None:
    (tmp_path / "a:b").mkdir()
    assert run_and_point(str(tmp_path / "a:b")) is None


def test_files_of_texts_are_found_once(data: Data, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("one\ntwo\n")
    made = str(make_artifact(tmp_path / "one"))
    more = MoreTexts(unlabelled=str(tmp_path / "own.txt"))
    recipe = replace(RECIPE, objective=Distilled(teacher=made, transfer=more))
    ((name, ref),) = with_teachers(data, [recipe, replace(recipe, seed=1)]).unlabelled
    assert name == more.unlabelled and ref.read() == ("one", "two")


@pytest.mark.long
def test_a_point_of_a_run_teaches_as_it_is_or_trained_anew_by_folds(smoke: Run, data: Data) -> None:
    points = smoke.searched
    row = points.sort_values("dev_macro_f1").iloc[-1]
    name = f"{smoke.folder}:{row['point']}"
    recipe = replace(RECIPE, taxonomy=row["taxonomy"], objective=Distilled(teacher=name))
    by_folds = replace(recipe, objective=Distilled(teacher=name, folds=2))
    at_hand = with_teachers(data, [recipe, by_folds])
    teacher = at_hand.teacher(name)
    assert open_artifact(teacher.folder).sha256 == row["artifact_sha256"]
    assert [each.taxonomy for each in teacher.recipes] == [row["taxonomy"]]
    targets = training(by_folds, at_hand).targets
    assert isinstance(targets, SoftTargets) and isinstance(targets.train, CrossFittedLogits)
    folds = [str(c.trained.recipe.sample) for c in targets.train.compressed]
    assert folds == ["without0of2", "without1of2"]
    assert key_of(training(by_folds, at_hand)) != key_of(training(recipe, at_hand))
