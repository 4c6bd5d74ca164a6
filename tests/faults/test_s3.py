"""Stages in a bucket whose server fails: nothing is lost, nothing doubled, nothing made twice."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoray.storage.s3 import S3Folder
from emoray.storage.store.bucket import BucketStore
from emoray.storage.store.keys import inputs_of, key_of
from emoray.storage.store.local import Store
from tests.conftest import SERVER
from tests.faults.conftest import Ledger
from tests.faults.tolls import Toll, begun_again
from tests.storage.proxy import (
    FORBIDDEN,
    INTERNAL,
    SLOW_DOWN,
    CutOff,
    Fault,
    Lost,
    Proxy,
    Reset,
    Rule,
    Stall,
    every,
    manifests,
    puts,
    reads,
    some,
)
from tests.storage.server import Server
from tests.storage.store.counting import Join, Write

JOIN = Join(parts=(Write(text="hello"), Write(text=", ")), last=Write(text="world" * 100))
STAGES = [*inputs_of(JOIN).values(), JOIN]
SECONDS = "1.0"  # that S3 may take to answer


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy(port=SERVER.port) as proxy:
        yield proxy


@pytest.fixture
def faulty(s3: S3Folder, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> S3Folder:
    """The test's folder, reached through the proxy."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
    monkeypatch.setenv("EMORAY_S3_TIMEOUT", SECONDS)
    proxy.met.clear()
    return s3


def rows_of(store: Store) -> dict[str, bytes]:
    """What every finished stage holds."""
    found = {}
    for stage in STAGES:
        done = store.find(stage)
        assert done is not None, key_of(stage)
        for path in sorted(done.folder.rglob("*")):
            if path.is_file() and path.name != "manifest.json":
                found[f"{key_of(stage)}/{path.relative_to(done.folder)}"] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same stages where nothing fails."""
    store = Store(tmp_path_factory.mktemp("unbroken"))
    store.make(JOIN)
    return rows_of(store)


def cost(store: BucketStore, unbroken: dict[str, bytes]) -> Toll:
    """What the bucket holds beside what it should, as another machine finds it."""
    found = rows_of(store)
    assert found == unbroken
    names = [n for n in store.place.names("stages") if not n.endswith("/manifest.json")]
    again = begun_again(store.journal())
    return Toll(
        lost=len(set(unbroken) - set(found)),
        doubled=len(names) - len(unbroken),
        again=again.total(),
        stages=len(STAGES),
    )


PASSING: dict[str, tuple[Fault, list[Rule]]] = {
    "503, a burst": (SLOW_DOWN, [Rule(fault=SLOW_DOWN, when=some(3, 3))]),
    "503, again and again": (SLOW_DOWN, [Rule(fault=SLOW_DOWN, when=every(6))]),
    "500": (INTERNAL, [Rule(fault=INTERNAL, when=every(6))]),
    "time-out": (Stall(), [Rule(fault=Stall(), when=some(5, 2))]),
    "reset": (Reset(), [Rule(fault=Reset(), when=every(6))]),
    "cut-off body": (CutOff(), [Rule(fault=CutOff(), meant=reads, when=every(2))]),
    "answer lost": (Lost(), [Rule(fault=Lost(), meant=puts, when=every(4))]),
    "answer of a publication lost": (Lost(), [Rule(fault=Lost(), meant=manifests, when=every(2))]),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_changes_nothing(
    name: str,
    faulty: S3Folder,
    proxy: Proxy,
    unbroken: dict[str, bytes],
    tmp_path: Path,
    ledger: Ledger,
) -> None:
    fault, rules = PASSING[name]
    with proxy.scripted(*rules):
        BucketStore(faulty, cache=tmp_path / "one").make(JOIN)
        other = BucketStore(faulty, cache=tmp_path / "other")
        found = cost(other, unbroken)
    assert proxy.met[str(fault)] >= 2, "the fault happened"
    assert found.again == 0 and Counter(e["event"] for e in other.journal()) == {
        "started": len(STAGES),
        "made": len(STAGES),
    }
    ledger(f"S3: {name}", proxy.met[str(fault)], found)


LASTING: dict[str, tuple[Fault, type[OSError], str]] = {
    "403": (
        FORBIDDEN,
        PermissionError,
        "must allow reading, writing and listing, got AccessDenied",
    ),
    "reset for long": (Reset(), ConnectionError, "S3 must answer within 1 s, got Connection"),
}


@pytest.mark.parametrize("name", LASTING)
@pytest.mark.parametrize("until", [0, 7, 17], ids=["at once", "in a stage", "later"])
def test_a_fault_that_lasts_is_told_and_the_same_again_goes_on(
    name: str,
    until: int,
    faulty: S3Folder,
    proxy: Proxy,
    unbroken: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ledger: Ledger,
) -> None:
    monkeypatch.setattr("emoray.storage.client.ATTEMPTS", 2)
    fault, kind, words = LASTING[name]
    with proxy.scripted(Rule(fault=fault, when=some(until, 10_000))):
        with pytest.raises(kind, match=words) as caught:
            BucketStore(faulty, cache=tmp_path / "one").make(JOIN)
        assert os.environ["AWS_SECRET_ACCESS_KEY"] not in str(caught.value)
    assert proxy.met[str(fault)] >= 1
    store = BucketStore(faulty, cache=tmp_path / "one")
    done = {event["key"] for event in store.journal() if event["event"] == "made"}
    store.make(JOIN)
    found = cost(store, unbroken)
    begun = Counter(event["key"] for event in store.journal() if event["event"] == "started")
    assert all(begun[key] == 1 for key in done), "what was finished was not made again"
    assert found.again <= 1, "only the stage that the fault met"
    ledger(f"S3: {name}, then gone", 1, found)


@pytest.mark.faults
def test_a_server_that_is_killed_and_comes_back_has_lost_nothing(
    s3: S3Folder,
    s3_server: Server,
    unbroken: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ledger: Ledger,
) -> None:
    monkeypatch.setenv("EMORAY_S3_TIMEOUT", SECONDS)
    store = BucketStore(s3, cache=tmp_path / "one")
    for stage in STAGES[:-1]:
        store.make(stage)
    s3_server.stop()
    monkeypatch.setattr("emoray.storage.client.ATTEMPTS", 2)
    try:
        with pytest.raises(ConnectionError, match="S3 must answer within 1 s, got"):
            store.make(JOIN)
    finally:
        s3_server.start()
    store.make(JOIN)
    found = cost(BucketStore(s3, cache=tmp_path / "other"), unbroken)
    assert found.again == 0
    ledger("S3: server killed and started again", 1, found)
