from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.tables.files import read_table, table_of, write_table
from emoray.tables.point_rows import PointRow
from emoray.tables.rows import TABLES, FailureRow, LabelRow, LayerRow
from emoray.tables.schema import schema_of
from tests.tables.made import blanks, row


@pytest.fixture
def written(tmp_path: Path) -> Path:
    rows = [row(LayerRow, layer=f"dense{i}", histogram=[i, 2 * i]) for i in range(20)]
    return write_table(rows, tmp_path / "layers.parquet", LayerRow)


@pytest.mark.parametrize("row_class", TABLES.values(), ids=TABLES)
def test_rows_come_back_with_their_whole_schema(row_class: type, tmp_path: Path) -> None:
    rows = [row(row_class), row(row_class)]
    path = write_table(rows, tmp_path / "table.parquet", row_class)
    table = read_table(path, row_class)
    assert table.schema.equals(schema_of(row_class), check_metadata=True)
    assert [row_class(**r) for r in table.to_pylist()] == rows


def test_columns_and_arrow_tables_are_written_like_rows() -> None:
    rows = [row(LabelRow, f1=0.25, support=3), row(LabelRow, f1=0.75, support=3)]
    columns = blanks(LabelRow) | {"f1": np.array([0.25, 0.75], np.float32), "support": 3}
    assert table_of(columns, LabelRow) == table_of(rows, LabelRow)
    assert table_of(table_of(rows, LabelRow), LabelRow) == table_of(rows, LabelRow)


def test_columns_of_one_value_each_are_one_row() -> None:
    assert table_of(blanks(FailureRow), FailureRow).num_rows == 1


def test_a_histogram_may_be_a_matrix() -> None:
    columns = blanks(LayerRow) | {"layer": ["a", "b"], "histogram": np.arange(6).reshape(2, 3)}
    assert table_of(columns, LayerRow).column("histogram").to_pylist() == [[0, 1, 2], [3, 4, 5]]


def test_nan_is_null_only_where_a_null_may_stand() -> None:
    table = table_of([row(PointRow, latency_p50_ms=float("nan"), test_ece=float("nan"))], PointRow)
    assert table.column("latency_p50_ms").null_count == 1
    assert table.column("test_ece").null_count == 0


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    path = write_table([], tmp_path / "failures.parquet", FailureRow)
    assert list(pd.read_parquet(path).columns) == schema_of(FailureRow).names


def test_writing_replaces_the_table_and_leaves_nothing_beside_it(written: Path) -> None:
    write_table([row(LayerRow)], written, LayerRow)
    assert read_table(written, LayerRow).num_rows == 1
    assert [p.name for p in written.parent.iterdir()] == [written.name]


def test_any_flipped_byte_is_refused_or_harmless(written: Path) -> None:
    whole, good = read_table(written, LayerRow), written.read_bytes()
    refused = 0
    for place in range(0, len(good), 19):
        bad = bytearray(good)
        bad[place] ^= 0x11
        written.write_bytes(bad)
        try:
            assert read_table(written, LayerRow) == whole
        except ValueError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_cut_off_file_is_refused(written: Path, share: float) -> None:
    good = written.read_bytes()
    written.write_bytes(good[: int(share * len(good))])
    with pytest.raises(ValueError, match=r"must pass its checksums, .*layers.parquet .* delete it"):
        read_table(written, LayerRow)


def test_another_table_is_refused_by_its_columns(written: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold failure rows; missing columns \['error'"):
        read_table(written, FailureRow)


def test_a_column_of_another_type_is_refused(written: Path) -> None:
    table = read_table(written, LayerRow)
    at = table.schema.get_field_index("bits")
    pq.write_table(table.set_column(at, "bits", pa.array(["8"] * len(table))), written)
    with pytest.raises(ValueError, match=r"of another type \['bits'\].*write it again"):
        read_table(written, LayerRow)


def test_some_columns_are_read_alone_and_one_that_is_missing_is_refused(written: Path) -> None:
    whole = read_table(written, LayerRow)
    some = read_table(written, LayerRow, ["bits", "layer"])
    assert some.equals(whole.select(["bits", "layer"]))
    pq.write_table(whole.drop_columns(["bits"]), written)
    with pytest.raises(ValueError, match=r"must hold layer rows; missing columns \['bits'\]"):
        read_table(written, LayerRow, ["bits", "layer"])


def test_an_absent_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a table of point rows must exist, .* does not"):
        read_table(tmp_path / "points.parquet", PointRow)


def test_rows_of_another_class_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rows of this table are PointRow, got \['FailureRow'\]"):
        table_of([row(FailureRow)], PointRow)


def test_missing_and_unknown_columns_are_refused() -> None:
    columns = {"trial": ["a"], "stage": ["train"], "mood": ["low"]}
    with pytest.raises(ValueError, match=r"missing \['error'\], unknown \['mood'\]"):
        table_of(columns, FailureRow)


def test_columns_of_different_lengths_are_refused() -> None:
    columns = {"trial": ["a", "b"], "stage": ["train"], "error": "broken"}
    with pytest.raises(ValueError, match=r"one length, got 2 in trial, 1 in stage: cut"):
        table_of(columns, FailureRow)


def test_a_null_is_refused_where_none_may_stand() -> None:
    with pytest.raises(ValueError, match=r"FailureRow.error is never null, got 1 nulls"):
        table_of([row(FailureRow, error=None)], FailureRow)


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match=r"PointRow.seed holds int64, got something else"):
        table_of([row(PointRow, seed="first")], PointRow)


def test_an_unwritable_folder_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where a folder should be")
    with pytest.raises(OSError, match=r"a table must be writable, .* free space or give another"):
        write_table([row(FailureRow)], tmp_path / "run" / "failures.parquet", FailureRow)
