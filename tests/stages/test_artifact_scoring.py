import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.artifact.decision_history import change
from emoray.artifact.loading import open_artifact, require_texts
from emoray.data.goemotions import sample
from emoray.data.importing.settings import CorpusSource
from emoray.data.options import RunOptions
from emoray.labels import SENTIMENT
from emoray.stages.artifact_scoring import ArtifactEvaluation, evaluate_on
from tests.artifact.finished import make_artifact
from tests.artifact.test_feature_reader import files as files_of_features
from tests.data.made_features import LABELS, write_lists
from tests.data.made_features import rows as made_rows


def test_logits_are_those_of_the_artifact(
    evaluation: ArtifactEvaluation, overconfident: Path
) -> None:
    said = evaluation.split_logits("test")
    np.testing.assert_array_equal(said.logits_NK, runtime.load(overconfident).logits(said.inputs))
    np.testing.assert_array_equal(said.labels_NK, evaluation.corpus.test.labels_NK)


def test_labels_stand_in_the_artifacts_order(
    tmp_path: Path, evaluation: ArtifactEvaluation
) -> None:
    turned = make_artifact(tmp_path / "a", sharpness=3.0, labels=SENTIMENT.labels[::-1])
    said = evaluate_on(
        open_artifact(turned), RunOptions(out=tmp_path, download=False)
    ).split_logits("test")
    straight = evaluation.split_logits("test")
    np.testing.assert_array_equal(said.labels_NK, straight.labels_NK[:, ::-1])
    np.testing.assert_allclose(said.logits_NK, straight.logits_NK[:, ::-1], atol=1e-5)


def test_a_new_decision_scores_nothing_again(tmp_path: Path) -> None:
    folder, wanted = make_artifact(tmp_path / "a"), RunOptions(out=tmp_path / "out", download=False)
    first = evaluate_on(open_artifact(folder), wanted)
    before = first.split_logits("dev").logits_NK
    change(folder, temperature=2.0, cuts_K=np.ones(4), rule="given", why="")
    again = evaluate_on(open_artifact(folder), wanted)
    np.testing.assert_array_equal(again.split_logits("dev").logits_NK, before)
    assert [e["event"] for e in again.store.journal()] == ["started", "made"]


def test_a_corpus_folder_is_called_by_its_name(tmp_path: Path) -> None:
    shutil.copytree(sample().folder, tmp_path / "mine")
    found = RunOptions(corpus=CorpusSource(source=str(tmp_path / "mine")), out=Path("out")).find()
    assert (found.name, found.folder) == ("mine", tmp_path / "mine")


def test_train_is_not_scored(evaluation: ArtifactEvaluation) -> None:
    with pytest.raises(ValueError, match="scored on dev or test, got 'train'"):
        evaluation.split_logits("train")


def test_nothing_is_written_into_an_artifact(overconfident: Path) -> None:
    wanted = RunOptions(out=overconfident / "out", download=False)
    with pytest.raises(ValueError, match=r"nothing is written into an artifact, got .*--out"):
        evaluate_on(open_artifact(overconfident), wanted)
    assert not (overconfident / "out").exists()


def test_a_model_exchanged_meanwhile_is_refused(
    evaluation: ArtifactEvaluation, tmp_path: Path
) -> None:
    other = make_artifact(tmp_path / "a", seed=1)
    swapped = replace(
        evaluation, subject=replace(evaluation.subject, folder=other, model_sha256="0" * 64)
    )
    with pytest.raises(ValueError, match="must not change meanwhile, got other bytes in"):
        swapped.split_logits("test")


def features(folder: Path, width: int = 6) -> CorpusSource:
    """A corpus of six features a row, or of so many of them."""
    rows = [row[:width] for row in made_rows()[0].tolist()]
    return CorpusSource(
        source=str(write_lists(folder / "made.parquet", vector=rows)), feature_columns=("vector",)
    )


def artifact_of_features(folder: Path) -> Path:
    """An artifact that reads five features and has the made corpus' labels."""
    named = files_of_features() | {runtime.LABELS: json.dumps(list(LABELS)).encode()}
    runtime.write(folder, named)
    return folder


def test_an_artifact_of_features_is_scored_on_rows(tmp_path: Path) -> None:
    finished = open_artifact(artifact_of_features(tmp_path / "a"))
    wanted = RunOptions(corpus=features(tmp_path, 5), out=tmp_path / "out")
    said = evaluate_on(finished, wanted).split_logits("test")
    rows_NF = np.stack(said.inputs)
    assert rows_NF.shape[1] == 5
    np.testing.assert_array_equal(said.logits_NK, runtime.load(tmp_path / "a").logits(rows_NF))


def test_texts_and_features_are_not_taken_for_each_other(tmp_path: Path) -> None:
    finished = open_artifact(artifact_of_features(tmp_path / "a"))
    with pytest.raises(ValueError, match=r"reads 5 features a row, got the corpus made with 6"):
        evaluate_on(finished, RunOptions(corpus=features(tmp_path), out=tmp_path / "out"))
    texts = "".join(f"row {i}\t{i % 3}\tid{i}\n" for i in range(6))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "labels.txt").write_text("\n".join(LABELS))
    for split in ("train", "dev", "test"):
        (tmp_path / "texts" / f"{split}.tsv").write_text(texts)
    wanted = RunOptions(corpus=CorpusSource(source=str(tmp_path / "texts")), out=tmp_path / "out")
    with pytest.raises(ValueError, match=r"reads features, got the corpus texts of texts"):
        evaluate_on(finished, wanted)
    with pytest.raises(ValueError, match=r"a service reads texts, got the artifact a of features"):
        require_texts(finished, "a service")
