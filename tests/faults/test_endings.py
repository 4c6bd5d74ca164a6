"""A sweep killed, or left without room, at each moment of its end: the same command ends it.

All on the session's Ray, over a store in which every stage is made: only the end is at stake.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from emoray.workflows.settings.sweep import Sweep
from tests.faults.conftest import Ledger
from tests.faults.drivers import Driver
from tests.faults.ending import FILLER, MOMENTS
from tests.faults.test_disk import size_of
from tests.faults.tolls import assert_as_if_nothing_had_happened, toll
from tests.runs import Run, swept

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def struck(out: Path, moment: str, fault: str) -> Driver:
    """The sweep as a process of its own on the session's Ray, which meets the fault then."""
    address = ray.get_runtime_context().gcs_address
    words = ["--space", "smoke", "--no-download", "--address", address]
    return Driver(out, command=["-m", "tests.faults.ending", moment, fault, *words])


@pytest.fixture
def room(tmp_path: Path, smoke: Run) -> Iterator[Path]:
    """A file system of its own, with some room beside a store that is made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, size = shutil.which("mount"), 2 * size_of(smoke.sweep.out)
    if not mount or os.system(f"{mount} -t tmpfs -o size={size} tmpfs {folder} 2> /dev/null"):
        pytest.skip("a small file system cannot be mounted here")
    shutil.copytree(smoke.sweep.store_place, folder / "out" / "_store")
    yield folder
    os.system(f"umount --lazy {folder}")


def test_a_sweep_killed_at_any_moment_of_its_end_is_ended_by_the_same_command(
    smoke: Run, tmp_path: Path, ledger: Ledger
) -> None:
    sweep = Sweep(space="smoke", out=tmp_path / "out", download=False)
    shutil.copytree(smoke.sweep.store_place, sweep.store_place)
    for moment in MOMENTS:
        ended = struck(sweep.out, moment, "kill").ended()
        assert ended.code == -signal.SIGKILL, ended.said
        assert (sweep.run_place / "_lock").exists(), "nobody holds it, and it stays"
    run = swept(sweep)
    assert_as_if_nothing_had_happened(run, smoke)
    assert [e for e in run.journal if e["event"] == "made"] == [
        e for e in smoke.journal if e["event"] == "made"
    ]
    ledger("killed while merging, shipping, predicting, drawing", len(MOMENTS), toll(run, smoke))


def test_a_sweep_without_room_at_any_moment_of_its_end_says_so_and_ends_once_there_is(
    room: Path, smoke: Run, ledger: Ledger
) -> None:
    sweep = Sweep(space="smoke", out=room / "out", download=False)
    for moment in MOMENTS:
        stopped = struck(sweep.out, moment, "fill").ended()
        assert stopped.code == 1, stopped.said
        *_, line = stopped.said.splitlines()
        assert line.startswith("error: ") and "No space left" in line, stopped.said
        assert "Traceback" not in stopped.said
        (sweep.out / FILLER).unlink()
    run = swept(sweep)
    assert_as_if_nothing_had_happened(run, smoke)
    ledger("disk full while merging, shipping, predicting, drawing", 4, toll(run, smoke))
