"""A stage whose process dies, hangs or runs out of memory, on real workers."""

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import ray

from emoray.fleet import stages_actor
from emoray.fleet.dispatch import Limits
from emoray.fleet.single_flight import Failed, Status
from emoray.fleet.stages_actor import LIMITS
from emoray.trial.leftovers import clear_leftovers
from emoray.trial.store import Done, Stage, Store, key_of
from tests.faults.stages import ALWAYS, CGROUPS, Faulty, Fill
from tests.faults.tolls import begun_again
from tests.trial.counting import Write

pytestmark = pytest.mark.usefixtures("local_ray")

PATIENCE = 60.0


class Fleet:
    """The actor on an empty store."""

    def __init__(self, root: Path, limits: Limits = LIMITS) -> None:
        self.store = Store(root)
        self.actor = stages_actor.start(root, root.parent / "run", limits)

    def ask(self, *stages: Stage) -> list[Any]:
        return [self.actor.make.remote(stage) for stage in stages]

    def made(self, *stages: Stage) -> list[Done | Failed]:
        """Have all stages made at once."""
        found: list[Done | Failed] = ray.get(self.ask(*stages), timeout=PATIENCE)
        return found

    def status(self) -> Status:
        status: Status = ray.get(self.actor.status.remote(), timeout=PATIENCE)
        return status

    def events(self, event: str) -> list[dict[str, Any]]:
        return [e for e in self.store.journal() if e["event"] == event]

    def times(self, event: str, stage: Stage) -> int:
        return Counter(e["key"] for e in self.events(event))[key_of(stage)]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path / "store")
    yield fleet
    ray.kill(fleet.actor)


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
    assert (fleet.status().run, fleet.status().failed) == (4, 0)


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
    assert raising.attempts == late.attempts == 1 and fleet.status().failed == 2


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
    fleet = Fleet(tmp_path / "store", Limits(seconds=1.0))
    hanging = Faulty(fault=fault, times=ALWAYS, notes=tmp_path)
    failed, done = fleet.made(hanging, Write(text="bystander"))
    assert isinstance(done, Done) and isinstance(failed, Failed)
    assert "faulty did not end and was killed: give it more with --stage-minutes" in failed.error
    (begun,) = [e for e in fleet.events("started") if e["key"] == key_of(hanging)]
    until(lambda: gone(begun["pid"]))
    assert fleet.made(Write(text="room again"), Write(text="and here")), "both CPUs are free"


def test_waiting_in_the_queue_is_not_counted_as_time_of_the_stage(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "store", Limits(seconds=1.5))
    many = [Write(text=str(i), seconds=0.6) for i in range(8)]
    assert all(isinstance(done, Done) for done in fleet.made(*many))
    ends = [e["time"] for e in fleet.store.journal()]
    assert max(ends) - min(ends) > 1.5, "the last have waited for longer than the limit"


def test_a_stages_actor_that_is_killed_comes_back_and_has_forgotten_nothing(fleet: Fleet) -> None:
    stages = [Write(text=str(i), seconds=0.3) for i in range(8)]
    pid = ray.get(fleet.actor.__ray_call__.remote(lambda actor: os.getpid()))
    asked = fleet.ask(*stages)
    until(lambda: len(fleet.events("made")) >= 3)
    os.kill(pid, signal.SIGKILL)
    found = ray.get(asked, timeout=PATIENCE)
    assert ray.get(fleet.actor.__ray_call__.remote(lambda actor: os.getpid())) != pid
    assert all(isinstance(done, Done) for done in found)
    again = begun_again(fleet.store.journal())
    assert again.total() <= 2, "no more than what ran when its actor died"
    counted: Status = ray.get(fleet.actor.counted.remote(), timeout=PATIENCE)
    assert (counted.run, counted.cached, counted.failed) == (8, 0, 0)


def test_two_drivers_on_one_store_keep_one_of_two_equal_stages(tmp_path: Path) -> None:
    fleets = [Fleet(tmp_path / "store") for _ in range(2)]
    stages = [Write(text=str(i), seconds=0.2) for i in range(4)]
    asked = [ref for fleet in fleets for ref in fleet.ask(*stages)]
    found = ray.get(asked, timeout=PATIENCE)
    assert len({done.folder for done in found}) == len(stages)
    begun_again(fleets[0].store.journal())
    assert all(fleets[0].times("made", stage) == 1 for stage in stages)


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
    fleet = Fleet(small_disk / "store")
    fits, too_much, after = Fill(mebibytes=1), Fill(mebibytes=8), Write(text="after")
    assert isinstance(fleet.made(fits)[0], Done)
    (failed,) = fleet.made(too_much)
    assert isinstance(failed, Failed) and "No space left" in failed.error
    assert fleet.made(after) == [Failed("write", failed.error)], "nothing more is begun"
    with pytest.raises(OSError, match="room for its files"):
        stages_actor.refuse_full(fleet.actor)
    os.system(f"mount -o remount,size=64m {small_disk}")
    again = Fleet(small_disk / "store")
    assert all(isinstance(done, Done) for done in again.made(fits, too_much, after))
    assert again.times("started", fits) == 1
