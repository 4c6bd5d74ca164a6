"""Laws of the lock: one writer at a time, and a dead one does not hold for ever."""

import json
import multiprocessing
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from emoray.storage.location import Place
from emoray.storage.lock import LOCK, alone_in, held
from emoray.storage.process import boot
from emoray.storage.s3 import S3Folder


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, s3: S3Folder) -> Place:
    return tmp_path / "run" if request.param == "folder" else s3


def test_a_place_is_held_by_one_and_free_afterwards(place: Place) -> None:
    with alone_in(place) as still_alone:
        still_alone()
        with pytest.raises(ValueError, match=r"one job writes to a folder at a time.* is held by"):
            with alone_in(place):
                pass
    with alone_in(place):
        pass


def test_a_place_is_free_after_a_failure(place: Place) -> None:
    with pytest.raises(KeyError), alone_in(place):
        raise KeyError
    with alone_in(place):
        pass


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"the output must be a folder.*--out"):
        with alone_in(tmp_path / "file"):
            pass


def test_the_refusal_names_the_holder(s3: S3Folder) -> None:
    with held(s3):
        who = f"process {os.getpid()} on {os.uname().nodename}, heard of 0 s ago"
        with pytest.raises(ValueError, match=who), held(s3):
            pass
    assert s3.names() == []


def _die_holding(s3: S3Folder) -> None:
    with held(s3):
        os._exit(1)


def test_a_holder_that_died_on_this_machine_counts_as_gone(s3: S3Folder) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die_holding, args=(s3,))
    process.start()
    process.join()
    assert s3.names() == [LOCK]
    with held(s3):
        pass
    assert s3.names() == []


def elsewhere(s3: S3Folder) -> None:
    """A lock of a machine that we cannot ask."""
    holder = {"node": "elsewhere", "boot": "", "pid": 1, "token": "theirs"}
    s3.write(LOCK, json.dumps(holder).encode())


def test_a_holder_elsewhere_counts_as_gone_once_it_is_silent(s3: S3Folder) -> None:
    elsewhere(s3)
    with pytest.raises(ValueError, match="process 1 on elsewhere"), held(s3):
        pass
    with held(s3, stale_seconds=0.0):
        found = s3.find(LOCK)
        assert found is not None and b"elsewhere" not in found.content


def test_a_lock_that_says_nonsense_is_taken_once_it_is_old(s3: S3Folder) -> None:
    s3.write(LOCK, b"[1")
    with pytest.raises(ValueError, match=r"process \? on \?"), held(s3):
        pass
    with held(s3, stale_seconds=0.0):
        pass


def test_of_many_who_ask_for_a_dead_lock_one_gets_it(s3: S3Folder) -> None:
    gone = multiprocessing.get_context("spawn").Process(target=int)
    gone.start()
    gone.join()
    holder = {"node": os.uname().nodename, "boot": boot(), "pid": gone.pid, "token": "its"}
    s3.write(LOCK, json.dumps(holder).encode())
    start, done = threading.Barrier(6), threading.Barrier(6)
    got: list[str] = []

    def ask() -> None:
        start.wait()
        with suppress(ValueError), held(s3) as hold:
            got.append(hold.token)
            done.wait()
            return
        done.wait()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_pulse_keeps_the_lock_fresh(s3: S3Folder) -> None:
    with held(s3, pulse_seconds=0.05) as hold:
        first = s3.find(LOCK)
        assert first is not None
        for _ in range(200):
            found = s3.find(LOCK)
            if found is not None and found.etag != first.etag:
                break
        else:
            pytest.fail("the lock was never renewed")
        hold.check()


def test_a_holder_that_was_overtaken_learns_of_it(s3: S3Folder) -> None:
    with held(s3, pulse_seconds=0.05) as hold:
        elsewhere(s3)
        assert hold.lost.wait(10)
        with pytest.raises(OSError, match="was taken over by another while S3 could not be"):
            hold.check()
    found = s3.find(LOCK)
    assert found is not None and b"theirs" in found.content, "the other's lock is left alone"
