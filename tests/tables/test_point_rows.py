"""A row of `points` is filled by its stage and by its run, each in columns of its own."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.tables.compact import compact
from emoray.tables.fields import aggregations, note
from emoray.tables.files import read_table, table_of, write_table
from emoray.tables.many import read_many
from emoray.tables.merging import Merged
from emoray.tables.parts import part_path, write_part
from emoray.tables.point_rows import MeasuredPointRow, PointRow, RunPointRow
from emoray.tables.run_points import RunPoints
from emoray.tables.schema import schema_of
from tests.tables.made import row, run_table

NONE = pd.DataFrame(
    {"derived_from": pd.Series(dtype=str), "test_contradictions_share": pd.Series(dtype=float)}
)
LAST = ["artifact", "nearest_front", "nearest_front_change", "distinguishable"]


def older(path: Path, *points: str) -> Path:
    """A stage's table as versions wrote it that left a run's columns in it, empty."""
    rows = [row(PointRow, point=point, run="", artifact="", on_front=False) for point in points]
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_table(rows, path, PointRow)


def test_no_column_is_filled_by_stage_and_run_both() -> None:
    measured, of_run = schema_of(MeasuredPointRow).names, schema_of(RunPointRow).names
    assert not set(measured) & set(of_run)
    assert set(schema_of(PointRow).names) == {*measured, *of_run}
    assert [name for name in schema_of(PointRow).names if name in measured] == measured
    assert [name for name in schema_of(PointRow).names if name in of_run] == of_run


def test_columns_of_a_run_stand_where_readers_know_them() -> None:
    known = ["point", "run", "corpus", "integer_products_share", "latency_p50_ms"]
    known += ["latency_p95_ms", "model_p50_ms", "artifact", "artifact_sha256", "on_front"]
    known += ["nearest_front", "nearest_front_change", "nearest_front_low", "nearest_front_high"]
    known += ["distinguishable"]
    assert [name for name in schema_of(PointRow).names if name in known] == known


def test_tables_that_stages_wrote_before_are_read_without_the_runs_columns(tmp_path: Path) -> None:
    before = older(tmp_path / "before.parquet", "a")
    now = write_table([row(MeasuredPointRow, point="b")], tmp_path / "now", MeasuredPointRow)
    assert read_table(before, MeasuredPointRow).schema.equals(schema_of(MeasuredPointRow))
    both, wrong = read_many([before, now], MeasuredPointRow)
    assert both.column("point").to_pylist() == ["a", "b"] and not wrong
    assert "run" not in both.column_names
    scores = read_table(before, MeasuredPointRow, ["point", "dev_macro_f1"])
    assert scores.to_pydict() == {"point": ["a"], "dev_macro_f1": [0.5]}


def test_other_columns_are_refused_as_ever(tmp_path: Path) -> None:
    more = table_of([row(MeasuredPointRow)], MeasuredPointRow).append_column("more", pa.array([1]))
    pq.write_table(more, tmp_path / "more.parquet")
    with pytest.raises(ValueError, match=r"must hold measured point rows.* unknown \['more'\]"):
        read_table(tmp_path / "more.parquet", MeasuredPointRow)


def test_parts_of_both_versions_become_one_table(tmp_path: Path) -> None:
    run = tmp_path / "quick"
    write_part([row(MeasuredPointRow, point="b")], run, "points", "now")
    older(part_path(run, "points", "before"), "a")
    assert not compact(run).damaged
    points = run_table(run, "points")
    assert points.column("point").to_pylist() == ["a", "b"]
    assert points.column("run").to_pylist() == ["quick", "quick"]


def test_what_a_run_cannot_say_is_null_and_of_text_empty(tmp_path: Path) -> None:
    write_part([row(MeasuredPointRow)], tmp_path, "points", "trial")
    compact(tmp_path)
    (only,) = run_table(tmp_path, "points").select(LAST).to_pylist()
    assert list(only.values()) == ["", "", None, None]
    timed = run_table(tmp_path, "points").column("latency_p50_ms")
    assert timed.to_pylist() == [None]


def many(folder: Path, rows: int) -> RunPoints:
    """Points in an order of their own, merged in shares of a few rows."""
    folder.mkdir()
    parts = [[row(MeasuredPointRow, point=f"p{(7 * i) % rows:03}")] for i in range(rows)]
    merged = Merged(table="points", folder=folder, share_bytes=2000, block_bytes=1000)
    merged.take(table_of(part, MeasuredPointRow) for part in parts)
    front = pa.array([i % 3 == 0 for i in range(rows)])
    times = pd.DataFrame({"latency_p50_ms": [0.25]}, index=["x"])
    return RunPoints(
        merged=merged, run_folder=folder, percentiles=times, on_front=front, derivations=NONE
    )


def test_facts_meet_their_rows_however_many_shares_there_are(tmp_path: Path) -> None:
    points = many(tmp_path / "run", 50)
    with points.merged:
        names = points.frame(["point"])["point"]
        assert names.tolist() == [f"p{i:03}" for i in range(50)]
        points.write({"artifact": "artifacts/" + names})
        asked = points.rows(["p002", "p040"])
        assert sum(1 for _ in points.chunks()) > 2, "several shares"
    table = run_table(tmp_path / "run", "points").to_pandas()
    assert (table["artifact"] == "artifacts/" + table["point"]).all()
    assert table["on_front"].tolist() == [i % 3 == 0 for i in range(50)]
    assert (table["latency_p50_ms"] == 0.25).all() and (table["run"] == "run").all()
    assert asked.column("point").to_pylist() == ["p002", "p040"]
    assert asked.column_names == schema_of(PointRow).names


def test_a_derived_row_has_the_times_of_the_model_that_decides(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    rows = [row(MeasuredPointRow, point=name, model=f"m-{name}") for name in ("a", "b")]
    with Merged(table="points", folder=tmp_path / "run") as merged:
        merged.take([table_of(rows, MeasuredPointRow)])
        points = RunPoints(
            merged=merged,
            run_folder=tmp_path / "run",
            percentiles=pd.DataFrame({"latency_p50_ms": [0.25]}, index=["m-a"]),
            on_front=pa.array([False, False]),
            derivations=pd.DataFrame(
                {"derived_from": ["m-a"], "test_contradictions_share": [0.5]}, index=["b"]
            ),
        )
        columns = ["model", "derived_from", "test_contradictions_share", "latency_p50_ms"]
        own, derived = points.rows(["a", "b"]).select(columns).to_pylist()
    assert list(own.values()) == ["m-a", "", None, 0.25]
    assert list(derived.values()) == ["m-b", "m-a", 0.5, 0.25]


def test_every_column_of_a_point_says_how_an_ensemble_has_it() -> None:
    assert set(aggregations(MeasuredPointRow)) == set(schema_of(MeasuredPointRow).names)


def test_a_column_that_does_not_say_it_is_refused_by_name() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Wider(MeasuredPointRow):
        """A row with one more column."""

        depth: int = note("layers, counted anew")

    with pytest.raises(ValueError, match=r"of Wider says how .*, got nothing of depth: write ens"):
        aggregations(Wider)
