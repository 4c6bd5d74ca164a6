"""A job on a disk that is too small: one clear line, and with more room it goes on."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emoray.storage.store.local import Store
from emoray.workflows.settings.sweep import Sweep
from tests.faults.conftest import Ledger
from tests.faults.drivers import Driver, Ended
from tests.faults.test_predictions import hashes
from tests.faults.tolls import Toll, assert_as_if_nothing_had_happened, begun_again, toll
from tests.prediction.made import parquet_of, some_texts
from tests.runs import Run, read

pytestmark = pytest.mark.faults
UNTIL_NOBODY_LISTENS = """
mount -t tmpfs -o size="$1" tmpfs "$2" || exit 1
echo mounted
cat
umount --lazy "$2"
"""


def size_of(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


@contextmanager
def disk_of(size: int, folder: Path) -> Iterator[Path]:
    """A file system of so many bytes, which is gone when the block is left or its process dies."""
    folder.mkdir()
    words = ["sh", "-c", UNTIL_NOBODY_LISTENS, "sh", str(size), str(folder)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as holder:
        assert holder.stdin is not None and holder.stdout is not None
        assert holder.stdout.readline() == b"mounted\n", "a small disk is mounted by root alone"
        try:
            yield folder
        finally:
            holder.stdin.close()
            holder.wait()
    assert not os.path.ismount(folder)


def grow(disk: Path) -> None:
    """Give it room for all."""
    subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)


@pytest.fixture
def too_small(tmp_path: Path, smoke: Run) -> Iterator[Path]:
    """A file system with room for half of what the sweep writes."""
    with disk_of(size_of(Path(smoke.sweep.store_place)) // 2, tmp_path / "disk") as folder:
        yield folder


def full(ended: Ended) -> None:
    """It has said so in one line."""
    assert ended.code == 1, ended.said
    *_, line = ended.said.splitlines()
    assert line.startswith("error: ") and "No space left" in line, ended.said
    assert "free space and run the same command again" in line
    assert "Traceback" not in ended.said


def test_a_sweep_that_fills_the_disk_says_so_and_goes_on_when_there_is_room(
    too_small: Path, smoke: Run, ledger: Ledger
) -> None:
    out = too_small / "out"
    stopped = Driver(out).ended()
    full(stopped)
    grow(too_small)
    finished = Driver(out).ended()
    assert finished.code == 0, finished.said
    run = read(Sweep(space="smoke", out=out))
    again = begun_again(run.journal)
    assert set(stopped.made) <= set(finished.made)
    assert set(again.values()) == {1}, "what met with the full disk was not tried there again"
    assert_as_if_nothing_had_happened(run, smoke)
    ledger("disk full, then more room", 1, toll(run, smoke))


@pytest.mark.parametrize("apart", [False, True], ids=["with the store", "without the store"])
def test_a_prediction_that_fills_the_disk_says_so_and_goes_on_when_there_is_room(
    apart: bool, overconfident: Path, tmp_path: Path, ledger: Ledger
) -> None:
    texts = some_texts(20_000)
    for number in range(4):
        some = [f"{text} {number}" for text in texts]
        parquet_of(tmp_path / "in" / f"{number}.parquet", some)
    command = ["-m", "jobs.predict", "--artifact", str(overconfident), "--cpus", "2"]
    command += ["--texts", str(tmp_path / "in")]
    begun = Driver(tmp_path / "whole", command=command).ended()
    assert begun.code == 0, begun.said
    whole = tmp_path / "whole"
    expected = hashes(whole)
    room = size_of(whole) // 2 if not apart else 5 * (whole / "0.parquet").stat().st_size // 2
    with disk_of(room, tmp_path / "disk") as disk:
        if apart:
            command += ["--store", str(tmp_path / "store")]
        stopped = Driver(disk / "out", command=command).ended()
        full(stopped)
        before = hashes(disk / "out")
        assert before.items() < expected.items(), "what is there is whole"
        grow(disk)
        finished = Driver(disk / "out", command=command).ended()
        assert finished.code == 0, finished.said
        assert hashes(disk / "out") == expected
        journal = list(Store(tmp_path / "store" if apart else disk / "out" / "_store").journal())
    made = Counter(e["key"] for e in journal if e["event"] == "made")
    assert set(made.values()) == {1}, "nothing that was finished is made again"
    ledger("disk full under jobs.predict", 1, Toll(lost=0, doubled=0, again=0, stages=len(made)))
