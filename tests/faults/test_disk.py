"""A sweep on a disk that is too small: one clear line, and with more room it goes on."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoray.workflows.settings.sweep import Sweep
from tests.faults.conftest import Ledger
from tests.faults.drivers import Driver
from tests.faults.tolls import assert_as_if_nothing_had_happened, begun_again, toll
from tests.runs import Run, read

pytestmark = pytest.mark.faults


def size_of(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def too_small(tmp_path: Path, smoke: Run) -> Iterator[Path]:
    """A file system with room for half of what the sweep writes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    size = size_of(Path(smoke.sweep.store_place)) // 2
    if not mount or os.system(f"{mount} -t tmpfs -o size={size} tmpfs {folder} 2> /dev/null"):
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    os.system(f"umount --lazy {folder}")


def test_a_sweep_that_fills_the_disk_says_so_and_goes_on_when_there_is_room(
    too_small: Path, smoke: Run, ledger: Ledger
) -> None:
    out = too_small / "out"
    stopped = Driver(out).ended()
    assert stopped.code == 1, stopped.said
    *_, line = stopped.said.splitlines()
    assert line.startswith("error: ") and "No space left" in line, stopped.said
    assert "free space and run the same command again" in line
    assert "Traceback" not in stopped.said
    os.system(f"mount -o remount,size=1g {too_small}")
    finished = Driver(out).ended()
    assert finished.code == 0, finished.said
    run = read(Sweep(space="smoke", out=out))
    again = begun_again(run.journal)
    assert set(stopped.made) <= set(finished.made)
    assert set(again.values()) == {1}, "what met with the full disk was not tried there again"
    assert_as_if_nothing_had_happened(run, smoke)
    ledger("disk full, then more room", 1, toll(run, smoke))
