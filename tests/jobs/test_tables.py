"""`jobs.tables` from the outside: what is there, what a column means, as text and as JSON."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from emoray.tables.folders import CLASSES
from emoray.tables.rows import TABLES
from emoray.tables.schema import schema_of
from jobs import tables as tables_job
from tests.tables.made import make_whole_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whole_run(tmp_path_factory.mktemp("runs") / "run")


def tables(*words: object) -> Result:
    result = CliRunner().invoke(tables_job.app, [*map(str, words)])
    assert result.exit_code == 0, result.output
    return result


def test_every_table_is_named_with_rows_size_and_meaning(run: Path) -> None:
    said = tables(run).output
    for name in TABLES:
        assert name in said
    assert "One operating point: a trained model" in said
    assert f"columns of one: python -m jobs.tables {run} points" in said


def test_every_column_of_a_table_is_explained(run: Path) -> None:
    said = " ".join(tables(run, "points").output.split())
    for name in schema_of(TABLES["points"]).names:
        assert f" {name} " in said
    assert "every file of the artifact [bytes]; lower is better" in said
    assert "double, may be null" in said and "goemotions" in said


@pytest.mark.parametrize("table", [None, "points", "comparisons"])
def test_tables_are_described_in_80_columns(
    table: str | None, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = tables(run, table).output if table else tables(run).output
    listed = [line for line in said.splitlines() if not line.startswith(("tables in", "in Python"))]
    listed = [line for line in listed if not line.startswith(("columns of", f"{table} in"))]
    assert max(map(len, listed)) <= 80
    words = set(" ".join(listed).split())
    row_class = TABLES[table] if table else None
    for name in schema_of(row_class).names if row_class else TABLES:
        assert name in words, "no name is broken in two"
    rows = len(schema_of(row_class).names) if row_class else len(CLASSES)
    assert len(listed) < 4 * rows, "a column takes three lines or so, not ten"


def test_programs_get_the_same_as_json(run: Path) -> None:
    told = {table["table"]: table for table in json.loads(tables(run, "--json").stdout)}
    assert set(TABLES) <= set(told) and told["points"]["rows"] > 0
    columns = json.loads(tables(run, "latency", "--json").stdout)
    assert [column["column"] for column in columns] == schema_of(TABLES["latency"]).names
    (time,) = [column for column in columns if column["column"] == "milliseconds"]
    assert (time["better"], time["unit"], time["nullable"]) == ("lower", "milliseconds", False)


def test_what_another_version_lacks_is_said_between_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    old = make_whole_run(tmp_path / "run")
    points = pq.read_table(old / "points.parquet")
    lacking = ["dev_ece", "dev_nll", "dev_micro_f1", "truncated_share", "model_p50_ms"]
    pq.write_table(points.drop_columns(lacking), old / "points.parquet")
    said = tables(old, "points").output
    told = said[said.index("Written by another version") :]
    assert max(map(len, told.splitlines())) <= 80
    assert all(name in re.findall(r"\w+", told) for name in lacking)
