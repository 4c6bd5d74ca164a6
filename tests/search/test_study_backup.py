import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from emoray.search.study_backup import copied
from emoray.storage.location import local_copy
from emoray.storage.s3 import S3Folder


def trials_in(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as study:
        return [number for (number,) in study.execute("SELECT number FROM trials")]


def test_a_study_lies_in_the_bucket_before_the_search_has_ended(
    s3: S3Folder, tmp_path: Path
) -> None:
    study = tmp_path / "study.db"
    with closing(sqlite3.connect(study, isolation_level=None)) as writing:
        writing.execute("CREATE TABLE trials (number INTEGER)")
        writing.execute("INSERT INTO trials VALUES (1)")
    with (
        copied(study, s3, seconds=0.02),
        closing(sqlite3.connect(study, isolation_level=None)) as writing,
    ):
        writing.execute("BEGIN")
        writing.execute("INSERT INTO trials VALUES (2)")  # in the middle of a write
        for _ in range(500):
            if s3.names() == ["study.db"] and trials_in(local_copy(s3 / "study.db")) == [1]:
                break
            time.sleep(0.02)
        else:
            pytest.fail("no copy came")
        writing.execute("COMMIT")


def test_a_study_on_disk_is_left_alone(tmp_path: Path) -> None:
    with copied(tmp_path / "study.db", tmp_path, seconds=0.0):
        pass
    assert not list(tmp_path.iterdir())
