"""A file is read from any place, here or in a bucket, and an object only as far as is asked."""

import io
import random
from pathlib import Path

import pytest

from emoray.storage.location import Place
from emoray.storage.ranged import RangedObject, opened
from emoray.storage.s3 import S3Folder

CONTENT = random.Random(0).randbytes(50_000)


@pytest.fixture(params=["here", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Folder) -> tuple[Place, str, int]:
    if request.param == "here":
        (tmp_path / "a").write_bytes(CONTENT)
        return tmp_path / "a", "", 0
    s3.write("a", CONTENT)
    entry = s3.entry("a")
    assert entry is not None
    return s3 / "a", entry.etag, entry.size


def test_any_bytes_are_read(place: tuple[Place, str, int]) -> None:
    rng = random.Random(1)
    with opened(*place) as file:
        for _ in range(20):
            start, length = rng.randrange(60_000), rng.randrange(9000)
            file.seek(start)
            assert file.read(length) == CONTENT[start : start + length]
        file.seek(-10, io.SEEK_END)
        assert file.read() == CONTENT[-10:]
        assert file.tell() == len(CONTENT)


def test_an_object_that_was_written_meanwhile_is_refused(s3: S3Folder) -> None:
    s3.write("a", CONTENT)
    entry = s3.entry("a")
    assert entry is not None
    file = RangedObject(s3 / "a", entry.etag, entry.size)
    assert file.read(10) == CONTENT[:10]
    s3.write("a", b"other")
    with pytest.raises(OSError, match=r"must stay as it is while it is read.*run the same command"):
        file.read(10)
    s3.delete(["a"])
    with pytest.raises(FileNotFoundError, match="must exist, got none at"):
        file.read(10)
