from pathlib import Path

import pytest

from emoray.tables.files import read_table
from emoray.tables.parts import (
    part_files,
    part_path,
    row_class_of,
    table_path,
    write_part,
)
from emoray.tables.rows import FailureRow
from tests.tables.made import row


def test_a_part_written_again_replaces_itself(tmp_path: Path) -> None:
    for error in ("first", "second"):
        path = write_part([row(FailureRow, error=error)], tmp_path, "failures", "trial-1")
    assert part_files(tmp_path, "failures") == [path]
    assert read_table(path, FailureRow).column("error").to_pylist() == ["second"]


def test_half_written_files_are_no_parts(tmp_path: Path) -> None:
    path = write_part([row(FailureRow)], tmp_path, "failures", "trial-1")
    path.with_name(".trial-2.parquet").write_bytes(b"PAR1")
    path.with_name(".trial-3.parquet.0f3a").write_bytes(b"PAR1")
    assert part_files(tmp_path, "failures") == [path]


def test_parts_lie_where_no_reader_of_the_run_stumbles_on_them(tmp_path: Path) -> None:
    part = part_path(tmp_path, "points", "trial-1")
    assert part.relative_to(tmp_path).parts[0].startswith("_")
    assert table_path(tmp_path, "points") == tmp_path / "points.parquet"


@pytest.mark.parametrize("name", ["", "a/b", "../up", ".hidden", "_aside", "x" * 201])
def test_a_part_needs_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"a part's name is 1 to 200 letters, digits"):
        part_path(tmp_path, "points", name)


def test_an_unknown_table_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"a table is one of points, .* got 'moods'"):
        row_class_of("moods")
