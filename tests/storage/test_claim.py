"""Laws of leases on a disk and in a bucket: one holder, who loses it by dying, not by waiting."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoray.storage import claim
from emoray.storage.claim import claimed, clear_claims, is_claimed
from emoray.storage.client import client
from emoray.storage.disk import DiskFolder
from emoray.storage.location import Place
from emoray.storage.process import is_dead, state_and_birth, this_process
from emoray.storage.s3 import S3Folder

ONE, OTHER = "one", "other"
NAME = "train-0123"
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(params=["disk", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "disk":
        return tmp_path / "claims"
    s3: S3Folder = request.getfixturevalue("s3")
    return s3 / "claims"


def leases(place: Place) -> DiskFolder | S3Folder:
    return DiskFolder(place) if isinstance(place, Path) else place


def told(place: Place, **changed: object) -> None:
    """A lease that a process of another machine took, in these points another's."""
    holder = {**this_process(), "node": "elsewhere", "owner": ONE, **changed}
    assert leases(place).create(NAME, json.dumps(holder).encode())


def test_one_holds_a_lease_and_gives_it_back(place: Place) -> None:
    with claimed(place, NAME, ONE) as ours:
        assert ours and is_claimed(place, NAME, OTHER)
        with claimed(place, NAME, OTHER) as theirs:
            assert not theirs
        with claimed(place, "train-4567", OTHER) as another:
            assert another
        assert is_claimed(place, NAME, OTHER), "who did not get it takes it from nobody"
    assert not is_claimed(place, NAME, OTHER) and leases(place).names() == []
    with claimed(place, NAME, OTHER) as theirs:
        assert theirs


def test_a_lease_is_given_back_when_the_work_fails(place: Place) -> None:
    with pytest.raises(ArithmeticError), claimed(place, NAME, ONE):
        raise ArithmeticError
    assert not is_claimed(place, NAME, OTHER)


def test_what_a_store_that_was_away_still_holds_is_given_back_when_it_is_there_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, tries = DiskFolder.remove, []

    def away(self: DiskFolder, name: str, etag: str) -> object:
        tries.append(name)
        if len(tries) < 3:
            raise OSError("the store is away")
        return remove(self, name, etag)

    monkeypatch.setattr(DiskFolder, "remove", away)
    monkeypatch.setattr(claim, "AGAIN_SECONDS", 0.01)
    with claimed(tmp_path, NAME, ONE) as ours:
        assert ours
    assert len(tries) == 3 and not is_claimed(tmp_path, NAME, ONE)


def test_a_living_process_elsewhere_is_waited_for_whatever_its_clock_says(place: Place) -> None:
    told(place)
    assert is_claimed(place, NAME, OTHER)
    with claimed(place, NAME, OTHER) as ours:
        assert not ours


def test_what_was_not_renewed_for_long_is_anothers(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(place)
    monkeypatch.setattr(claim, "STALE_SECONDS", 0.0)
    with claimed(place, NAME, OTHER) as ours:
        assert ours
        monkeypatch.setattr(claim, "STALE_SECONDS", 300.0)
        assert is_claimed(place, NAME, ONE)


def test_the_age_of_a_lease_is_the_file_systems_own(tmp_path: Path) -> None:
    """A machine whose clock is an hour wrong sees the same: no clock of a machine is read."""
    told(tmp_path)
    hour = time.time() - 3600
    os.utime(tmp_path / NAME, (hour, hour))
    found = DiskFolder(tmp_path).find(NAME)
    assert found is not None and 3590 < found.seconds < 3700
    assert not is_claimed(tmp_path, NAME, OTHER)


def test_a_job_takes_over_what_it_lost_with_a_machine(place: Place) -> None:
    told(place)
    with claimed(place, NAME, ONE) as ours:
        assert ours


def test_a_job_waits_for_a_process_of_its_own_that_lives(place: Place) -> None:
    told(place, node=os.uname().nodename, pid=os.getppid(), born=state_and_birth(os.getppid())[1])
    with claimed(place, NAME, ONE) as ours:
        assert not ours


def _hold(place: Place) -> None:
    with claimed(place, NAME, ONE):
        time.sleep(600)


def await_that(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_process_of_this_machine_loses_its_lease_at_once(place: Place) -> None:
    holder = SPAWN.Process(target=_hold, args=(place,))
    holder.start()
    await_that(lambda: is_claimed(place, NAME, OTHER))
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    await_that(lambda: not is_claimed(place, NAME, OTHER))  # while it is not waited for, too
    with claimed(place, NAME, OTHER) as ours:
        assert ours
    holder.join()


def test_a_younger_process_under_a_dead_ones_number_is_another() -> None:
    me = this_process()
    assert not is_dead(me) and is_dead({**me, "born": me["born"] - 1})
    assert not is_dead({**me, "boot": "of another machine", "born": 1})


def written(place: S3Folder) -> Any:
    return client().head_object(Bucket=place.bucket, Key=f"{place.prefix}/{NAME}")["LastModified"]


def test_a_lease_is_renewed_while_its_holder_works(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "PULSE_SECONDS", 0.05)
    with claimed(place, NAME, ONE) as ours:
        assert ours
        if isinstance(place, Path):
            os.utime(place / NAME, (0, 0))
            await_that(lambda: (place / NAME).stat().st_mtime > 0)
        else:
            begun = written(place)
            await_that(lambda: written(place) > begun)
    assert leases(place).names() == []


def test_who_lost_a_lease_gives_back_nothing(place: Place) -> None:
    with claimed(place, NAME, ONE):
        found = leases(place).find(NAME)
        assert found is not None
        holder = {**this_process(), "node": "elsewhere", "owner": OTHER}
        assert leases(place).replace(NAME, json.dumps(holder).encode(), found.etag)
    assert is_claimed(place, NAME, ONE), "it stays the other's"


def test_leases_of_the_dead_are_cleared_and_no_others(place: Place) -> None:
    told(place)
    dead = {**this_process(), "born": 1, "owner": ONE}
    assert leases(place).create("train-dead", json.dumps(dead).encode())
    clear_claims(place, OTHER)
    assert leases(place).names() == [NAME]


def _take(place: Place, owner: str, racing: Any, tried: Any) -> None:
    racing.wait()
    with claimed(place, NAME, owner) as ours:
        tried.wait()  # nobody gives it back before all have asked
        raise SystemExit(10 if ours else 0)


def test_of_those_who_race_for_a_dead_ones_lease_one_gets_it(place: Place) -> None:
    told(place, node=os.uname().nodename, born=1)
    steps = SPAWN.Barrier(2), SPAWN.Barrier(2)
    racing = [SPAWN.Process(target=_take, args=(place, who, *steps)) for who in (ONE, OTHER)]
    for process in racing:
        process.start()
    for process in racing:
        process.join()
    assert sorted(process.exitcode or 0 for process in racing) == [0, 10]
