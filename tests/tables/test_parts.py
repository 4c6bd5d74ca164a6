from pathlib import Path

import pytest

from emoray.tables.compact import compact
from emoray.tables.files import read_table
from emoray.tables.parts import (
    begin,
    part_files,
    part_path,
    row_class_of,
    table_path,
    write_part,
)
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import FailureRow, RunRow
from tests.tables.made import row


def test_a_part_written_again_replaces_itself(tmp_path: Path) -> None:
    for error in ("first", "second"):
        path = write_part([row(FailureRow, error=error)], tmp_path, "failures", "trial-1")
    assert part_files(tmp_path, "failures") == [path]
    assert read_table(path, FailureRow).column("error").to_pylist() == ["second"]


def test_what_an_earlier_start_writes_late_counts_for_nothing(tmp_path: Path) -> None:
    first = begin(tmp_path)
    write_part([row(RunRow)], tmp_path, "runs", "first", first)
    write_part([row(MeasuredPointRow)], tmp_path, "points", "early", first)
    second = begin(tmp_path)
    assert first != second and not part_files(tmp_path, "points")
    write_part([row(FailureRow)], tmp_path, "failures", "late", first)
    write_part([row(MeasuredPointRow)], tmp_path, "points", "new", second)
    assert [path.stem for path in part_files(tmp_path, "points")] == ["new"]
    assert not part_files(tmp_path, "failures") and not part_files(tmp_path, "failures", second)
    assert [path.stem for path in part_files(tmp_path, "runs")] == ["first"], "every start's row"
    assert compact(tmp_path).rows["failures"] == 0


def test_a_new_start_drops_what_all_before_it_left(tmp_path: Path) -> None:
    write_part([row(MeasuredPointRow)], tmp_path, "points", "of-an-older-version")
    first = begin(tmp_path)
    path = write_part([row(MeasuredPointRow)], tmp_path, "points", "early", first)
    path.with_name(f".{path.name}.0f3a").write_bytes(b"PAR1")
    (tmp_path / ".points.parquet.0f3a").write_bytes(b"PAR1")
    (tmp_path / "_report.html.0f3a").write_text("<html>")
    begin(tmp_path)
    assert {p.name for p in tmp_path.rglob("*")} == {"_parts", "_token", "runs"}


@pytest.mark.parametrize("said", ["", "../../elsewhere", "a/b", "x" * 300])
def test_a_token_that_leads_elsewhere_is_none(said: str, tmp_path: Path) -> None:
    path = write_part([row(MeasuredPointRow)], tmp_path, "points", "trial-1")
    (tmp_path / "_parts" / "_token").write_text(said)
    assert part_files(tmp_path, "points") == [path]


def test_a_failure_of_what_was_made_after_all_is_none(tmp_path: Path) -> None:
    for digit in "ab":
        id_ = f"decide-{digit * 16}"
        write_part([row(FailureRow, trial=id_)], tmp_path, "failures", id_)
    write_part([row(MeasuredPointRow)], tmp_path, "points", f"decide-{'a' * 32}")
    assert [path.stem for path in part_files(tmp_path, "failures")] == [f"decide-{'b' * 16}"]
    assert compact(tmp_path).rows["failures"] == 1


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
