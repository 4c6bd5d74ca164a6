"""Laws of finished stages in a bucket, on a real server: the store's own, and those of machines
that share nothing else."""

import asyncio
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from emoray.distributed.single_flight import Begun, Failed, SingleFlight
from emoray.stages.spec import CorpusRef, EncoderRef, VectorsRef
from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder
from emoray.storage.store.bucket import BucketStore
from emoray.storage.store.cleanup import clear_leftovers
from emoray.storage.store.inputs import stage_files
from emoray.storage.store.keys import LAYOUT, UNFINISHED, Stage, key_of
from emoray.storage.store.local import Store
from emoray.storage.store.manifest import Done
from emoray.storage.store.opening import open_store
from tests.storage.proxy import Proxy
from tests.storage.server import BUCKET, Server
from tests.storage.store.counting import Fail, Join, Write, made

HELLO = Write(text="hello")
JOIN = Join(parts=(HELLO, Write(text=", ")), last=Write(text="world"))
AT = f"stages/write/{key_of(HELLO)}"


@pytest.fixture
def one(s3: S3Folder, tmp_path: Path) -> BucketStore:
    return BucketStore(s3, cache=tmp_path / "one")


@pytest.fixture
def other(s3: S3Folder, tmp_path: Path) -> BucketStore:
    """The same store from another machine."""
    return BucketStore(s3, cache=tmp_path / "other")


def events(store: Store) -> Counter[str]:
    return Counter(event["event"] for event in store.journal())


def test_a_store_is_opened_by_its_place(s3: S3Folder, tmp_path: Path) -> None:
    assert open_store(s3).place == s3 and isinstance(open_store(s3), BucketStore)
    assert open_store(tmp_path).place == tmp_path and type(open_store(tmp_path)) is Store


def test_a_stage_is_made_after_its_inputs_and_once(one: BucketStore) -> None:
    done = one.make(JOIN)
    assert (done.folder / "text").read_text() == "hello, world"
    assert not done.cached and done.wall_seconds > 0
    assert made(one) == ["write", "write", "write", "join"]
    again = one.make(JOIN)
    assert again.cached and again.folder == done.folder
    assert again.wall_seconds == done.wall_seconds
    assert events(one) == {"started": 4, "made": 4}


def test_what_one_machine_made_another_finds(one: BucketStore, other: BucketStore) -> None:
    done = one.make(JOIN)
    found = other.find(JOIN)
    assert found is not None and found.cached and found.wall_seconds == done.wall_seconds
    assert found.folder != done.folder and (found.folder / "text").read_text() == "hello, world"
    assert other.make(replace(JOIN, last=Write(text="moon"))).folder.is_dir()
    assert Counter(made(other)) == {"write": 4, "join": 2}, "only what changed was made there"


def test_files_made_elsewhere_are_brought_by_their_result(
    one: BucketStore, other: BucketStore, tmp_path: Path
) -> None:
    done = one.make(HELLO)
    (tmp_path / "one").rename(tmp_path / "gone")
    assert (other.local_folder(done) / "deep" / "text").read_text() == "hello"
    assert other.local_folder(other.make(HELLO)).is_relative_to(other.root)


def test_the_bucket_holds_one_attempt_and_its_manifest(one: BucketStore, s3: S3Folder) -> None:
    one.make(HELLO)
    manifest = json.loads(s3.read(f"{AT}/manifest.json"))
    attempt = manifest["attempt"]
    assert s3.names(AT) == sorted(
        [f"{AT}/{attempt}/deep/text", f"{AT}/{attempt}/end", f"{AT}/manifest.json"]
    )
    assert set(manifest["files"]) == {"deep/text", "end"}
    assert one.at(HELLO) == s3 / AT / attempt
    assert (one.at(HELLO)).read("deep/text") == b"hello"


def test_a_stage_without_its_inputs_is_not_run(one: BucketStore) -> None:
    with pytest.raises(FileNotFoundError, match=r"join-.* needs write-.*, not in the store"):
        one.run(JOIN)


def test_a_stage_that_fails_leaves_nothing(one: BucketStore, s3: S3Folder) -> None:
    one.make(HELLO)
    before = [name for name in s3.names() if not name.startswith("journal/")]
    with pytest.raises(ValueError, match="half of it"):
        one.make(Fail(needs=HELLO))
    assert [name for name in s3.names() if not name.startswith("journal/")] == before
    assert not list(one.root.glob("stages/fail/.*"))
    assert events(one) == {"started": 2, "made": 1}


def test_what_could_not_be_uploaded_is_published_and_not_made_again(
    one: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)  # and back to it, whatever the stage does
    monkeypatch.setattr("emoray.storage.client.ATTEMPTS", 1)
    with pytest.raises(ConnectionError, match="S3 must answer within"):
        one.make(Unplug(needs=HELLO))
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    done = one.make(Unplug(needs=HELLO))
    assert (done.folder / "text").read_text() == "made" and done.wall_seconds > 0
    assert events(one) == {"started": 2, "made": 2}
    assert not list((one.root / "unpublished").iterdir())
    assert not list((one.root / "stages" / "unplug").glob(".*"))


def test_the_loser_of_a_race_takes_what_is_there(
    one: BucketStore, other: BucketStore, s3: S3Folder
) -> None:
    first, second = one.run(HELLO), other.run(HELLO)
    assert (second.folder / "manifest.json").read_bytes() == (
        first.folder / "manifest.json"
    ).read_bytes()
    assert len(s3.names(AT)) == 3, "the loser's files are gone"
    assert events(one) == {"started": 2, "made": 1, "beaten": 1}


def test_the_winner_clears_what_dead_attempts_left(one: BucketStore, s3: S3Folder) -> None:
    s3.write(f"{AT}/0123456789abcdef/deep/text", b"hel")
    one.make(HELLO)
    assert len(s3.names(AT)) == 3


def _make(place: S3Folder, cache: Path, stage: Stage) -> None:
    BucketStore(place, cache=cache).make(stage)


def test_processes_that_race_publish_one_attempt(
    one: BucketStore, s3: S3Folder, tmp_path: Path
) -> None:
    slow = Write(text="slow", seconds=0.5)
    spawn = multiprocessing.get_context("spawn")
    racing = [
        spawn.Process(target=_make, args=(s3, tmp_path / f"cache{i % 2}", slow)) for i in range(2)
    ]
    for process in racing:
        process.start()
    for process in racing:
        process.join()
        assert process.exitcode == 0
    assert one.find(slow) is not None
    assert len(s3.names(f"stages/write/{key_of(slow)}")) == 3
    assert events(one)["made"] == 1


@pytest.fixture
def proxy(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """What a caller sends and gets, counted."""
    with Proxy(port=s3_server.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """Writes a megabyte."""

    name: ClassVar[str] = "large"
    version: ClassVar[int] = 1

    number: int
    needs: tuple["Large", ...] = ()

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        (out / "text").write_text(f"{self.number}" * 1_000_000)


LARGE = Large(number=3, needs=(Large(number=1), Large(number=2)))


def test_what_is_finished_is_known_by_heads_and_manifests(
    one: BucketStore, other: BucketStore, proxy: Proxy
) -> None:
    one.make(LARGE)
    proxy.heard.clear()
    proxy.sent = 0
    found = other.seek(LARGE)
    assert found is not None and found.cached and not found.folder.exists()
    kinds = Counter((method, path.rpartition("/")[2]) for method, path in proxy.heard)
    assert kinds == {("GET", "manifest.json"): 1, ("HEAD", "text"): 1}
    assert proxy.sent < 10_000
    assert (other.local_folder(found) / "text").read_text().startswith("333"), (
        "brought when it is read"
    )


def test_a_run_that_goes_on_elsewhere_brings_only_what_it_reads(
    one: BucketStore, other: BucketStore, proxy: Proxy
) -> None:
    for stage in LARGE.needs:
        one.make(stage)
    proxy.sent = 0

    async def asked() -> list[Done | Failed]:
        flight = SingleFlight(other.place, _never)
        flight.store = other
        return [await flight.make(each) for each in (*LARGE.needs, *LARGE.needs)]

    assert all(isinstance(done, Done) and done.cached for done in asyncio.run(asked()))
    assert proxy.sent < 40_000, "and not two megabytes"
    assert (other.make(LARGE).folder / "text").read_text().startswith("333")
    assert proxy.sent > 2_000_000


async def _never(store: Place, stage: Stage, begun: Begun) -> Done:
    raise AssertionError(f"{stage.name} is in the store")


DAMAGES = ["flipped", "shortened", "missing", "bad manifest", "other manifest", "hash of another"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_stage_is_set_aside_and_made_again(
    one: BucketStore,
    other: BucketStore,
    s3: S3Folder,
    s3_server: Server,
    damage: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emoray.storage.s3.READS", 2)
    one.make(HELLO)
    place, attempt = one.at(HELLO), one.at(HELLO).name
    match damage:
        case "flipped":
            place.write("deep/text", b"hellp")
        case "shortened":
            place.write("deep/text", b"hell")
        case "missing":
            place.delete(["deep/text"])
        case "bad manifest":
            s3.write(f"{AT}/manifest.json", b'{"files": ')
        case "other manifest":
            s3.write(f"{AT}/manifest.json", b'{"files": {"../../../end": "0"}, "attempt": "a"}')
        case _:
            key, told = f"{s3.prefix}/{AT}/{attempt}/deep/text", {"sha256": "0" * 64}
            s3_server.client().put_object(Bucket=BUCKET, Key=key, Body=b"hello", Metadata=told)
    done = other.make(HELLO)
    assert not done.cached and (done.folder / "deep" / "text").read_text() == "hello"
    assert events(other) == {"started": 2, "made": 2, "set_aside": 1}
    aside = s3.names("damaged")
    assert aside and all(name.startswith(f"damaged/{key_of(HELLO)}-") for name in aside)
    assert len(s3.names(AT)) == 3
    found = one.find(HELLO)
    assert found is not None and found.cached, "and the first machine takes the new one"
    assert other.at(HELLO).name != attempt


@pytest.mark.parametrize("damage", ["another file", "missing", "bad manifest"])
def test_damage_that_heads_show_is_found_without_bringing_a_file(
    one: BucketStore, other: BucketStore, s3: S3Folder, damage: str
) -> None:
    one.make(HELLO)
    match damage:
        case "another file":
            one.at(HELLO).write("deep/text", b"hellp")
        case "missing":
            one.at(HELLO).delete(["deep/text"])
        case _:
            s3.write(f"{AT}/manifest.json", b'{"files": ')
    assert other.seek(HELLO) is None
    assert events(other)["set_aside"] == 1
    assert not other.make(HELLO).cached


@pytest.mark.parametrize("damage", ["flipped", "missing", "no manifest"])
def test_a_damaged_copy_on_this_machine_is_brought_again(one: BucketStore, damage: str) -> None:
    folder = one.make(HELLO).folder
    match damage:
        case "flipped":
            (folder / "deep" / "text").write_text("hellp")
        case "missing":
            (folder / "deep" / "text").unlink()
        case _:
            (folder / "manifest.json").unlink()
    found = one.find(HELLO)
    assert found is not None and (found.folder / "deep" / "text").read_text() == "hello"
    assert events(one) == {"started": 1, "made": 1}
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_a_copy_here_of_what_is_gone_there_counts_for_nothing(
    one: BucketStore, s3: S3Folder
) -> None:
    one.make(HELLO)
    s3.delete(s3.names(AT))
    assert one.find(HELLO) is None
    assert not one.make(HELLO).cached


def test_a_store_of_another_layout_is_refused(s3: S3Folder) -> None:
    s3.write("store.json", b'{"layout": 99}')
    with pytest.raises(ValueError, match=f"must have layout {LAYOUT}, got .*new place with --st"):
        open_store(s3)


def test_the_journal_holds_every_event_in_order(one: BucketStore, other: BucketStore) -> None:
    one.make(HELLO)
    other.make(JOIN)
    told = list(one.journal())
    assert [e["event"] for e in told] == ["started", "made"] * 4
    assert sorted(e["time"] for e in told) == [e["time"] for e in told]
    assert all({"key", "pid", "node"} <= set(e) for e in told)


def test_leftovers_of_this_machine_are_cleared_there_too(one: BucketStore) -> None:
    one.make(HELLO)
    assert clear_leftovers(one) == []
    assert one.find(HELLO) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplug:
    """Finds the bucket gone once it has written its file."""

    name: ClassVar[str] = "unplug"
    version: ClassVar[int] = 1

    needs: Write

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        (out / "text").write_text("made")
        os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """Writes half, and the rest when it is asked again."""

    name: ClassVar[str] = "resumed"
    version: ClassVar[int] = 1
    resumable: ClassVar[bool] = True

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        half = inputs[UNFINISHED] / "half"
        if not half.exists():
            half.write_text("1")
            raise RuntimeError("stopped half way")
        (out / "whole").write_text(half.read_text() + "2")


def test_a_stage_goes_on_where_it_was_stopped_on_the_same_machine(one: BucketStore) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        one.make(Resumed())
    assert (one.make(Resumed()).folder / "whole").read_text() == "12"
    assert not list((one.root / UNFINISHED).iterdir())


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Copies what a corpus, vectors and an encoder hold."""

    name: ClassVar[str] = "read"
    version: ClassVar[int] = 1

    corpus: CorpusRef
    encoders: tuple[EncoderRef, ...]
    needs: Write

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        (out / "train").write_text((self.corpus.folder / "train.tsv").read_text())
        for encoder in self.encoders:
            (out / encoder.name).write_text((encoder.folder / "config.json").read_text())


@pytest.fixture
def reading(tmp_path: Path) -> Read:
    """A stage with a corpus and an encoder on this machine."""
    corpus, encoder = tmp_path / "data" / "corpus", tmp_path / "data" / "encoder"
    for folder in (corpus, encoder):
        folder.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (corpus / f"{split}.tsv").write_text(split)
    (corpus / "notes.txt").write_text("private")
    for name in ("config.json", "model.safetensors", "pytorch_model.bin"):
        (encoder / name).write_text(name)
    ref = EncoderRef(name="tiny", sha256="e" * 64, folder=encoder, width=1, layers=1, positions=1)
    return Read(
        corpus=CorpusRef(name="corpus", sha256="c" * 64, folder=corpus),
        encoders=(ref,),
        needs=HELLO,
    )


def test_inputs_are_carried_to_machines_that_do_not_have_them(
    reading: Read, one: BucketStore, other: BucketStore, s3: S3Folder, tmp_path: Path
) -> None:
    one.share(reading)
    assert s3.names("inputs") == [
        *(f"inputs/{'c' * 64}/corpus/{split}.tsv" for split in ("dev", "test", "train")),
        *(f"inputs/{'e' * 64}/encoder/{n}" for n in ("config.json", "model.safetensors")),
    ]
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    folder = other.make(reading).folder
    assert (folder / "train").read_text() == "train"
    assert (folder / "tiny").read_text() == "config.json"


def test_inputs_at_hand_are_read_where_they_are(reading: Read, one: BucketStore) -> None:
    assert (one.make(reading).folder / "train").read_text() == "train"


def test_inputs_are_put_into_the_bucket_once(reading: Read, one: BucketStore, s3: S3Folder) -> None:
    one.share(reading)
    tags = {entry.name: entry.etag for entry in s3.entries("inputs")}
    s3.delete([f"inputs/{'c' * 64}/corpus/dev.tsv"])
    one.share(reading.corpus, reading)
    assert {entry.name: entry.etag for entry in s3.entries("inputs")} == tags


def test_inputs_that_are_nowhere_are_told(reading: Read, one: BucketStore, tmp_path: Path) -> None:
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"a place must hold something, got nothing at s3://"):
        one.make(reading)


def test_vectors_are_named_by_the_file_behind_them(tmp_path: Path) -> None:
    from emoray.text.vectors.sources import Package, Stanford

    path = tmp_path / "glove.6B.50d.txt"
    gone = VectorsRef(source=Stanford(dim=50, path=path), sha256="a" * 64)
    (carried,) = stage_files([gone])
    assert (carried.sha256, carried.path) == ("a" * 64, path)
    path.write_text("a 1\n")
    assert carried.files() == {path.name: path}
    assert not stage_files([VectorsRef(source=Package(), sha256="b" * 64)])
