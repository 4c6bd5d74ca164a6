"""Parts of a run that lies in a bucket: written there, merged here."""

import hashlib
from pathlib import Path

import pytest

from emoray.storage.s3 import S3Folder
from emoray.tables.compact import compact
from emoray.tables.files import read_table
from emoray.tables.parts import (
    begin,
    drop_part,
    gather,
    part_files,
    part_path,
    write_part,
)
from emoray.tables.rows import FailureRow
from tests.storage.server import BUCKET, Server
from tests.tables.made import run_table

ROW = FailureRow(trial="train-1", stage="train", error="killed")
OTHER = FailureRow(trial="train-2", stage="train", error="killed")


def test_parts_are_written_there_and_merged_here(s3: S3Folder, tmp_path: Path) -> None:
    write_part([OTHER], s3, "failures", "two")
    part = write_part([ROW], s3, "failures", "one")
    assert [path.stem for path in part_files(s3, "failures")] == ["one", "two"]
    assert read_table(part, FailureRow).to_pylist() == [vars_of(ROW)]
    gather(s3, tmp_path, drop_damaged=True)
    assert compact(tmp_path).rows["failures"] == 2
    assert run_table(tmp_path, "failures").column("trial").to_pylist() == ["train-1", "train-2"]


def vars_of(row: FailureRow) -> dict[str, str]:
    return {"trial": row.trial, "stage": row.stage, "error": row.error}


def test_what_was_gathered_before_does_not_stay(s3: S3Folder, tmp_path: Path) -> None:
    write_part([ROW], tmp_path, "failures", "old")
    write_part([OTHER], s3, "failures", "new")
    gather(s3, tmp_path, drop_damaged=True)
    assert [path.stem for path in part_files(tmp_path, "failures")] == ["new"]
    gather(tmp_path, tmp_path, drop_damaged=True)
    assert [path.stem for path in part_files(tmp_path, "failures")] == ["new"], "it is here already"


def test_only_parts_of_the_last_start_count(s3: S3Folder, tmp_path: Path) -> None:
    s3.write("_parts/runs/one.parquet", b"")
    write_part([ROW], s3, "failures", "of-an-older-version")
    first = begin(s3)
    write_part([ROW], s3, "failures", "before", first)
    second = begin(s3)
    assert s3.names() == ["_parts/_token", "_parts/runs/one.parquet"]
    write_part([ROW], s3, "failures", "late", first)  # by who does not know that it is over
    write_part([OTHER], s3, "failures", "new", second)
    assert [path.stem for path in part_files(s3, "failures")] == ["new"]
    gather(s3, tmp_path, drop_damaged=True)
    assert [path.stem for path in part_files(tmp_path, "failures")] == ["new"]
    assert [path.stem for path in part_files(tmp_path, "runs")] == ["one"]
    drop_part(s3, part_path(tmp_path, "failures", "new"))
    assert not part_files(s3, "failures")
    begin(s3)
    assert s3.names() == ["_parts/_token", "_parts/runs/one.parquet"]


def test_a_missing_table_is_told(s3: S3Folder) -> None:
    with pytest.raises(ValueError, match=r"a table of failure rows must exist, s3://.* does not"):
        run_table(s3, "failures")


def test_a_damaged_part_is_dropped_and_told(s3: S3Folder, tmp_path: Path) -> None:
    part = write_part([ROW], s3, "failures", "one")
    write_part([OTHER], s3, "failures", "two")
    content = part.parent.read(part.name)
    part.parent.write(part.name, content[:-1])  # whole as an object, damaged as a table
    gather(s3, tmp_path, drop_damaged=True)
    (damaged,) = compact(tmp_path).damaged
    drop_part(s3, damaged)
    assert [path.stem for path in part_files(s3, "failures")] == ["two"]
    gather(s3, tmp_path, drop_damaged=True)
    assert not compact(tmp_path).damaged


@pytest.mark.parametrize(("drop_damaged", "who"), [(True, "command"), (False, "sweep")])
def test_who_only_reads_a_run_leaves_a_damaged_part(
    drop_damaged: bool,
    who: str,
    s3: S3Folder,
    s3_server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emoray.storage.s3.READS", 1)
    part = write_part([ROW], s3, "failures", "one")
    content = part.parent.read(part.name)
    s3_server.client().put_object(
        Bucket=BUCKET,
        Key=f"{part.parent.prefix}/{part.name}",
        Body=content[::-1],
        Metadata={"sha256": hashlib.sha256(content).hexdigest()},
    )
    with pytest.raises(ValueError, match=rf"got a damaged .*one.parquet .*same {who} again"):
        gather(s3, tmp_path, drop_damaged=drop_damaged)
    assert (part.name in part.parent.names()) is not drop_damaged
