import errno
import json
import multiprocessing
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from emoray.storage.store.keys import LAYOUT, Stage, canonical, digest, id_of, inputs_of, key_of
from emoray.storage.store.local import Store
from tests.storage.store.counting import Fail, Join, Write, made

HELLO = Write(text="hello")
JOIN = Join(parts=(HELLO, Write(text=", ")), last=Write(text="world"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def everything(store: Store) -> set[str]:
    return {str(path.relative_to(store.root)) for path in store.root.rglob("*")}


def test_a_key_follows_what_a_stage_reads_and_not_where_it_lies() -> None:
    assert key_of(HELLO) == key_of(replace(HELLO, folder=Path("/elsewhere")))
    assert key_of(HELLO) != key_of(Write(text="hallo"))
    assert key_of(HELLO).startswith("write-") and id_of(HELLO) == key_of(HELLO)[:22]


def test_a_key_follows_the_inputs_and_their_order() -> None:
    keys = {
        key_of(JOIN),
        key_of(replace(JOIN, last=Write(text="World"))),
        key_of(replace(JOIN, parts=JOIN.parts[::-1])),
        key_of(replace(JOIN, parts=JOIN.parts[:1])),
    }
    assert len(keys) == 4
    assert set(inputs_of(JOIN)) == {"parts.0", "parts.1", "last"}


def test_a_key_follows_the_version_of_the_stage_and_of_its_inputs() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Newer:
        name: ClassVar[str] = "write"
        version: ClassVar[int] = 2

        text: str
        seconds: float = 0.0

        def run(self, inputs: dict[str, Path], out: Path) -> None: ...

    newer: Stage = Newer(text="hello")
    assert key_of(newer) != key_of(HELLO)
    assert key_of(replace(JOIN, last=newer)) != key_of(replace(JOIN, last=HELLO))


def test_values_of_other_types_never_share_a_canonical_form() -> None:
    forms = [digest(v) for v in (1, 1.5, "1", True, None, (1,), ("1",), HELLO, JOIN)]
    assert len(set(forms)) == len(forms)
    assert digest((1, "a")) == digest([1, "a"])
    with pytest.raises(TypeError, match="no canonical form for set"):
        canonical({1})


def test_a_stage_is_made_after_its_inputs_and_once(store: Store) -> None:
    done = store.make(JOIN)
    assert (done.folder / "text").read_text() == "hello, world"
    assert not done.cached and done.wall_seconds > 0
    assert made(store) == ["write", "write", "write", "join"]
    again = store.make(JOIN)
    assert again.cached and again.folder == done.folder
    assert again.wall_seconds == done.wall_seconds
    assert len(made(store)) == 4


def test_a_changed_input_makes_only_what_reads_it(store: Store) -> None:
    store.make(JOIN)
    store.make(replace(JOIN, last=Write(text="moon")))
    assert made(store)[4:] == ["write", "join"]


def test_a_stage_without_its_inputs_is_not_run(store: Store) -> None:
    with pytest.raises(FileNotFoundError, match=r"join-.* needs write-.*, not in the store"):
        store.run(JOIN)


def test_a_stage_that_fails_leaves_nothing(store: Store) -> None:
    store.make(HELLO)
    before = everything(store)
    with pytest.raises(ValueError, match="half of it"):
        store.make(Fail(needs=HELLO))
    assert everything(store) == before | {"stages/fail"}
    assert made(store) == ["write"]


def _make(root: Path, stage: Stage) -> None:
    Store(root).make(stage)


def in_process(root: Path, stage: Stage) -> multiprocessing.process.BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=_make, args=(root, stage))
    process.start()
    return process


def test_a_stage_killed_in_the_middle_is_no_finished_stage(store: Store) -> None:
    slow = Write(text="slow", seconds=60)
    process = in_process(store.root, slow)
    deadline = time.monotonic() + 30
    while not list(store.root.glob("stages/write/.*/deep/text")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not store.folder(slow).exists()
    assert store.find(slow) is None and not made(store)


def test_two_processes_that_race_publish_one_folder(store: Store) -> None:
    slow = Write(text="slow", seconds=1.0)
    racing = [in_process(store.root, slow) for _ in range(2)]
    for process in racing:
        process.join()
        assert process.exitcode == 0
    names = [path.name for path in (store.root / "stages" / "write").iterdir()]
    assert names == [key_of(slow)]
    assert store.find(slow) is not None


def test_the_loser_of_a_race_takes_what_is_there(store: Store) -> None:
    first, second = store.run(HELLO), store.run(HELLO)
    assert first.folder == second.folder
    assert store.find(HELLO) is not None
    assert [p.name for p in first.folder.parent.iterdir()] == [key_of(HELLO)]


def test_the_manifest_is_written_last_and_names_every_file(store: Store) -> None:
    folder = store.make(HELLO).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == {"deep/text", "end"}
    assert manifest["reads"] == {"text": "hello", "seconds": 0.0}
    written = [p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()]
    assert (folder / "manifest.json").stat().st_mtime_ns == max(written)


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("damage", ["flipped", "missing", "no_manifest", "bad_manifest"])
def test_a_damaged_stage_is_set_aside_and_made_again(store: Store, damage: str) -> None:
    folder = store.make(JOIN).folder
    match damage:
        case "flipped":
            flip(folder / "text")
        case "missing":
            (folder / "text").unlink()
        case "no_manifest":
            (folder / "manifest.json").unlink()
        case "bad_manifest":
            (folder / "manifest.json").write_text('{"files": ')
    done = store.make(JOIN)
    assert not done.cached
    assert (done.folder / "text").read_text() == "hello, world"
    assert made(store) == ["write", "write", "write", "join", "join"]
    assert [e["key"] for e in store.journal() if e["event"] == "set_aside"] == [key_of(JOIN)]
    (aside,) = (store.root / "damaged").iterdir()
    assert aside.name.startswith(key_of(JOIN)), "the damaged folder is kept for a look"


def test_a_damaged_input_is_made_again_before_it_is_read(store: Store) -> None:
    flip(store.make(HELLO).folder / "deep" / "text")
    assert (store.make(JOIN).folder / "text").read_text() == "hello, world"


@pytest.mark.parametrize("marker", ['{"layout": 99}', "[]", "7", "layout", ""])
def test_a_store_of_another_layout_is_refused(tmp_path: Path, marker: str) -> None:
    (tmp_path / "store.json").write_text(marker)
    with pytest.raises(ValueError, match=f"must have layout {LAYOUT}, got .*new folder with --st"):
        Store(tmp_path)


def test_a_store_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"must be a writable folder, got .*--store"):
        Store(tmp_path / "file")


@contextmanager
def full_disk(free_bytes: int) -> Iterator[None]:
    """No file may grow beyond so many bytes while the block runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_what_is_finished_and_nothing_half(store: Store) -> None:
    store.make(HELLO)
    before, long = everything(store), Write(text="long" * 10_000)
    with full_disk(20_000), pytest.raises(OSError, match="File too large"):
        store.make(long)
    assert everything(store) == before
    assert store.make(HELLO).cached
    assert not store.make(long).cached


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """An image's layer below a writable one, as a container has them: the lower folder, and a
    function's view of both."""
    lower, upper, work, seen = (tmp_path / name for name in ("lower", "upper", "work", "seen"))
    for folder in (lower, upper, work, seen):
        folder.mkdir()
    yield lower, seen
    os.system(f"umount --lazy {seen} 2> /dev/null")


def laid_over(lower: Path, seen: Path) -> bool:
    """Mount the layers; False where that is not allowed here."""
    layers = f"lowerdir={lower},upperdir={lower.parent / 'upper'},workdir={lower.parent / 'work'}"
    return os.system(f"mount -t overlay overlay -o {layers} {seen} 2> /dev/null") == 0


def assert_healed(store: Store) -> None:
    done = store.make(JOIN)
    assert not done.cached and (done.folder / "text").read_text() == "hello, world"
    again = store.make(JOIN)
    assert again.cached and again.folder == done.folder and done.folder.name == key_of(JOIN)
    assert [e["event"] for e in store.journal()].count("set_aside") == 1
    (aside,) = (store.root / "damaged").iterdir()
    assert (aside / "manifest.json").is_file(), "the damaged folder is kept for a look"


def test_a_damaged_stage_in_a_lower_layer_of_an_image_is_made_again(
    overlay: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lower, seen = overlay
    flip(Store(lower / "store").make(JOIN).folder / "text")
    if not laid_over(lower, seen):  # then as such a layer would answer
        shutil.copytree(lower, seen, dirs_exist_ok=True)
        monkeypatch.setattr(Path, "rename", refusing(errno.EXDEV))
    assert_healed(Store(seen / "store"))


def refusing(code: int) -> Callable[[Path, Path], Path]:
    """A rename of finished folders that this file system refuses; scratch folders may be."""

    def rename(path: Path, target: Path) -> Path:
        if path.is_dir() and not path.name.startswith("."):
            raise OSError(code, os.strerror(code), str(path))
        os.rename(path, target)
        return target

    return rename


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EROFS, errno.EACCES], ids=os.strerror)
def test_a_damaged_stage_that_may_not_be_moved_nor_deleted_is_made_beside_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    flip(store.make(JOIN).folder / "text")
    monkeypatch.setattr(Path, "rename", refusing(code))
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    before = store.folder(JOIN)
    assert_healed(store)
    assert before.is_dir() and store.folder(JOIN) != before
    assert Store(store.root).find(JOIN) is not None, "and whoever opens it later finds it there"


def test_a_stage_made_beside_a_damaged_one_heals_too(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip(store.make(JOIN).folder / "text")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refusing(errno.EROFS))
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        flip(store.make(JOIN).folder / "text")
    assert not store.make(JOIN).cached and store.make(JOIN).cached
