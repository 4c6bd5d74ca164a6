"""A full disk is told, whatever a library made of it."""

import errno
import os
from pathlib import Path

import pytest

from emoray.storage import room
from emoray.storage.lock import alone_in
from emoray.storage.room import full_disk, full_disks_named


def full(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """That folder's disk has no byte left."""
    true = os.statvfs

    def statvfs(path: Path) -> os.statvfs_result:
        found = true(path)
        if Path(path) != folder:
            return found
        return os.statvfs_result([*found[:3], 0, 0, *found[5:]])

    monkeypatch.setattr(room.os, "statvfs", statvfs)


def test_what_a_library_stumbles_over_on_a_full_disk_is_told_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    with pytest.raises(EOFError), alone_in(run):
        raise EOFError("Ran out of input")
    full(monkeypatch, run)
    with (
        pytest.raises(OSError, match=r"a job needs room for its files, .*run \(EOFError\)") as told,
        alone_in(run),
    ):
        raise EOFError("Ran out of input")
    assert told.value.errno == errno.ENOSPC, "so the job's last line says to free space"


def test_what_is_in_words_already_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full(monkeypatch, tmp_path)
    with pytest.raises(ValueError, match="a mistake"), full_disks_named(tmp_path):
        raise ValueError("a mistake")
    with pytest.raises(FileNotFoundError), full_disks_named(tmp_path):
        raise FileNotFoundError


def test_a_disk_that_is_gone_is_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert full_disk(tmp_path / "gone", tmp_path) is None
    full(monkeypatch, tmp_path)
    assert full_disk(tmp_path / "gone", tmp_path) == tmp_path
