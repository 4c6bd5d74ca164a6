from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.tables.files import read_table, write_table
from emoray.tables.many import read_many
from emoray.tables.rows import FailureRow, LabelRow
from tests.tables.made import row


def flipped(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[40] ^= 1  # within the first page
    path.write_bytes(raw)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def another_table(path: Path) -> None:
    write_table([row(LabelRow)], path, LabelRow)


def of_another_version(path: Path) -> None:
    pq.write_table(read_table(path, FailureRow).append_column("more", pa.array([1, 2])), path)


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a flipped byte": (flipped, "must pass its checksums"),
    "the end is missing": (cut_short, "must pass its checksums"),
    "gone": (Path.unlink, "must exist"),
    "another table": (another_table, "must hold failure rows"),
    "another version": (of_another_version, r"unknown \['more'\]"),
}


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    parts = [[row(FailureRow, trial=f"{k}-{i}") for i in range(2)] for k in range(6)]
    return [
        write_table(rows, tmp_path / f"{k}.parquet", FailureRow) for k, rows in enumerate(parts)
    ]


def trials(table: pa.Table) -> list[str]:
    return [trial.split("-")[0] for trial in table.column("trial").to_pylist()]


def test_many_tables_are_the_rows_of_each_in_order(paths: list[Path]) -> None:
    table, wrong = read_many(paths, FailureRow)
    assert table.equals(pa.concat_tables(read_table(path, FailureRow) for path in paths))
    assert table.schema.equals(read_table(paths[0], FailureRow).schema, check_metadata=True)
    assert wrong == {}


@pytest.mark.parametrize("kind", DAMAGE)
def test_of_many_tables_those_that_are_not_whole_are_named_and_left_out(
    paths: list[Path], kind: str
) -> None:
    damage, words = DAMAGE[kind]
    for path in (paths[0], paths[4]):
        damage(path)
    table, wrong = read_many(paths, FailureRow)
    assert trials(table) == ["1", "1", "2", "2", "3", "3", "5", "5"]
    assert list(wrong) == [paths[0], paths[4]]
    with pytest.raises(ValueError, match=words):
        read_table(paths[4], FailureRow)
    assert wrong[paths[4]].startswith(("a table ", f"{paths[4]} "))


def test_of_many_tables_the_one_whose_names_lead_elsewhere_is_named(tmp_path: Path) -> None:
    points = [
        write_table([row(LabelRow, point=point)], tmp_path / f"{k}.parquet", LabelRow)
        for k, point in enumerate(("a", "../b", "c"))
    ]
    table, wrong = read_many(points, LabelRow)
    assert table.column("point").to_pylist() == ["a", "c"]
    assert list(wrong) == [points[1]]
    assert "a point names files" in wrong[points[1]]
