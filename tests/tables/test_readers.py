"""The same rows for everyone: pandas, pyarrow, DuckDB, Polars and `emoray.load_run`."""

import math
from pathlib import Path
from typing import Any, get_args, get_type_hints

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.tables import load_run
from emoray.tables.folders import CLASSES
from emoray.tables.schema import schema_of
from tests.tables.made import blanks, make_whole_run

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_whole_run(tmp_path_factory.mktemp("runs") / "run")


def plain(value: Any) -> Any:
    """A value as plain Python: NaN, NA and null are None, arrays are lists."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list):
        return [plain(v) for v in value]
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value


def rows_of(columns: dict[str, list[Any]]) -> Rows:
    return [
        {name: plain(value) for name, value in zip(columns, values, strict=True)}
        for values in zip(*columns.values(), strict=True)
    ]


def lists_of(frame: pd.DataFrame) -> dict[str, list[Any]]:
    return {name: list(frame[name]) for name in frame.columns}


@pytest.mark.parametrize("table", CLASSES)
def test_every_reader_gives_the_same_rows(table: str, run: Path) -> None:
    path = run / f"{table}.parquet"
    wanted: Rows = pq.read_table(path).to_pylist()
    assert wanted
    read = {
        "pandas": lists_of(pd.read_parquet(path)),
        "duckdb": duckdb.sql(f"select * from '{path}'").arrow().read_all().to_pydict(),
        "polars": pl.read_parquet(path).to_dict(as_series=False),
        "load": lists_of(load_run(run).table(table)),
    }
    for reader, columns in read.items():
        assert rows_of(columns) == wanted, reader


def objects(frame: pd.DataFrame) -> set[str]:
    return {name for name, kind in frame.dtypes.items() if pd.api.types.is_object_dtype(kind)}


@pytest.mark.parametrize("table", CLASSES)
def test_no_reader_meets_a_column_without_a_type(table: str, run: Path) -> None:
    path, schema = run / f"{table}.parquet", schema_of(CLASSES[table])
    lists = {field.name for field in schema if pa.types.is_list(field.type)}
    flags = {f.name for f in schema if f.nullable and pa.types.is_boolean(f.type)}
    loaded = load_run(run).table(table)
    assert objects(loaded) == lists
    assert all(str(loaded[flag].dtype) == "boolean" for flag in flags)
    read = pd.read_parquet(path)
    assert objects(read) <= lists | flags
    polars = pl.read_parquet_schema(path)
    assert {name for name, kind in polars.items() if isinstance(kind, pl.List)} == lists
    assert not {pl.Null, pl.Object} & {kind.base_type() for kind in polars.values()}
    told = duckdb.sql(f"describe select * from '{path}'").fetchall()
    assert {name for name, kind, *_ in told if kind.endswith("[]")} == lists
    known = {"VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "BIGINT[]", "UTINYINT[]", "FLOAT[]"}
    assert {kind for _, kind, *_ in told} <= known


def test_the_made_run_has_a_null_and_a_value_in_every_column_that_may_hold_nulls(run: Path) -> None:
    for table, row_class in CLASSES.items():
        hints = get_type_hints(row_class)
        read = pq.read_table(run / f"{table}.parquet")
        assert set(blanks(row_class)) == set(read.column_names)
        for name in read.column_names:
            if type(None) in get_args(hints[name]):
                assert 0 < read[name].null_count < read.num_rows, f"{table}.{name}"


def test_readers_take_several_runs_at_once(run: Path) -> None:
    pattern = str(run.parent / "*" / "points.parquet")
    count = load_run(run).points.shape[0]
    assert duckdb.sql(f"select count(*) from '{pattern}'").fetchall() == [(count,)]
    assert pl.scan_parquet(pattern).select(pl.len()).collect().item() == count
