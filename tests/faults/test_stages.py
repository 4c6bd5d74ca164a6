"""A stage whose process dies, hangs or runs out of memory, on real workers."""

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from emoray.distributed.actor_pool import StageLimits
from emoray.distributed.single_flight import Failed
from emoray.distributed.stages import Stages
from emoray.distributed.workers import LIMITS
from emoray.storage.store.cleanup import clear_leftovers
from emoray.storage.store.keys import Stage, key_of
from emoray.storage.store.local import Done, Store
from tests.faults.stages import ALWAYS, CGROUPS, Faulty, Fill
from tests.faults.tolls import begun_again
from tests.storage.store.counting import Write

pytestmark = pytest.mark.usefixtures("local_ray")

PATIENCE = 60.0


class Fleet:
    """What makes stages, on an empty store."""

    def __init__(self, stages: Stages, store: Store) -> None:
        self.stages, self.store = stages, store

    def ask(self, *stages: Stage) -> list[Future[Done | Failed]]:
        return [self.stages.make(stage) for stage in stages]

    def made(self, *stages: Stage) -> list[Done | Failed]:
        """Have all stages made at once."""
        return [asked.result(PATIENCE) for asked in self.ask(*stages)]

    def events(self, event: str) -> list[dict[str, Any]]:
        return [e for e in self.store.journal() if e["event"] == event]

    def times(self, event: str, stage: Stage) -> int:
        return Counter(e["key"] for e in self.events(event))[key_of(stage)]


@contextmanager
def fleet_at(root: Path, limits: StageLimits = LIMITS) -> Iterator[Fleet]:
    with Stages(root, limits=limits) as stages:
        yield Fleet(stages, Store(root))


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_at(tmp_path / "store") as fleet:
        yield fleet


def gone(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_stage_whose_worker_died_is_made_by_another(fleet: Fleet, tmp_path: Path) -> None:
    faults = [Faulty(fault=f, times=1, notes=tmp_path) for f in ("kill", "abort", "segfault")]
    found = fleet.made(*faults, Write(text="bystander"))
    assert all(isinstance(done, Done) for done in found), found
    assert [stage.attempts for stage in faults] == [2, 2, 2]
    assert begun_again(fleet.store.journal()) == Counter({key_of(stage): 1 for stage in faults})
    status = fleet.stages.status()
    assert (status.run, status.cached, status.failed) == (4, 0, 0)


def test_a_stage_whose_worker_always_dies_is_given_up_and_the_rest_goes_on(
    fleet: Fleet, tmp_path: Path
) -> None:
    poisoned = Faulty(fault="kill", times=ALWAYS, notes=tmp_path)
    failed, done = fleet.made(poisoned, Write(text="bystander"))
    assert isinstance(failed, Failed) and isinstance(done, Done)
    assert "a stage gets 3 attempts, the worker of faulty died in each" in failed.error
    assert poisoned.attempts == 3 == fleet.times("started", poisoned)
    cleared: list[Path] = []  # a killed process is dead once the kernel has taken its memory back
    until(lambda: cleared.extend(clear_leftovers(fleet.store)) or len(cleared) == 3)
    assert [p.name for p in fleet.store.root.glob("stages/faulty/*")] == []


def test_an_error_of_the_stage_itself_is_not_tried_again(fleet: Fleet, tmp_path: Path) -> None:
    raising, late = (Faulty(fault=f, times=ALWAYS, notes=tmp_path) for f in ("raise", "time out"))
    assert fleet.made(raising, late) == [
        Failed("faulty", "ValueError: this stage cannot be made"),
        Failed("faulty", "TimeoutError: a server did not answer"),
    ]
    assert raising.attempts == late.attempts == 1 and fleet.stages.status().failed == 2


def test_a_stage_that_found_the_store_busy_is_tried_again(fleet: Fleet, tmp_path: Path) -> None:
    once, always = (Faulty(fault="unanswered", times=n, notes=tmp_path) for n in (1, ALWAYS))
    done, failed = fleet.made(once, always)
    assert isinstance(done, Done) and once.attempts == 2
    assert isinstance(failed, Failed) and failed.error.endswith("got SlowDown")
    assert always.attempts == 3 and fleet.stages.status().failed == 1


@pytest.fixture
def may_limit_memory() -> Iterator[None]:
    root = CGROUPS if CGROUPS.is_dir() else CGROUPS.parent
    if not os.access(root, os.W_OK) or not (root / "cgroup.procs").exists():
        pytest.skip("control groups of memory cannot be made here")
    yield
    for group in root.glob("emoray-*"):
        with suppress(OSError):
            group.rmdir()


def test_a_worker_that_the_kernel_kills_for_its_memory_is_replaced(
    fleet: Fleet, tmp_path: Path, may_limit_memory: None
) -> None:
    hungry = Faulty(fault="memory", times=1, notes=tmp_path)
    insatiable = Faulty(fault="memory", times=ALWAYS, notes=tmp_path)
    done, failed = fleet.made(hungry, insatiable)
    assert isinstance(done, Done) and hungry.attempts == 2
    assert isinstance(failed, Failed) and "out of memory" in failed.error
    assert insatiable.attempts == 3


@pytest.mark.parametrize("fault", ["hang", "hang natively"])
def test_a_stage_that_hangs_is_ended_by_its_time_limit(tmp_path: Path, fault: str) -> None:
    hanging = Faulty(fault=fault, times=ALWAYS, notes=tmp_path)
    with fleet_at(tmp_path / "store", StageLimits(seconds=1.0)) as fleet:
        failed, done = fleet.made(hanging, Write(text="bystander"))
        assert isinstance(done, Done) and isinstance(failed, Failed)
        assert "did not end and was killed: give it more with --stage-minutes" in failed.error
        (begun,) = [e for e in fleet.events("started") if e["key"] == key_of(hanging)]
        until(lambda: gone(begun["pid"]))
        assert fleet.made(Write(text="room again"), Write(text="and here")), "both CPUs are free"


def test_waiting_in_the_queue_is_not_counted_as_time_of_the_stage(tmp_path: Path) -> None:
    many = [Write(text=str(i), seconds=0.6) for i in range(8)]
    with fleet_at(tmp_path / "store", StageLimits(seconds=1.5)) as fleet:
        assert all(isinstance(done, Done) for done in fleet.made(*many))
    ends = [e["time"] for e in fleet.store.journal()]
    assert max(ends) - min(ends) > 1.5, "the last have waited for longer than the limit"


def test_what_is_at_work_is_told_once_its_sign_is_there(fleet: Fleet) -> None:
    asked = fleet.ask(*(Write(text=str(i), seconds=3.0) for i in range(2)))
    until(lambda: fleet.stages.status().running == ("write", "write"))
    assert all(isinstance(each.result(PATIENCE), Done) for each in asked)
    assert not fleet.stages.status().running


def test_what_nobody_waits_for_any_more_is_dropped(tmp_path: Path) -> None:
    with fleet_at(tmp_path / "store") as fleet:
        asked = fleet.ask(*(Write(text=str(i), seconds=60.0) for i in range(5)))
        until(lambda: len(fleet.events("started")) == 2)
    for each in asked:
        with pytest.raises(CancelledError):
            each.result(PATIENCE)
    until(lambda: all(gone(event["pid"]) for event in fleet.events("started")))
    with fleet_at(tmp_path / "store") as other:
        assert all(isinstance(done, Done) for done in other.made(Write(text="a"), Write(text="b")))
    assert len(fleet.events("started")) == 4, "what waited was never begun"


def test_two_drivers_on_one_store_keep_one_of_two_equal_stages(tmp_path: Path) -> None:
    stages = [Write(text=str(i), seconds=0.2) for i in range(4)]
    with fleet_at(tmp_path / "store") as one, fleet_at(tmp_path / "store") as other:
        asked = [each for fleet in (one, other) for each in fleet.ask(*stages)]
        found = [each.result(PATIENCE) for each in asked]
        counts = [fleet.stages.status() for fleet in (one, other)]
    assert len({done.folder for done in found if isinstance(done, Done)}) == len(stages)
    begun_again(one.store.journal())
    assert all(one.times("made", stage) == 1 for stage in stages)
    assert sum(count.run for count in counts) == len(stages) == sum(c.cached for c in counts)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four mebibytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if not mount or os.system(f"{mount} -t tmpfs -o size=4m tmpfs {folder} 2> /dev/null"):
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    os.system(f"umount --lazy {folder}")


def test_a_full_disk_stops_the_run_and_leaves_what_is_finished(small_disk: Path) -> None:
    fits, too_much, after = Fill(mebibytes=1), Fill(mebibytes=8), Write(text="after")
    with fleet_at(small_disk / "store") as fleet:
        assert isinstance(fleet.made(fits)[0], Done)
        (failed,) = fleet.made(too_much)
        assert isinstance(failed, Failed) and "No space left" in failed.error
        assert fleet.made(after) == [Failed("write", failed.error)], "nothing more is begun"
        with pytest.raises(OSError, match="room for its files"):
            fleet.stages.refuse_full()
    os.system(f"mount -o remount,size=64m {small_disk}")
    with fleet_at(small_disk / "store") as again:
        assert all(isinstance(done, Done) for done in again.made(fits, too_much, after))
        assert again.times("started", fits) == 1
