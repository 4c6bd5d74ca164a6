"""A run as an object: what it reads, what it chooses, what it refuses."""

import json
import re
import time
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import f1_score

from emoray.storage.s3 import S3Folder
from emoray.tables import load_run
from emoray.tables.column_docs import column_docs
from emoray.tables.compact import compact
from emoray.tables.fields import CHANGE
from emoray.tables.files import write_table
from emoray.tables.finished_rows import CalibrationRow
from emoray.tables.folders import CLASSES
from emoray.tables.front import picks
from emoray.tables.parts import table_path
from emoray.tables.point_rows import PointRow
from emoray.tables.rows import LabelRow, PredictionRow, RunRow, TrainingRow
from tests.tables.made import make_run, make_whole_run, row

LABELS = ("joy", "anger", "neutral")
CUTS = {"own": (0.2, -0.4, 0.0), "same": (0.2, -0.4, 0.0), "half": (0.0, 0.0, 0.0)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whole_run(tmp_path_factory.mktemp("runs") / "first")


def said(rng: np.random.Generator, labels_NK: np.ndarray, noise: float) -> np.ndarray:
    logits_NK = 2.0 * labels_NK - 1 + rng.normal(scale=noise, size=labels_NK.shape)
    return logits_NK.astype(np.float32)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    """A run that keeps what two of its models say; what they say, and the truth."""
    folder = tmp_path_factory.mktemp("kept") / "run"
    rng = np.random.default_rng(0)
    labels_NK = (rng.random((300, 3)) < (0.5, 0.3, 0.1)).astype(np.uint8)
    logits = {"good": said(rng, labels_NK, 0.6), "bad": said(rng, labels_NK, 1.5)}
    points = [
        row(PointRow, point="a", model="good", threshold_rule="per_label", taxonomy="three"),
        row(PointRow, point="b", model="bad", threshold_rule="fixed0.5", taxonomy="three"),
        row(PointRow, point="again", model="good", threshold_rule="per_label", taxonomy="three"),
        row(PointRow, point="gone", model="gone", threshold_rule="fixed0.5", taxonomy="three"),
        row(PointRow, point="other", model="good", taxonomy="four"),
    ]
    cuts = {"a": CUTS["own"], "again": CUTS["same"]}
    write_table(points, folder / "points.parquet", PointRow)
    write_table(
        [
            row(LabelRow, point=point, label=label, cut=cut)
            for point, own in cuts.items()
            for label, cut in zip(LABELS, own, strict=True)
        ],
        folder / "labels.parquet",
        LabelRow,
    )
    told = row(RunRow, taxonomy="three", labels=json.dumps(LABELS))
    write_table([told], folder / "runs.parquet", RunRow)
    write_table(
        [
            PredictionRow(model=model, text=n, labels=list(labels_NK[n]), logits=list(said_NK[n]))
            for model, said_NK in logits.items()
            for n in reversed(range(len(labels_NK)))
        ],
        folder / "predictions.parquet",
        PredictionRow,
    )
    return folder, logits | {"truth": labels_NK}


def test_points_front_and_tables_are_what_the_files_hold(run: Path) -> None:
    found = load_run(run)
    points = pd.read_parquet(run / "points.parquet")
    assert found.points["point"].tolist() == points["point"].tolist()
    assert set(found.front["point"]) == set(points.loc[points["on_front"], "point"])
    assert found.front["size_bytes"].is_monotonic_increasing
    assert len(found.table("latency")) == len(pd.read_parquet(run / "latency.parquet"))
    assert "points" in found.tables and str(run) in repr(found)


def test_what_a_reader_changes_stays_with_them(run: Path) -> None:
    found = load_run(str(run))
    points = found.points
    points["mine"] = 1
    assert "mine" not in found.points


def test_the_best_within_a_point_is_the_pick_of_the_sweep(run: Path) -> None:
    found = load_run(run)
    told = picks(found.points)
    assert found.best()["point"] == told["smallest within 1 point"].row["point"]
    assert found.best(within=0)["point"] == told["best"].row["point"]
    slow = found.points.dropna(subset="latency_p50_ms")
    fastest = found.best(within=100, by="latency_p50_ms")["latency_p50_ms"]
    assert fastest == slow["latency_p50_ms"].min()
    assert found.best(within=100, by="dev_macro_f1")["dev_macro_f1"] == max(slow["dev_macro_f1"])


def test_a_choice_is_made_on_dev_among_what_compares(
    run: Path, kept: tuple[Path, dict[str, np.ndarray]]
) -> None:
    with pytest.raises(ValueError, match="rows are chosen on dev, test only reports, got test_ece"):
        load_run(run).best(by="test_ece")
    with pytest.raises(ValueError, match=r"with a better end \(.*size_bytes.*got 'seed'"):
        load_run(run).best(by="seed")
    with pytest.raises(ValueError, match="0 or more, got -1"):
        load_run(run).best(within=-1)
    with pytest.raises(ValueError, match="one corpus and taxonomy, got x three, x four: name one"):
        load_run(kept[0]).best()
    with pytest.raises(ValueError, match="taxonomy is one of four, three here, got 'ekman'"):
        load_run(kept[0]).best(taxonomy="ekman")
    with pytest.raises(ValueError, match="got no latency_p50_ms within 1 points of the best"):
        load_run(kept[0]).best(by="latency_p50_ms", taxonomy="four")
    assert load_run(kept[0]).best(taxonomy="four")["point"] == "other"


def test_two_points_are_compared_on_what_their_models_said(
    kept: tuple[Path, dict[str, np.ndarray]],
) -> None:
    folder, said = kept
    found = load_run(folder)
    compared = found.compare("b", "a", margin=0.01)
    after = f1_score(said["truth"], said["good"] >= CUTS["own"], average="macro")
    before = f1_score(said["truth"], said["bad"] >= CUTS["half"], average="macro")
    assert compared.comparison.macro_f1.value == pytest.approx(after - before)
    assert compared.comparison.margin == 0.01 and compared.comparison.verdict == "better"
    assert repr(compared).startswith("a against b: better: macro-F1 +")
    by_label = f1_score(said["truth"], said["good"] >= CUTS["own"], average=None)
    assert compared.labels["label"].tolist() == list(LABELS)
    assert compared.labels["f1_after"].to_numpy() == pytest.approx(by_label)
    assert compared.labels["support"].tolist() == said["truth"].sum(axis=0).tolist()
    rows = found.points.set_index("point", drop=False)
    assert found.compare(rows.loc["a"], "again").comparison.decisions_changed == 0


def test_what_cannot_be_compared_is_refused(kept: tuple[Path, dict[str, np.ndarray]]) -> None:
    found = load_run(kept[0])
    with pytest.raises(ValueError, match=r"got gone of another model: .*jobs\.compare --run"):
        found.compare("a", "gone")
    with pytest.raises(ValueError, match="one corpus and taxonomy, got x three and x four"):
        found.compare("a", "other")
    with pytest.raises(ValueError, match=r"a point is an id of the column point .* got 'nobody'"):
        found.compare("a", "nobody")
    with pytest.raises(ValueError, match=r"a margin of equivalence lies in \(0, 1\), got 5"):
        found.compare("a", "b", margin=5)


def test_several_runs_are_told_apart_and_share_a_front(run: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    make_run(second, seeds=1, dims=(50,), bits=(8,), temperatures=1, parts=1)
    compact(second)
    both = load_run(run, second)
    assert set(both.points["run"]) == {"first", "second"}
    assert len(both.points) == len(load_run(run).points) + len(load_run(second).points)
    assert both.table("latency").columns[0] == "run"
    front = both.front
    for dev, size in zip(front["dev_macro_f1"], front["size_bytes"], strict=True):
        better = (both.points["dev_macro_f1"] >= dev) & (both.points["size_bytes"] <= size)
        beaten = both.points[better & (both.points["dev_macro_f1"] > dev)]
        assert beaten.empty
    assert both.describe().set_index("table").loc["points", "rows"] == len(both.points)


def test_runs_of_one_name_are_called_by_their_place(run: Path, tmp_path: Path) -> None:
    other = make_whole_run(tmp_path / "first")
    both = load_run(run, other, run)
    assert set(both.points["run"]) == {str(run), str(other)}


def test_a_point_that_two_runs_have_is_taken_from_the_one_that_keeps_its_predictions(
    kept: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "points.parquet").write_bytes((kept[0] / "points.parquet").read_bytes())
    assert load_run(bare, kept[0]).compare("b", "a").comparison.verdict == "better"
    with pytest.raises(ValueError, match=r"holds points, this needs .*: run the same command"):
        load_run(bare).compare("b", "a")


def test_columns_are_described_with_unit_direction_and_example(run: Path) -> None:
    told = load_run(run).describe("points").set_index("column")
    assert told.loc["size_bytes", ["unit", "better"]].tolist() == ["bytes", "lower"]
    assert told.loc["dev_macro_f1", ["unit", "better"]].tolist() == ["share, 0 to 1", "higher"]
    assert told.loc["latency_p50_ms", "unit"] == "milliseconds"
    assert bool(told.loc["latency_p50_ms", "nullable"])
    assert told.loc["corpus", "example"] == "goemotions"
    assert told.loc["seed", ["unit", "better"]].tolist() == ["", ""]
    for change in ("nearest_front_change", "nearest_front_low", "nearest_front_high"):
        assert told.loc[change, "unit"] == CHANGE
    layers = load_run(run).describe("layers").set_index("column")
    assert layers.loc["histogram", "example"].endswith("]")


def test_a_notebook_shows_every_word(run: Path, kept: tuple[Path, dict[str, np.ndarray]]) -> None:
    found = load_run(run)
    meanings = found.describe("points")["description"].tolist()
    shown = found.describe("points")._repr_html_()
    assert all(escape(meaning) in shown for meaning in meanings)
    assert max(map(len, meanings)) > 100, "pandas would cut these"
    whole = found._repr_html_()
    assert str(run) in whole and "One operating point: a trained" in whole
    compared = load_run(kept[0]).compare("b", "a")
    assert escape(repr(compared)) in compared._repr_html_()
    assert all(f">{label}</td>" in compared._repr_html_() for label in LABELS)
    assert isinstance(found.describe().sort_values("rows"), pd.DataFrame)


def test_a_folder_of_a_job_on_finished_models_can_be_read(tmp_path: Path) -> None:
    write_table([row(CalibrationRow)], tmp_path / "calibration.parquet", CalibrationRow)
    found = load_run(tmp_path)
    assert found.tables == ("calibration",) and len(found.table("calibration")) == 1
    with pytest.raises(ValueError, match="tables here are calibration, got 'points'"):
        _ = found.points


# Numbers without a unit: factors, and what is measured in the values of a tensor or a loss.
BARE = {"temperature", "own_temperature", "kurtosis", "train_loss", "dev_loss"}
OF_A_TENSOR = {"alpha", "beta", "scale", "zero_point", "low", "high"}


@pytest.mark.parametrize("table", CLASSES)
def test_every_number_that_is_no_count_has_a_unit(table: str) -> None:
    bare = BARE | (OF_A_TENSOR if table == "layers" else set())
    for column in column_docs(CLASSES[table]):
        wanted = column.type == "double" and column.column not in bare
        assert bool(column.unit) or not wanted, f"say unit=… at {column.column} of {table}"


@pytest.mark.parametrize("table", CLASSES)
def test_what_may_be_negative_is_not_called_a_share_from_0_to_1(table: str) -> None:
    for column in column_docs(CLASSES[table]):
        after_before = "after minus before" in column.description
        interval = re.search(r"interval of (the |that )?(m\w+_)?(change|diff)", column.description)
        if column.column.endswith("_change") or after_before or interval:
            assert column.unit.startswith(("share, -1 to 1", "the measure's", "share of"))


def test_what_is_no_run_says_what_it_is_instead(tmp_path: Path, run: Path) -> None:
    with pytest.raises(ValueError, match=r"got .*nowhere which does not exist: name the folder"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="without any: name the folder that the job printed"):
        load_run(tmp_path)
    with pytest.raises(ValueError, match=r"a run is a folder, got the file .*points\.parquet"):
        load_run(run / "points.parquet")
    with pytest.raises(ValueError, match=f"that holds runs: name one, such as {run}"):
        load_run(run.parent)
    with pytest.raises(ValueError, match="a run is a folder, got none"):
        load_run()
    with pytest.raises(ValueError, match="a place is a local path or s3://bucket/prefix, got 'gs:"):
        load_run("gs://bucket/run")


def test_half_a_run_says_what_is_there_and_how_to_go_on(tmp_path: Path) -> None:
    make_run(tmp_path / "half", seeds=1, dims=(25,), bits=(8,), temperatures=1)
    with pytest.raises(ValueError, match=r"with parts of labels, .*points.* jobs\.report"):
        load_run(tmp_path / "half")


def older(path: Path, *columns: str, newer: bool = False) -> None:
    """Write a table as a version did that had no such columns; newer: and one that we know not."""
    table = pq.read_table(path).drop_columns(list(columns))
    if newer:
        table = table.append_column("of_tomorrow", pa.array([1] * table.num_rows))
    pq.write_table(table, path, write_page_checksum=True)


def test_a_run_of_another_version_is_read_and_says_what_is_missing(tmp_path: Path) -> None:
    folder = make_whole_run(tmp_path / "run")
    older(folder / "points.parquet", "dev_ece", "artifact_sha256", newer=True)
    older(folder / "labels.parquet", "average_precision")
    found = load_run(folder)
    assert found.points["dev_ece"].isna().all() and (found.points["artifact_sha256"] == "").all()
    assert len(found.points) and "of_tomorrow" not in found.points
    assert found.missing() == {
        "points": ("dev_ece", "artifact_sha256"),
        "labels": ("average_precision",),
    }
    assert "points has no dev_ece, artifact_sha256; labels has no av" in found._repr_html_()
    assert found.describe("points").set_index("column").loc["dev_ece", "example"] == ""
    assert found.best()["point"] == load_run(folder).best(within=1.0)["point"]
    with pytest.raises(ValueError, match="got dev_ece, which this run has of no row: leave it out"):
        found.best(where="dev_ece < 0.1")
    whole = load_run(make_whole_run(tmp_path / "whole"))
    assert whole.missing() == {} and "another version" not in whole._repr_html_()
    assert len(load_run(folder, tmp_path / "whole").points) == 2 * len(whole.points)


def test_a_table_of_another_version_or_damaged_is_refused_when_it_is_read(tmp_path: Path) -> None:
    folder = make_whole_run(tmp_path / "run")
    write_table([row(TrainingRow)], table_path(folder, "points"), TrainingRow)
    raw = bytearray((folder / "labels.parquet").read_bytes())
    raw[60] ^= 1
    (folder / "labels.parquet").write_bytes(raw)
    found = load_run(folder)
    assert len(found.table("layers"))
    with pytest.raises(ValueError, match=r"must hold point rows.*another version's"):
        _ = found.points
    with pytest.raises(ValueError, match=r"labels\.parquet does not .*run the same command again"):
        found.table("labels")
    (folder / "layers.parquet").write_text("no Parquet")
    with pytest.raises(ValueError, match=r"a table must be readable, .*layers\.parquet is not"):
        found.describe()


def test_a_run_in_a_bucket_is_read_as_one_here(run: Path, s3: S3Folder) -> None:
    for name in ("points", "labels"):
        (s3 / "first").upload(f"{name}.parquet", run / f"{name}.parquet")
    found = load_run(str(s3 / "first"))
    assert found.points.equals(load_run(run).points)
    assert found.describe()["rows"].tolist() == [len(found.points), len(found.table("labels"))]
    with pytest.raises(ValueError, match=f"that holds runs: name one, such as {s3 / 'first'}"):
        load_run(s3)


def test_a_hundred_thousand_points_are_read_in_a_second(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    space = {"dims": (10, 16, 25, 32, 50, 64, 100, 200, 300), "seeds": 9, "temperatures": 4}
    frame = make_run(folder, only=("runs",), parts=1, **space)
    part = folder / "_parts" / "points" / "trial-0.parquet"
    part.rename(table_path(folder, "points"))
    begun = time.process_time()
    points = load_run(folder).points
    assert len(points) == len(frame) > 100_000
    assert time.process_time() - begun < 1.0
