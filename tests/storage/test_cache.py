"""The user's cache is closed to others, and what killed processes left in it goes."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoray.data.importing.importing import import_corpus
from emoray.data.importing.settings import CorpusSource
from emoray.storage.cache import OLD_SECONDS, clear_dead, own_scratch, user_cache
from emoray.storage.location import cache_of, local_copy, staged_output
from emoray.storage.s3 import S3Folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own, in a home whose files are open to all."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = os.umask(0o000)
    yield tmp_path / "cache" / "emoray"
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return [str(p) for p in (folder, *folder.rglob("*")) if stat.S_IMODE(p.stat().st_mode) & 0o077]


def test_the_cache_is_the_users_alone(cache: Path) -> None:
    cache.mkdir(parents=True, mode=0o755)  # as an earlier version made it
    assert user_cache() == cache and stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_what_comes_from_a_bucket_is_the_users_alone(cache: Path, s3: S3Folder) -> None:
    s3.write("secret/train.tsv", b"private")
    assert (local_copy(s3 / "secret") / "train.tsv").read_bytes() == b"private"
    files = [p for p in cache.rglob("*") if p.is_file()]
    assert files and not [p for p in open_to_others(cache) if Path(p) in files]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_a_corpus_that_is_brought_is_the_users_alone(cache: Path, tmp_path: Path) -> None:
    rows = "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(100))
    (tmp_path / "mine.csv").write_text(f"text,label\n{rows}")
    found = import_corpus(
        CorpusSource(source=str(tmp_path / "mine.csv")), str(tmp_path / "mine.csv"), user_cache()
    )
    assert found.folder.is_relative_to(cache) and not open_to_others(found.folder)


KILLED = """
import os, signal, sys
from pathlib import Path
from emoray.storage.cache import own_scratch
with own_scratch(Path(sys.argv[1]), "landing") as work:
    (work / "points.parquet").write_bytes(b"1")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_goes_and_what_a_living_one_uses_stays(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    with own_scratch(tmp_path, "landing") as mine:
        assert not left.exists() and mine.is_dir()
        with own_scratch(tmp_path, "landing") as other:
            assert mine.is_dir() and other.is_dir()
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_lock_goes_when_it_is_old(tmp_path: Path) -> None:
    for name, age in (("landing-1", OLD_SECONDS + 60), ("landing-2", 0.0)):
        (tmp_path / name).mkdir()
        stamp = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (stamp, stamp))
    clear_dead(tmp_path, "landing")
    assert [p.name for p in tmp_path.iterdir()] == ["landing-2"]


def test_a_landing_clears_what_a_killed_one_left(cache: Path, s3: S3Folder) -> None:
    at = cache_of(s3)
    subprocess.run([sys.executable, "-c", KILLED, str(at)], check=False)
    assert list(at.glob("landing-*"))
    with staged_output(s3) as folder:
        assert len(list(at.glob("landing-*"))) == 1
        (folder / "a").write_bytes(b"1")
    assert not list(at.glob("*landing-*")) and s3.names() == ["a"]
