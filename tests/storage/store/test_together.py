"""Jobs at work on one store at once: none makes what another is making, and the dead hold nothing
up."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder
from emoray.storage.store import local as stores
from emoray.storage.store.bucket import BucketStore
from emoray.storage.store.keys import key_of
from emoray.storage.store.local import Store
from emoray.storage.store.opening import open_store
from tests.storage.store.counting import Fail, Join, Write

SPAWN = multiprocessing.get_context("spawn")
JOBS = 3
STAGES = [
    Join(parts=(Write(text=str(i // 2), seconds=0.1),), last=Write(text=f"{i}.", seconds=0.1))
    for i in range(8)
]
ALL = {key_of(each) for join in STAGES for each in (*join.parts, join.last, join)}


@pytest.fixture(params=["disk", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "disk":
        return tmp_path / "store"
    s3: S3Folder = request.getfixturevalue("s3")
    return s3


def _opened(place: Place, cache: Path) -> Store:
    """The store as another machine would see it, where that is possible."""
    return BucketStore(place, cache=cache) if isinstance(place, S3Folder) else open_store(place)


def _make(place: Place, cache: Path, job: int, ready: Any) -> None:
    stores.WAIT_SECONDS = 0.05
    shelf = _opened(place, cache)
    ready.wait()
    for i in np.random.default_rng(job).permutation(len(STAGES)):
        shelf.make(STAGES[i])


def test_three_jobs_at_once_make_nothing_twice_though_one_is_killed(
    place: Place, tmp_path: Path
) -> None:
    shelf, ready = open_store(place), SPAWN.Barrier(JOBS)
    jobs = [
        SPAWN.Process(target=_make, args=(place, tmp_path / f"cache{i}", i, ready))
        for i in range(JOBS)
    ]
    for job in jobs:
        job.start()
    killed = jobs[0].pid
    assert killed is not None
    deadline = time.monotonic() + 120
    while not any(e["pid"] == killed and e["event"] == "started" for e in shelf.journal()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(killed, signal.SIGKILL)
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [-signal.SIGKILL, 0, 0]
    journal = list(shelf.journal())
    events = {
        event: Counter(e["key"] for e in journal if e["event"] == event)
        for event in ("started", "made", "beaten")
    }
    assert events["made"] == Counter(ALL), "each stage once"
    assert not events["beaten"]
    vain = [e for e in journal if e["event"] == "started"]
    made = {(e["key"], e["pid"]) for e in journal if e["event"] == "made"}
    vain = [e for e in vain if (e["key"], e["pid"]) not in made]
    assert [e["pid"] for e in vain] in ([], [killed]), "only the killed job began in vain"
    shelf.clear_claims()
    assert not any(shelf.is_elsewhere(stage, "another") for stage in STAGES)


def test_a_stage_that_another_job_makes_is_waited_for_and_not_begun(
    place: Place, tmp_path: Path
) -> None:
    one, other = _opened(place, tmp_path / "one"), _opened(place, tmp_path / "other")
    slow = Write(text="slow", seconds=1.0)
    maker = SPAWN.Process(target=_slowly, args=(place, tmp_path / "one", slow))
    maker.start()
    deadline = time.monotonic() + 120
    while not other.is_elsewhere(slow, other.owner):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert other.settle(slow, other.owner) is None
    made = other.make(slow)
    maker.join()
    assert maker.exitcode == 0 and made.cached
    assert Counter(e["event"] for e in one.journal()) == {"started": 1, "made": 1}
    assert not other.is_elsewhere(slow, other.owner)


def _slowly(place: Place, cache: Path, stage: Write) -> None:
    _opened(place, cache).make(stage)


def test_a_stage_that_fails_is_free_for_who_waits(place: Place, tmp_path: Path) -> None:
    one, other = _opened(place, tmp_path / "one"), _opened(place, tmp_path / "other")
    fail = Fail(needs=Write(text="hello"))
    for shelf in (one, other):
        with pytest.raises(ValueError, match="half of it"):
            shelf.make(fail)
    assert not other.is_elsewhere(fail, other.owner)
