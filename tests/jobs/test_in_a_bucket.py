"""Jobs on finished models whose folders lie in a bucket, from the outside."""

from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from emoray.data.goemotions import sample
from emoray.storage.run_folder import INPUTS
from emoray.storage.s3 import S3Folder
from emoray.storage.store.opening import open_store
from jobs import calibrate, decide, evaluate, report, sweep
from tests.artifact.finished import make_artifact
from tests.jobs.test_finished_artifact import assert_one_clear_line
from tests.report.evidence import make_compared_run

pytestmark = pytest.mark.usefixtures("no_data")


def run(app: typer.Typer, *words: object) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


def put(folder: Path, place: S3Folder) -> S3Folder:
    for path in folder.rglob("*"):
        if path.is_file():
            place.upload(path.relative_to(folder).as_posix(), path)
    return place


@pytest.fixture
def model(s3: S3Folder, tmp_path: Path) -> S3Folder:
    return put(make_artifact(tmp_path / "model", sharpness=3.0), s3 / "model")


def test_an_artifact_is_calibrated_and_evaluated_from_a_bucket_into_a_bucket(
    model: S3Folder, s3: S3Folder
) -> None:
    corpus, out = put(sample().folder, s3 / "corpus"), s3 / "out"
    words = ("--artifact", model, "--corpus", corpus, "--out", out)
    result = run(calibrate.app, *words)
    assert result.exit_code == 0, result.output
    assert f"tables {out}/calibrate-model/*.parquet" in result.stdout
    assert f"--artifact {model}" in result.stdout
    tables = {"calibration", "changes", "calibration_labels", "reliability"}
    found = {n for n in out.names("calibrate-model") if not n.endswith(".png")}
    assert found == {f"calibrate-model/{n}" for n in [*(f"{t}.parquet" for t in tables), INPUTS]}
    assert [n for n in out.names() if n.endswith(".png")]
    frame = pd.read_parquet(str(out / "calibrate-model/calibration.parquet"))
    assert set(frame["artifact"]) == {"model"} and set(frame["corpus"]) == {"corpus"}
    result = run(evaluate.app, *words, "--min-macro-f1", 0.01)
    assert result.exit_code == 0, result.output
    assert "evaluate-model/evaluation.parquet" in out.names()
    store = open_store(out / "_store")
    scored = [e["event"] for e in store.journal() if "baseline" not in e["key"].split("-")[0]]
    assert scored == ["started", "made"] * 2, "scored once a split"


def test_a_data_folder_in_a_bucket_is_read_as_one_here(model: S3Folder, s3: S3Folder) -> None:
    put(sample().folder, s3 / "data" / "goemotions")
    words = ("--artifact", model, "--data", s3 / "data", "--out", s3 / "out")
    result = run(evaluate.app, *words)
    assert result.exit_code == 0 and "corpus goemotions" in result.stdout, result.output


def test_a_decision_is_not_changed_in_a_bucket_but_shown(model: S3Folder, tmp_path: Path) -> None:
    result = run(decide.app, "--artifact", model, "--threshold", "0.4")
    assert_one_clear_line(result, "a decision is changed in a local folder", "copy the artifact")
    result = run(decide.app, "--artifact", model, "--history")
    assert result.exit_code == 0 and f"no decision of {model} was changed yet" in result.stdout


def test_a_calibration_in_a_bucket_decides_an_artifact_here(
    model: S3Folder, s3: S3Folder, tmp_path: Path
) -> None:
    words = ("--artifact", model, "--out", s3 / "out", "--no-figures", "--no-download")
    assert run(calibrate.app, *words).exit_code == 0
    table = s3 / "out" / "calibrate-model/calibration.parquet"
    result = run(decide.app, "--artifact", tmp_path / "model", "--from", table)
    assert result.exit_code == 0 and "--undo" in result.stdout, result.output


@pytest.mark.parametrize("app", [calibrate.app, evaluate.app], ids=["calibrate", "evaluate"])
def test_mistakes_are_one_clear_line(app: typer.Typer, model: S3Folder, s3: S3Folder) -> None:
    offline = "--no-download"
    result = run(app, "--artifact", s3 / "none", "--out", s3 / "out", offline)
    assert_one_clear_line(result, "a place must hold something", f"{s3}/none")
    result = run(app, "--artifact", model, "--out", model / "out", offline)
    assert_one_clear_line(result, "nothing is written into an artifact")
    result = run(app, "--artifact", model, "--out", "s3://nothing-here/out", offline)
    assert_one_clear_line(result, "a bucket must exist, got none for s3://nothing-here/out")
    result = run(app, "--artifact", "gs://a/b", offline)
    assert_one_clear_line(result, "a place is a local path or s3://bucket/prefix, got 'gs://a/b'")


def test_a_sweep_is_refused_what_cannot_be_a_place() -> None:
    result = run(sweep.app, "--out", "s3://B/x", "--space", "smoke", "--no-download")
    assert_one_clear_line(result, "a bucket's name is 3 to 63 small letters", "'B'")


def test_a_report_of_nothing_is_one_clear_line(s3: S3Folder) -> None:
    assert_one_clear_line(run(report.app, s3), "holds points.parquet or parts of it")


def test_a_report_of_a_run_in_a_bucket_is_drawn_here_and_the_run_only_read(
    s3: S3Folder, tmp_path: Path
) -> None:
    make_compared_run(tmp_path / "run", seeds=1, dims=(25,), bits=(32, 8))
    place = put(tmp_path / "run", s3 / "run")
    before = place.entries()
    result = run(report.app, place, "--out", tmp_path / "page.html")
    assert result.exit_code == 0, result.output
    assert "<title>" in (tmp_path / "page.html").read_text("utf-8")
    assert place.entries() == before
