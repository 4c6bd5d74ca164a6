"""A row is its artifact: bytes, hash and score."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.artifact import runtime
from emoray.data.corpus import read_splits
from emoray.labels import taxonomy
from emoray.metrics.cuts import cuts_of
from emoray.stages.point_rows import point_ids
from emoray.storage.store.keys import id_of
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.predictions import cuts_of_row
from emoray.tables.rows import LabelRow, LayerRow
from emoray.workflows.row_decision import RowDecision
from emoray.workflows.ship import ship_point
from tests.stages.chain import RECIPE, Chain

LABELS = taxonomy(RECIPE.taxonomy).labels
MODELS = (0, 1, 2, 3)
RULES = ("per_label", "per_label_s20", "one", "fixed0.5", "fixed0.35")


def rows_of(chain: Chain, model: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(
        chain.folders[model] / "points.parquet", MeasuredPointRow
    ).to_pylist()
    return rows


def cuts(chain: Chain, model: int, row: dict[str, Any]) -> np.ndarray:
    labels = read_table(chain.folders[model] / "labels.parquet", LabelRow).to_pylist()
    saved = {r["label"]: r["cut"] for r in labels if r["point"] == row["point"]}
    return cuts_of_row(row, saved, LABELS)


def shipped(chain: Chain, model: int, row: dict[str, Any], target: Path) -> Path:
    compressed = chain.store.folder(chain.decided[model].compressed)
    ship_point(row, RowDecision.of(row, cuts(chain, model, row)), compressed, target)
    return target


@pytest.mark.parametrize("model", MODELS)
def test_what_is_shipped_has_the_rows_bytes_and_the_rows_score(
    model: int, chain: Chain, tmp_path: Path
) -> None:
    test = read_splits(
        chain.data.corpus.folder, name="sample", taxonomy=taxonomy(RECIPE.taxonomy)
    ).test
    for rule in RULES:
        row = next(r for r in rows_of(chain, model) if r["threshold_rule"] == rule)
        folder = shipped(chain, model, row, tmp_path / rule)
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in files) == row["size_bytes"]
        assert runtime.sha256((folder / "manifest.json").read_bytes()) == row["artifact_sha256"]
        found = runtime.load(folder)(test.texts).labels
        found_NK = np.array([[label in labels for label in LABELS] for labels in found])
        wanted = f1_score(test.labels_NK, found_NK, average="macro", zero_division=0)
        assert row["test_macro_f1"] == pytest.approx(wanted, abs=1e-12)


def test_integers_are_smaller_than_floats_and_fewer_bits_smaller_still(chain: Chain) -> None:
    sizes = [rows_of(chain, model)[0]["size_bytes"] for model in MODELS]
    assert sizes[0] > sizes[1] > sizes[3]


def test_a_row_says_what_was_trained_and_how_it_is_stored(chain: Chain) -> None:
    row, integer = rows_of(chain, 0)[0], rows_of(chain, 1)[0]
    compressed = chain.decided[0].compressed
    assert row["training_id"] == id_of(compressed.trained) == integer["training_id"]
    assert row["model"] == id_of(compressed) != integer["model"]
    assert (row["corpus"], row["taxonomy"], row["family"]) == ("sample", "sentiment", "glove")
    assert row["vectors"] == "glove.6B.50d-pca16" and row["embedding_dim"] == 16
    assert (row["bits"], row["training"], row["execution"]) == (32, "none", "float")
    assert (integer["bits"], integer["training"], integer["execution"]) == (8, "ptq", "integer")
    assert integer["parameters"] == row["parameters"]
    assert integer["embedding_bytes"] < row["embedding_bytes"]


def test_points_are_told_apart_by_model_and_decision(chain: Chain) -> None:
    ids = [p for d in chain.decided for p in point_ids(d.compressed, d.decisions)]
    assert len(set(ids)) == len(ids)
    assert [r["point"] for r in rows_of(chain, 0)] == ids[: len(chain.decided[0].decisions)]


def test_layers_tell_of_every_tensor(chain: Chain) -> None:
    rows = read_table(chain.folders[1] / "layers.parquet", LayerRow).to_pylist()
    assert [row["layer"] for row in rows] == ["embedding", "dense0", "head"]
    for row in rows:
        assert row["bits"] == 8 and row["alpha"] <= 0 <= row["beta"]
        assert row["bytes_after"] < row["bytes_before"]
        assert sum(row["histogram"]) == np.prod([int(n) for n in row["shape"].split("x")])
        assert 20 < row["sqnr_db"] < 60


def test_an_artifact_that_is_not_the_rows_is_not_shipped(chain: Chain, tmp_path: Path) -> None:
    row = rows_of(chain, 1)[0]
    cuts_K = cuts(chain, 1, row)
    compressed = chain.store.folder(chain.decided[1].compressed)
    refused = pytest.raises(ValueError, match=r"artifact must .*run the sweep again")
    with refused:
        ship_point(row, RowDecision.of(row, cuts_K + 0.5), compressed, tmp_path / "other_cuts")
    with refused:
        other = chain.store.folder(chain.decided[2].compressed)
        ship_point(row, RowDecision.of(row, cuts_K), other, tmp_path / "other_model")
    damaged = tmp_path / "damaged"
    shutil.copytree(compressed, damaged)
    model = damaged / "artifact" / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    with refused:
        ship_point(row, RowDecision.of(row, cuts_K), damaged, tmp_path / "flipped")
    assert [path.name for path in tmp_path.iterdir()] == ["damaged"]


def test_a_fixed_threshold_is_read_from_its_own_name() -> None:
    row = {"taxonomy": "sentiment", "threshold_rule": "fixed0.35", "temperature": 1.5}
    np.testing.assert_array_equal(cuts_of_row(row, {}, LABELS), np.full(4, cuts_of(0.35, 1.5)))


def test_a_damaged_artifact_is_refused(chain: Chain, tmp_path: Path) -> None:
    folder = shipped(chain, 1, rows_of(chain, 1)[0], tmp_path / "artifact")
    decision = folder / "decision.json"
    decision.write_bytes(decision.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(ValueError, match=r"files are as its manifest says, got .*decision\.json"):
        runtime.load(folder)
