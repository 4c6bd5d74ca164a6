import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emoray.storage.store.cleanup import OLD_SECONDS, clear_leftovers
from emoray.storage.store.keys import UNFINISHED, key_of
from emoray.storage.store.local import Store
from tests.storage.store.counting import Write

SLOW = Write(text="slow")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def begun(store: Store, pid: int, node: str = os.uname().nodename, ago: float = 0.0) -> None:
    """What the journal says of a stage that began."""
    event = {"event": "started", "key": key_of(SLOW), "pid": pid, "node": node}
    with (store.root / "journal.jsonl").open("a") as journal:
        journal.write(json.dumps(event | {"time": time.time() - ago}) + "\n")


def scratch(store: Store) -> Path:
    folder = store.root / "stages" / "write" / f".{key_of(SLOW)}-0badcafe"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "half").write_text("")
    return folder


def age(folder: Path) -> None:
    then = time.time() - OLD_SECONDS - 60
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (then, then))


def test_what_a_dead_process_left_is_removed(store: Store) -> None:
    begun(store, dead_process())
    folder = scratch(store)
    assert clear_leftovers(store) == [folder] and not folder.exists()


def test_what_a_running_process_writes_is_left_alone(store: Store) -> None:
    begun(store, dead_process())
    begun(store, os.getpid())
    folder = scratch(store)
    assert not clear_leftovers(store), "one of the two that began it still runs"
    assert folder.exists()


def test_a_younger_process_under_the_same_number_is_another_one(store: Store) -> None:
    begun(store, os.getpid(), ago=86400.0)
    folder = scratch(store)
    assert clear_leftovers(store) == [folder]


@pytest.mark.parametrize("known", ["another node", "nobody"])
def test_what_may_be_in_work_elsewhere_goes_only_when_it_is_old(store: Store, known: str) -> None:
    if known == "another node":
        begun(store, dead_process(), node="elsewhere")
    folder = scratch(store)
    assert not clear_leftovers(store)
    age(folder)
    assert clear_leftovers(store) == [folder]


def test_unfinished_work_waits_until_its_stage_is_made(store: Store) -> None:
    begun(store, dead_process())
    folder = store.root / UNFINISHED / key_of(SLOW)
    folder.mkdir(parents=True)
    assert not clear_leftovers(store), "a stage may go on from it"
    published = store.folder(SLOW)
    published.mkdir(parents=True)
    (published / "manifest.json").write_text("{}")
    assert clear_leftovers(store) == [folder] and published.exists()


def test_finished_stages_and_journal_stay(store: Store) -> None:
    store.make(SLOW)
    begun(store, dead_process())
    scratch(store)
    clear_leftovers(store)
    assert store.find(SLOW) is not None and list(store.journal())
