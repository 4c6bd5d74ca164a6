"""Any row of a run becomes the artifact that was scored."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from emoray.artifact import runtime
from emoray.artifact.atomic_switch import HISTORY
from emoray.artifact.decision_history import change
from emoray.artifact.runtime import MANIFEST, card, load, sha256
from emoray.labels import taxonomy
from emoray.storage.location import relative
from emoray.tables import load_run
from emoray.tables.files import read_table, write_table
from emoray.tables.point_rows import MeasuredPointRow, PointRow, RunPointRow
from emoray.tables.rows import LabelRow, RunRow
from emoray.workflows.ship_row import ship_from
from jobs import ship as ship_job
from tests.stages.chain import RECIPE, Chain
from tests.tables.made import blanks
from tests.tables.made import row as made_row


@pytest.fixture(scope="module")
def run(chain: Chain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one model, none of its rows shipped."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    points = read_table(chain.folders[1] / "points.parquet", MeasuredPointRow).to_pandas()
    base = chain.store.folder(chain.decided[1].compressed) / "artifact"
    of_run = blanks(RunPointRow) | {"run": "", "artifact": relative(base, folder)}
    write_table(points.to_dict("series") | of_run, folder / "points.parquet", PointRow)
    labels = read_table(chain.folders[1] / "labels.parquet", LabelRow)
    write_table(labels, folder / "labels.parquet", LabelRow)
    names = json.dumps(taxonomy(RECIPE.taxonomy).labels)
    start = made_row(RunRow, taxonomy=RECIPE.taxonomy, labels=names)
    write_table([start], folder / "runs.parquet", RunRow)
    return folder


def row_of(run: Path, rule: str) -> dict[str, Any]:
    rows = read_table(run / "points.parquet", PointRow).to_pylist()
    return next(row for row in rows if row["threshold_rule"] == rule)


@pytest.mark.parametrize("rule", ["per_label", "fixed0.5"])
def test_a_row_off_the_front_is_put_together_from_the_store(
    rule: str, run: Path, tmp_path: Path
) -> None:
    row = row_of(run, rule)
    folder = ship_from(str(run), row["point"], tmp_path / "mine")
    assert sum(runtime.sizes(folder).values()) == row["size_bytes"]
    assert len(load(str(folder))(["I love this!"]).labels) == 1
    said = card(folder)
    assert said is not None and said["point"] == row["point"]
    assert said["artifact_sha256"] == row["artifact_sha256"]


def test_what_was_shipped_is_copied(run: Path, tmp_path: Path) -> None:
    row = row_of(run, "per_label")
    first = ship_from(str(run), row["point"], tmp_path / "first")
    points = read_table(run / "points.parquet", PointRow).to_pandas()
    again = tmp_path / "again"
    points["artifact"] = relative(first, again)
    write_table(points.to_dict("series"), again / "points.parquet", PointRow)
    copied = ship_from(str(again), row["point"], tmp_path / "copied")
    assert {p.name: p.read_bytes() for p in copied.iterdir()} == {
        p.name: p.read_bytes() for p in first.iterdir()
    }


def test_a_row_whose_artifact_decides_otherwise_by_now_ships_as_it_was_scored(
    run: Path, tmp_path: Path
) -> None:
    row = row_of(run, "per_label")
    first = ship_from(str(run), row["point"], tmp_path / "first")
    points = read_table(run / "points.parquet", PointRow).to_pandas()
    again = tmp_path / "again"
    points["artifact"] = relative(first, again)
    write_table(points.to_dict("series"), again / "points.parquet", PointRow)
    labels = len(load(str(first)).labels)
    change(first, temperature=2.0, cuts_K=np.full(labels, 0.7), rule="given", why="by hand")
    copied = ship_from(str(again), row["point"], tmp_path / "copied")
    assert sha256((copied / MANIFEST).read_bytes()) == row["artifact_sha256"]
    assert load(str(copied)).temperature == row["temperature"] and not (copied / HISTORY).exists()
    shutil.rmtree(first / HISTORY)
    with pytest.raises(ValueError, match="a row ships as it was scored, got another artifact"):
        ship_from(str(again), row["point"], tmp_path / "other")


def test_an_unknown_point_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a point is an id .*got 'point-nowhere': copy one"):
        ship_from(str(run), "point-nowhere", tmp_path / "mine")


def test_a_run_and_the_job_ship_the_same_bytes(run: Path, tmp_path: Path) -> None:
    row = row_of(run, "per_label")
    by_run = load_run(run).ship(row["point"], tmp_path / "by-run")
    words = [str(run), str(tmp_path / "by-job"), "--point", row["point"]]
    said = CliRunner().invoke(ship_job.app, words)
    assert said.exit_code == 0, said.stderr
    assert f"emoray.artifact.runtime.load('{tmp_path / 'by-job'}')" in said.stdout
    assert {p.name: p.read_bytes() for p in (tmp_path / "by-job").iterdir()} == {
        p.name: p.read_bytes() for p in by_run.iterdir()
    }


def test_the_job_chooses_on_dev_where_no_row_is_named(run: Path, tmp_path: Path) -> None:
    condition = "threshold_rule == 'fixed0.5'"
    words = [str(run), str(tmp_path / "mine"), "--within", "5", "--where", condition]
    said = CliRunner().invoke(ship_job.app, words)
    assert said.exit_code == 0, said.stderr
    assert load_run(run).best(5, where=condition)["point"] in said.stdout


def test_an_artifact_goes_to_a_folder_of_this_machine(run: Path) -> None:
    with pytest.raises(ValueError, match="a folder of this machine, got s3://bucket/mine: ship it"):
        ship_from(str(run), row_of(run, "per_label")["point"], "s3://bucket/mine")


def test_nothing_is_written_over(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"goes to a new folder, got .*: name another"):
        ship_from(str(run), row_of(run, "per_label")["point"], tmp_path)


def test_a_row_whose_files_are_gone_is_refused(run: Path, tmp_path: Path) -> None:
    points = read_table(run / "points.parquet", PointRow).to_pandas()
    points["artifact"] = "../gone"
    write_table(points.to_dict("series"), tmp_path / "run" / "points.parquet", PointRow)
    with pytest.raises(ValueError, match=r"got no model at .*gone for .*: bring the store along"):
        ship_from(str(tmp_path / "run"), points["point"].iloc[0], tmp_path / "mine")
