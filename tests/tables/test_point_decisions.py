"""What a point gets wrong, text by text, and which label it gives in place of which."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from emoray.tables import load_run
from emoray.tables.evidence_rows import PredictionRow, TextRow
from emoray.tables.files import write_table
from emoray.tables.point_rows import PointRow
from emoray.tables.rows import LabelRow, RunRow
from jobs import ship as ship_job
from tests.tables.made import row

LABELS = ("joy", "anger", "neutral")
TRUTH = ((1, 0, 0), (0, 1, 0), (1, 0, 1), (0, 0, 1))
LOGITS = ((2.0, -1.0, -3.0), (0.5, -2.0, -1.0), (1.0, -1.0, 0.1), (-1.0, -1.0, -0.2))
SAID = ("a joke", "go away", "fine, <b>I</b> like it", "ok")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    points = [
        row(PointRow, point="own", model="m", threshold_rule="per_label", temperature=2.0),
        row(PointRow, point="half", model="m", threshold_rule="fixed0.5", temperature=1.0),
        row(PointRow, point="strange", model="m", threshold_rule="one", temperature=1.0),
        row(PointRow, point="gone", model="gone", threshold_rule="fixed0.5"),
    ]
    write_table(points, tmp_path / "points.parquet", PointRow)
    cuts = [
        row(LabelRow, point="own", label=label, cut=cut)
        for label, cut in zip(LABELS, (1.5, -1.5, 0.0), strict=True)
    ]
    write_table(cuts, tmp_path / "labels.parquet", LabelRow)
    write_table([row(RunRow, labels=json.dumps(LABELS))], tmp_path / "runs.parquet", RunRow)
    said = [
        PredictionRow(model="m", text=n, labels=list(truth), logits=list(logits))
        for n, (truth, logits) in enumerate(zip(TRUTH, LOGITS, strict=True))
    ]
    write_table(said, tmp_path / "predictions.parquet", PredictionRow)
    texts = [
        row(TextRow, text=n, content=text, truth=json.dumps([]))
        for n, text in reversed(list(enumerate(SAID)))
    ]
    write_table(texts, tmp_path / "texts.parquet", TextRow)
    return tmp_path


def test_errors_name_their_texts_the_surest_mistake_first(folder: Path) -> None:
    found = load_run(folder).errors("half")
    assert found[["label", "kind", "text"]].to_numpy().tolist() == [
        ["anger", "false negative", 1],
        ["joy", "false positive", 1],
        ["neutral", "false negative", 3],
    ]
    first = found.iloc[0]
    assert first["content"] == "go away" and first["truth"] == "anger" and first["given"] == "joy"
    assert first["probability"] == pytest.approx(1 / (1 + np.exp(2.0)))
    assert found["threshold"].tolist() == [0.5, 0.5, 0.5]


def test_errors_of_one_label_at_its_own_threshold(folder: Path) -> None:
    run = load_run(folder)
    found = run.errors(run.point("own"), "joy")
    assert found[["kind", "text"]].to_numpy().tolist() == [["false negative", 2]]
    assert found["probability"].tolist() == pytest.approx([1 / (1 + np.exp(-0.5))])
    assert run.errors("own", "neutral")["text"].tolist() == [3]
    assert list(run.errors("own", "neutral").columns) == list(found.columns)


def test_a_confusion_counts_what_stands_in_for_what(folder: Path) -> None:
    found = load_run(folder).confusion("half")
    assert found.loc["joy", "joy"] == 2 and found.loc["neutral", "neutral"] == 1
    assert found.loc["anger", "joy"] == 1, "the text that is angry was called joyful"
    assert found.loc["neutral", "(nothing)"] == 1
    assert found.to_numpy().sum() == 5
    assert found.index.name == "carried" and found.columns.name == "given"


def test_thresholds_are_probabilities_and_exact_cuts(folder: Path) -> None:
    run = load_run(folder)
    found = run.thresholds("own")
    assert found["cut"].tolist() == [1.5, -1.5, 0.0]
    assert found["threshold"].tolist() == pytest.approx([0.679179, 0.320821, 0.5], abs=1e-6)
    assert run.thresholds("half")["threshold"].tolist() == [0.5] * 3


def test_what_a_run_does_not_keep_is_said_with_the_way_to_it(folder: Path) -> None:
    run = load_run(folder)
    with pytest.raises(ValueError, match=r"got gone of another model: name a row of run\.front"):
        run.errors("gone")
    with pytest.raises(ValueError, match="labels here are joy, anger, neutral, got 'fury'"):
        run.errors("own", "fury")
    with pytest.raises(ValueError, match=r"got none of strange \(one\): name a row of run\.front"):
        run.thresholds("strange")
    (folder / "texts.parquet").unlink()
    with pytest.raises(ValueError, match=r"got 0 of 4 texts of 'x' in this run: run .* --keep-te"):
        load_run(folder).errors("own")
    assert load_run(folder).confusion("own").shape == (4, 4)


def test_the_job_ships_no_row_that_is_named_and_chosen_at_once(folder: Path) -> None:
    words = [str(folder), str(folder / "new"), "--point", "own", "--where", "bits < 8"]
    said = CliRunner().invoke(ship_job.app, words)
    assert said.exit_code == 1 and "got both: leave one out" in said.stderr
    said = CliRunner().invoke(ship_job.app, [str(folder), str(folder), "--point", "own"])
    assert said.exit_code == 1 and "an artifact goes to a new folder" in said.stderr
