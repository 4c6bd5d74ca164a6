"""`jobs.compare` from the outside: artifacts, points of a run and saved predictions."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from emoray.artifact import runtime
from emoray.artifact.packaging import Base, decision_json, row_of
from emoray.artifact.runtime import DECISION, MANIFEST
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import SENTIMENT
from emoray.metrics.cuts import cuts_of
from emoray.storage.s3 import S3Folder
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.evidence_rows import PredictionRow
from emoray.tables.files import read_table, write_table
from emoray.tables.point_rows import PointRow
from emoray.tables.rows import LabelRow, RunRow
from jobs import compare
from tests.artifact.finished import bytes_of, make_artifact
from tests.jobs.test_finished_artifact import assert_one_clear_line
from tests.jobs.test_in_a_bucket import put
from tests.tables.made import row

pytestmark = pytest.mark.usefixtures("no_data")

TEST = read_splits(sample().folder, name="sample", taxonomy=SENTIMENT).test
Rows = list[dict[str, object]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three artifacts: `plain`, `eager` (the same under lower thresholds) and `other`."""
    folder = tmp_path_factory.mktemp("models")
    make_artifact(folder / "plain")
    make_artifact(folder / "other", seed=4)
    files = runtime.read(folder / "plain")
    files[DECISION] = decision_json(1.0, np.full(4, cuts_of(0.3)), "fixed0.3")
    runtime.write(folder / "eager", files)
    return folder


def run(*words: object, figures: bool = False) -> Result:
    rest = ("--no-download", *(() if figures else ("--no-figures",)))
    return CliRunner().invoke(compare.app, [*map(str, words), *rest])


def told(out: Path) -> tuple[Rows, Rows]:
    """Rows of both tables."""
    return (
        read_table(out / "comparisons.parquet", ComparisonRow).to_pylist(),
        read_table(out / "label_changes.parquet", LabelChangeRow).to_pylist(),
    )


def logits_of(model: Path) -> np.ndarray:
    return np.asarray(runtime.Classifier(runtime.read(model)).logits(TEST.texts))


def test_artifacts_are_compared_with_the_first_in_tables_words_and_pictures(
    models: Path, tmp_path: Path
) -> None:
    before, out = bytes_of(models), tmp_path / "compare-plain"
    three = [models / name for name in ("plain", "eager", "other")]
    result = run(*three, "--out", tmp_path, figures=True)
    assert result.exit_code == 0, result.output
    assert bytes_of(models) == before, "nothing is written into an artifact"
    rows, labels = told(out)
    found = [(r["before"], r["after"], r["thresholds"]) for r in rows]
    assert found == [
        ("plain", "eager", "frozen"),
        ("plain", "eager", "own"),
        ("plain", "other", "own"),
    ]
    frozen, own, _ = rows
    assert frozen["decisions_changed"] == 0 and frozen["verdict"] == "equivalent"
    logits_NK = logits_of(models / "plain")
    changed = (logits_NK >= 0) != (logits_NK >= cuts_of(0.3))
    assert own["decisions_changed"] == changed.sum() > 0
    assert len(labels) == 3 * len(SENTIMENT.labels)
    assert sum(r["churn"] for r in labels if r["after"] == "eager") == changed.sum()
    for part in (
        "eager at the thresholds of plain against plain: equivalent within ±0.5 points: not one",
        "other against plain: undecided: macro-F1",
        "(McNemar p ",
        "Label by label, plain → other, thresholds own",
    ):
        assert part in result.stdout
    assert f"Beside plain: macro-F1 {own['macro_f1_before']:.4f} on" in result.stdout
    assert result.stdout.count("embedded sample") == 1, "the corpus is told once"
    assert {p.name for p in (out / "figures").iterdir()} == {"comparisons.png", "label-changes.png"}


def test_anyones_predictions_stand_beside_an_artifact(models: Path, tmp_path: Path) -> None:
    logits_NK = logits_of(models / "plain")
    saved = tmp_path / "theirs.npz"
    names = np.array(SENTIMENT.labels[::-1])
    decided_NK = (logits_NK >= 0)[:, ::-1]
    np.savez(saved, truth=TEST.labels_NK[:, ::-1], decisions=decided_NK, names=names)
    result = run(saved, models / "plain", models / "other", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    same, other = told(tmp_path / "out" / "compare-theirs")[0]
    assert (same["before"], same["after"]) == ("theirs", "plain")
    assert same["decisions_changed"] == 0 < other["decisions_changed"]


def test_margin_resamples_and_seed_are_the_callers(models: Path, tmp_path: Path) -> None:
    pair = models / "plain", models / "eager"
    words = ("--margin", 0.9, "--resamples", 200, "--out", tmp_path, "--name")
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        result = run(*pair, *words, name, "--seed", seed)
        assert result.exit_code == 0, result.output
    first, again, other = (told(tmp_path / name) for name in "abc")
    assert first == again != other
    (wide,) = [r for r in first[0] if r["thresholds"] == "own"]
    assert wide["margin"] == 0.9 and wide["resamples"] == 200
    assert wide["verdict"] == "equivalent" and wide["equivalent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A run with a kept point and one whose files lie in the store."""

    folder: Path
    kept: str = "point-1"
    stored: str = "point-2"


@pytest.fixture
def made(models: Path, tmp_path: Path) -> Made:
    folder, base = tmp_path / "run", tmp_path / "_store" / "compress" / "k" / "artifact"
    shutil.copytree(models / "plain", base)
    for name in (DECISION, MANIFEST):
        (base / name).unlink()
    shipped = row_of(
        Base.read(base), temperature=1.0, cuts_K=np.full(4, cuts_of(0.3)), rule="fixed0.3"
    )
    common = {"taxonomy": "sentiment", "corpus": "sample", "temperature": 1.0}
    points = [
        row(
            PointRow,
            point="point-1",
            model="float",
            training_id="t",
            threshold_rule="per_label",
            artifact="artifacts/point-1",
            **common,
        ),
        row(
            PointRow,
            point="point-2",
            model="int8",
            training_id="t",
            threshold_rule="fixed0.3",
            artifact="../_store/compress/k/artifact",
            artifact_sha256=shipped.sha256,
            size_bytes=shipped.size_bytes,
            **common,
        ),
    ]
    labels = [
        row(LabelRow, point="point-1", label=name, cut=float(k))
        for k, name in enumerate(SENTIMENT.labels)
    ]
    predictions = [
        row(PredictionRow, model="float", text=n, labels=truth.tolist(), logits=said.tolist())
        for n, (truth, said) in enumerate(
            zip(TEST.labels_NK, logits_of(models / "plain"), strict=True)
        )
    ]
    start = row(RunRow, taxonomy="sentiment", labels=json.dumps(SENTIMENT.labels))
    write_table(points, folder / "points.parquet", PointRow)
    write_table(labels, folder / "labels.parquet", LabelRow)
    write_table(predictions[::-1], folder / "predictions.parquet", PredictionRow)
    write_table([start], folder / "runs.parquet", RunRow)
    return Made(folder=folder)


def test_points_come_from_what_a_run_keeps_or_from_its_store(
    made: Made, models: Path, tmp_path: Path
) -> None:
    words = (made.kept, made.stored, models / "eager", "--run", made.folder)
    result = run(*words, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    frozen, own, eager = told(tmp_path / "out" / f"compare-{made.kept}")[0]
    logits_NK, cut_K = logits_of(models / "plain"), np.arange(4.0)
    assert frozen["decisions_changed"] == 0, "one model at one set of thresholds"
    moved = (logits_NK >= cut_K) != (logits_NK >= cuts_of(0.3))
    assert own["decisions_changed"] == eager["decisions_changed"] == moved.sum() > 0
    assert (own["before"], own["after"]) == (made.kept, made.stored)


def test_operands_and_tables_may_lie_in_a_bucket(
    models: Path, made: Made, tmp_path: Path, s3: S3Folder
) -> None:
    place, saved = s3 / "models", tmp_path / "theirs.npz"
    logits_NK = logits_of(models / "plain")
    np.savez(saved, truth=TEST.labels_NK, logits=logits_NK, names=np.array(SENTIMENT.labels))
    place.upload("theirs.npz", saved)
    for folder, name in ((models / "eager", "models/eager"), (made.folder, "run")):
        put(folder, s3 / name)
    put(made.folder.parent / "_store", s3 / "_store")
    words = (place / "theirs.npz", place / "eager", made.stored, "--run", s3 / "run")
    result = run(*words, "--out", s3 / "out", "--name", "mine")
    assert result.exit_code == 0, result.output
    assert {"comparisons.parquet", "label_changes.parquet"} <= set((s3 / "out/mine").names())
    rows = read_table(s3 / "out/mine" / "comparisons.parquet", ComparisonRow).to_pylist()
    assert [r["after"] for r in rows] == ["eager", "point-2"]
    assert rows[0]["decisions_changed"] == rows[1]["decisions_changed"] > 0


def test_what_cannot_be_compared_is_said_in_one_line(
    made: Made, models: Path, tmp_path: Path
) -> None:
    plain, eager, out = models / "plain", models / "eager", ("--out", tmp_path / "out")
    assert_one_clear_line(run(plain, *out), "two operands or more, each once")
    assert_one_clear_line(run(plain, plain, *out), "two operands or more, each once")
    assert_one_clear_line(run(plain, eager, *out, "--margin", 2), "margin of equivalence lies in")
    assert_one_clear_line(run(plain, eager, *out, "--resamples", 7), "resamples are 100 or more")
    assert_one_clear_line(run(plain, eager, *out, "--seed", -1), "a seed is 0 or above, got -1")
    assert_one_clear_line(run(plain, eager, *out, "--corpus-split", "train"), "dev or test")
    assert_one_clear_line(run(plain, "point-1", *out), "name the point's run", "got nothing at")
    unknown = run(plain, "point-9", "--run", made.folder, *out)
    assert_one_clear_line(unknown, "a point is an id of the column", "'point-9'")
    assert_one_clear_line(run(plain, eager, "--out", plain / "in"), "nothing is written into")
    assert_one_clear_line(run(plain, tmp_path / "absent.csv", *out), "got nothing at")
    dev = run(plain, made.kept, "--run", made.folder, "--corpus-split", "dev", *out)
    assert_one_clear_line(dev, "bring the store along")
    assert not list((tmp_path / "out").rglob("comparisons.parquet"))
