"""Files of rows of features are scored as files of texts are."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.workflows.predict.predict import run_predict
from emoray.workflows.settings.predict import Predict
from tests.artifact.test_feature_reader import ROWS, WIDTH, files

QUIET = Console(quiet=True)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "artifact"
    runtime.write(folder, files(names=[], column="mfcc"))
    return folder


@pytest.mark.usefixtures("local_ray")
def test_lists_of_numbers_are_scored_and_a_row_that_is_none_says_why(
    artifact: Path, tmp_path: Path
) -> None:
    rows = [*ROWS.tolist(), [1.0], None]
    table = pa.table({"id": range(72), "mfcc": pa.array(rows, pa.list_(pa.float32()))})
    (tmp_path / "in").mkdir()
    pq.write_table(table, tmp_path / "in" / "a.parquet")
    lines = "".join(json.dumps({"id": i, "mfcc": row}) + "\n" for i, row in enumerate(rows[:3]))
    (tmp_path / "in" / "b.jsonl").write_text(lines)
    run_predict(Predict(artifact=artifact, texts=str(tmp_path / "in"), out=tmp_path / "out"), QUIET)
    expected = runtime.load(artifact)(ROWS)
    found = pq.read_table(tmp_path / "out" / "a.parquet").to_pylist()
    for row, labels, probabilities_K in zip(
        found, expected.labels, expected.probabilities_NK, strict=False
    ):
        assert row["labels"] == labels and row["tokens"] == WIDTH
        assert row["probability_calm"] == pytest.approx(probabilities_K[0], abs=1e-6)
        np.testing.assert_array_equal(row["mfcc"], np.float32(rows[row["id"]]))
    failed = pq.read_table(tmp_path / "out" / "_failures.parquet").to_pylist()
    assert [row["row"] for row in failed] == [70, 71]
    assert "a row is 5 numbers, got 1 numbers" in failed[0]["reason"]
    assert "null" in failed[1]["reason"]
    of_lines = pq.read_table(tmp_path / "out" / "b.parquet").to_pylist()
    assert [row["labels"] for row in of_lines] == expected.labels[:3]


def test_a_file_without_such_a_column_is_refused(artifact: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"mfcc": [1.0, 2.0], "x": [1, 2]}), tmp_path / "in.parquet")
    wanted = Predict(artifact=artifact, texts=str(tmp_path / "in.parquet"), out=tmp_path / "out")
    with pytest.raises(ValueError, match=r"in a column of lists of numbers, got double in 'mfcc'"):
        run_predict(wanted, QUIET)


def test_texts_are_not_read_from_lists(tmp_path: Path, overconfident: Path) -> None:
    pq.write_table(pa.table({"text": [[1.0], [2.0]]}), tmp_path / "in.parquet")
    wanted = Predict(
        artifact=overconfident, texts=str(tmp_path / "in.parquet"), out=tmp_path / "out"
    )
    with pytest.raises(ValueError, match="a column of texts holds strings, got list"):
        run_predict(wanted, QUIET)
