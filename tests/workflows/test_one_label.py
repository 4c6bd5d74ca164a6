"""A head for one label a text, through every job that a finished model meets."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console
from scipy.special import softmax

from emoray.artifact import runtime
from emoray.artifact.loading import open_artifact
from emoray.prediction.columns import OutputColumns, ShippedDecision, add_columns
from emoray.prediction.scoring import score_batch
from emoray.serving.engine import Engine
from emoray.tables.files import read_table
from emoray.tables.finished_rows import CalibrationRow, CompressionRow, EvaluationRow
from emoray.workflows.calibrate import run_calibrate
from emoray.workflows.compress.compress import run_compress
from emoray.workflows.decide import run_decide
from emoray.workflows.evaluate import run_evaluate
from emoray.workflows.settings.calibrate import Calibrate
from emoray.workflows.settings.compress import Compression
from emoray.workflows.settings.decide import ChangeDecision
from emoray.workflows.settings.evaluate import Evaluate
from tests.models.encoder.encoders_made import sample_texts
from tests.workflows.checkpoints import SHORT, as_transformers, single_label

pytestmark = pytest.mark.usefixtures("no_data")
TEXTS = list(sample_texts()[:40])
OWN_NAMES = {"positive": "POS", "negative": "Negative", "neutral": "none", "ambiguous": "Ambiguous"}
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return single_label(tmp_path_factory.mktemp("one") / "model", "roberta")


@pytest.fixture(scope="module")
def out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of its compression."""
    settings = Compression(
        model=folder,
        schemes=("int8",),
        out=tmp_path_factory.mktemp("compress") / "out",
        threads=1,
        download=False,
        plan=SHORT,
    )
    run_compress(settings, QUIET)
    place = settings.lands.place
    assert isinstance(place, Path)
    return place


def test_a_compressed_model_gives_what_is_most_probable_by_transformers(
    folder: Path, out: Path
) -> None:
    found = runtime.load(out / "artifacts/float")
    probabilities_NK = np.array([list(of_text.values()) for of_text in found.probabilities(TEXTS)])
    np.testing.assert_allclose(probabilities_NK.sum(axis=1), 1, atol=1e-6)
    found.temperature = 1.0
    wanted = as_transformers(folder, TEXTS)
    for labels, given, of_text in zip(
        found(TEXTS).labels, found.probabilities(TEXTS), wanted, strict=True
    ):
        assert [OWN_NAMES[label] for label in labels] == [max(of_text, key=of_text.__getitem__)]
        assert {OWN_NAMES[n]: p for n, p in given.items()} == pytest.approx(of_text, abs=1e-5)
    assert {len(labels) for labels in runtime.load(out / "artifacts/int8")(TEXTS).labels} == {1}
    rows = read_table(out / "compression.parquet", CompressionRow).to_pylist()
    assert {row["threshold_rule"] for row in rows} == {"argmax"}
    assert all(row["temperature"] != 1 for row in rows), "fitted, like thresholds elsewhere"


def test_an_artifact_is_evaluated_and_calibrated_by_softmax(out: Path, tmp_path: Path) -> None:
    artifact = out / "artifacts/int8"
    options = {"artifact": artifact, "out": tmp_path, "download": False}
    run_evaluate(Evaluate(**options, name="evaluated"), QUIET)
    (row,) = read_table(tmp_path / "evaluated/evaluation.parquet", EvaluationRow).to_pylist()
    assert row["threshold_rule"] == "argmax" and 0 < row["ece"] < 1
    run_calibrate(Calibrate(**options, name="calibrated", figures=False), QUIET)
    path = tmp_path / "calibrated/calibration.parquet"
    rows = {r["decision"]: r for r in read_table(path, CalibrationRow).to_pylist()}
    assert rows["saved"]["test_macro_f1"] == pytest.approx(row["macro_f1"])
    assert rows["saved"]["test_nll"] == pytest.approx(row["nll"])
    assert rows["argmax t=fitted"]["flips"] == 0
    assert rows["argmax t=fitted"]["temperature"] == pytest.approx(row["temperature"], rel=1e-5)
    best = max((r for r in rows.values() if "fitted" in r["decision"]), key=_dev)
    assert best["chosen"] and best["dev_macro_f1"] >= rows["argmax t=fitted"]["dev_macro_f1"]


def _dev(row: dict[str, float]) -> float:
    return row["dev_macro_f1"]


def test_thresholds_of_each_label_are_another_decision_on_the_same_model(
    out: Path, tmp_path: Path
) -> None:
    artifact = out / "artifacts/float"
    settings = {"artifact": artifact, "out": tmp_path, "download": False, "figures": False}
    run_calibrate(Calibrate(**settings, name="c"), QUIET)
    copy = tmp_path / "copy"
    runtime.write(copy, runtime.read(artifact))
    change = ChangeDecision(artifact=copy, source=tmp_path / "c", rule="per_label")
    run_decide(change, QUIET)
    said = json.loads((copy / "decision.json").read_text())
    assert said["threshold_rule"] == "per_label" and said["softmax"] is True
    before, after = runtime.load(artifact), runtime.load(copy)
    np.testing.assert_allclose(after.predict_proba(TEXTS), before.predict_proba(TEXTS), atol=1e-7)
    assert {len(labels) for labels in after(TEXTS).labels} != {1}
    run_decide(ChangeDecision(artifact=copy, thresholds=("0.5",)), QUIET)
    assert json.loads((copy / "decision.json").read_text())["threshold_rule"] == "argmax"
    assert after.labels == before.labels
    assert runtime.load(copy)(TEXTS).labels == before(TEXTS).labels


def test_files_and_the_service_get_the_artifacts_own_probabilities(out: Path) -> None:
    finished, found = open_artifact(out / "artifacts/int8"), runtime.load(out / "artifacts/int8")
    assert finished.softmax
    logits_NK = found.logits(TEXTS)
    best_N1 = np.minimum(logits_NK, 0) / found.temperature
    expected_NK = softmax(best_N1, axis=1)
    np.testing.assert_allclose(found.predict_proba(TEXTS), expected_NK, atol=1e-6)
    scores = pa.Table.from_batches([score_batch(found, TEXTS)])
    added = add_columns(scores, ShippedDecision.of(finished), OutputColumns())
    np.testing.assert_allclose(added.probabilities_NK, expected_NK, atol=1e-6)
    assert (added.decided_NK.sum(axis=1) == 1).all()
    scored = Engine(folder=out / "artifacts/int8").score(TEXTS)
    np.testing.assert_allclose(scored.probabilities_NK, expected_NK, atol=1e-6)
    assert (scored.decided_NK == added.decided_NK).all()
